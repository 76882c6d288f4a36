package command_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/image"
)

func code(line string) string { return foreign.Code(line) }

// Every command is in the list, on a line of its own, and what the list says works.
func TestHelpText(t *testing.T) {
	t.Parallel()
	help := command.HelpText()
	inert(t, help)
	for _, u := range command.Usages() {
		if strings.Count(help, "\n- `"+u.Text()+"` ") != 1 {
			t.Errorf("%s is not once in\n%s", u.Text(), help)
		}
		got, err := command.Parse("/"+string(u.Name), evening)
		if err != nil || len(got) != 1 || got[0].Name != u.Name {
			t.Errorf("%s comes to %v, %v", u.Name, got, err)
		}
	}
	if got := parsed(t, help); got != nil {
		t.Errorf("the list itself gives %q", got)
	}
}

func TestAnswersToMistakes(t *testing.T) {
	t.Parallel()
	_, err := command.Parse("/rescna\n/hold on", evening)
	var wrong *command.MistakeError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v", err)
	}
	want := "Nothing in this comment was done:\n\n" +
		"- `/rescna`: there is no such command; did you mean `/rescan`?\n" +
		"- `/hold on`: nothing comes after it: write `/hold` alone on its line\n" +
		"\nPlease write a new comment, since edited ones are not read. `/help` lists the commands.\n"
	if got := wrong.Answer(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// hostile are values that try to be more than text. Each says "pwned".
func hostile() []string {
	return []string{
		"@pwned", "@orchard/pwned", "#1pwned", "GH-1-pwned", "https://pwned.example", "www.pwned.example", "pwned@example.org",
		"<b>pwned</b>", "<!--pwned", "![pwned](https://pwned.example)", "[pwned](https://pwned.example)", "|pwned|", "`pwned`", "``pwned",
		"\\`pwned", "**pwned**", "_pwned_", "$`pwned`$", ":pwned:", "&#64;pwned", "\u202epwned", "pw\u200bned", "\x1bpwned", "pwned\xff", "</details>pwned",
		strings.Repeat("pwned", 2000), strings.Repeat("`", 3000) + "pwned", "docker.io/library/" + strings.Repeat("pwned", 30),
	}
}

func TestAnswersToHostileComments(t *testing.T) {
	t.Parallel()
	for _, v := range hostile() {
		for _, line := range []string{"/rescan " + v, "/rescan" + v, "/unhold " + v, "/unhold a " + v, "/ignore " + v, "/ignore until " + v, "/ignore a " + v, v + "\n/ignore " + v + " major"} {
			_, err := command.Parse(line, evening)
			if wrong, ok := errors.AsType[*command.MistakeError](err); ok {
				inert(t, wrong.Answer())
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	api, nginx := image.Repository{Registry: "ghcr.io", Path: "acme/api"}, image.Repository{Registry: "docker.io", Path: "library/nginx"}
	var many []image.Repository
	for i := range 30 {
		many = append(many, image.Repository{Registry: "ghcr.io", Path: fmt.Sprintf("acme/app%d", i)})
	}
	explain := command.Command{Name: command.Explain}
	other := command.Command{Name: command.Explain, Image: nginx}
	for name, c := range map[string]struct{ got, want string }{
		"outsider":  {command.OnlyWriters(), "write access"},
		"draft":     {command.MergeDraft(), "is a draft"},
		"foreign":   {command.MergeYourself("`pwned` @pwned pushed to it"), "write `/recreate` first"},
		"edit":      {command.MergeByHand(), "changes `.imageupdater.yaml`"},
		"ordered":   {command.MergeOrdered("0123456789abcdef", "Merges when checks pass."), "Merges when checks pass.\n\nThe order holds once, at `0123456` or where the App builds the same on a newer base, and not if anything else is pushed. `/hold` stops it.\n"},
		"bare":      {command.MergeOrdered("0123456789abcdef", ""), "The order holds once"},
		"merged":    {command.MergedNow(7), "Pull request 7 is merged.\n"},
		"changed":   {command.HeadChanged("pwned"), "is at `pwned` now"},
		"undecided": {command.MergeUndecided(), "write `/merge` again"},
		"elsewhere": {command.Misplaced(command.Rebase), "`/rebase` is for open pull requests"},
		"which":     {command.WhichImage(explain, []image.Repository{api, nginx}), "several images here. Please say which one `/explain` is for:\n\n- `ghcr.io/acme/api`\n- `docker.io/library/nginx`\n"},
		"other":     {command.WhichImage(other, []image.Repository{api}), "no image `docker.io/library/nginx` here. Please say which of these you mean:\n\n- `ghcr.io/acme/api`\n"},
		"many":      {command.WhichImage(explain, many), "- `ghcr.io/acme/app19`\n- and 10 more\n"},
		"none":      {command.WhichImage(other, nil), "no image here that `/explain docker.io/library/nginx` could be for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inert(t, c.got)
			if !strings.Contains(c.got, c.want) {
				t.Errorf("got %q, want it to hold %q", c.got, c.want)
			}
		})
	}
}

// inert fails if an answer is anything but text, lists and code, or if a value from
// outside, which says "pwned", stands outside of code.
func inert(tb testing.TB, answer string) {
	tb.Helper()
	const longest = 16 << 10
	if len(answer) > longest {
		tb.Errorf("%d bytes", len(answer))
	}
	source := []byte(answer)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if words := string(n.Segment.Value(source)); strings.Contains(words, "pwned") || strings.ContainsAny(words, "@#<>`|[]$") {
				tb.Errorf("text %q in\n%s", words, answer)
			}
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem:
		default:
			tb.Errorf("a %s in\n%s", n.Kind(), answer)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		tb.Error(err)
	}
}

// The documentation has each command, as it is written.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range command.Usages() {
		if row := "| `" + strings.ReplaceAll(u.Text(), "|", `\|`) + "` |"; strings.Count(string(text), row) != 1 {
			t.Errorf("%s has no row", row)
		}
	}
}
