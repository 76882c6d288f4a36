package command_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/command"
)

// FuzzParse asserts of any comment: what is found stands on a line of it, is not
// more than may be, says the same when written in full, and answers are harmless.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		"/rescan", "text\r\n   /ignore minor until 2027-01-31 nginx\r\n", "```\n/rescan\n```\n/hold", "> a\n/rescan\n\n/unhold ghcr.io/acme/api",
		"<details>\n\n/rescan\n</details>\n\n/rescna", "- a\n  /explain\n  - `b\n/rescan`", "/rescan\n-- \nOn x wrote:\n/hold", "a <!--\n/rescan\n-->",
		"|a|\n|-|\n/rescan", "[^1]: a\n/hold\n\n[a]:\n/rescan", "/unhold\u00a0n\u200bginx\xff\x00", "~~a\n/hold~~",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		commands, err := command.Parse(body, evening)
		var wrong *command.MistakeError
		switch {
		case errors.As(err, &wrong):
			if len(commands) > 0 || len(wrong.Mistakes) == 0 {
				t.Errorf("commands %v and mistakes %q", commands, wrong.Mistakes)
			}
			inert(t, strings.ReplaceAll(wrong.Answer(), "pwned", ""))
		case err != nil:
			t.Error(err)
		}
		if len(commands) > 10 {
			t.Errorf("%d commands", len(commands))
		}
		for _, before := range []string{"> ", "\t", "    "} {
			if got, err := command.Parse(eachAfter(before, body), evening); len(got) > 0 || err != nil {
				t.Errorf("each line after %q: %v, %v", before, got, err)
			}
		}
		for _, c := range commands {
			if !stands(body, c) {
				t.Errorf("%s is on no line", c)
			}
			again, err := command.Parse(c.String(), evening)
			if err != nil || len(again) != 1 || again[0] != c {
				t.Errorf("%s comes to %v, %v", c, again, err)
			}
		}
	})
}

// stands tells whether a command is on a line of a comment.
func stands(body string, c command.Command) bool {
	lines := strings.FieldsFunc(body, func(r rune) bool { return r == '\n' || r == '\r' })
	return slices.ContainsFunc(lines, func(line string) bool {
		alone, err := command.Parse(line, evening)
		return err == nil && slices.Contains(alone, c) && strings.HasPrefix(strings.TrimLeft(line, " "), "/")
	})
}

// eachAfter is a comment with this before each line.
func eachAfter(before, body string) string {
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	return before + strings.ReplaceAll(body, "\n", "\n"+before)
}

// What takes longest is Markdown that opens much and closes nothing.
func BenchmarkParse(b *testing.B) {
	for name, unit := range map[string]string{
		"prose": "some words, ", "lines": "/lgtm\n", "quotes": ">", "links": "[a](", "brackets": "[", "emphasis": "_a", "mails": "***@***.***",
	} {
		const most, begin, end = 16 << 10, "/rescan\n\n", "\n\n/hold"
		body := begin + strings.Repeat(unit, (most-len(begin+end))/len(unit)) + end
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := command.Parse(body, evening); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
