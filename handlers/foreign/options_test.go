package foreign_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	enterprise := foreign.Options{Host: "github.acme.example"}
	for _, c := range []struct {
		about, note string
		options     foreign.Options
		want        string
	}{
		{"a link to GitHub", "[a](https://github.com/o/r)", foreign.Options{}, "[a](https://redirect.github.com/o/r)"},
		{"a link to GitHub, from another", "[a](https://github.com/o/r/issues/1)", enterprise, "[a](https://github.com/o/r/issues/1)"},
		{"an Enterprise's own issue", "[a](https://github.acme.example/o/r/issues/1)", enterprise, "a"},
		{"by itself", "https://github.acme.example/o/r/issues/1", enterprise, "`https://github.acme.example/o/r/issues/1`"},
		{"behind dots", "[a](https://github.acme.example/o/x/../r/pull/1)", enterprise, "a"},
		{"an Enterprise's own page", "[a](https://github.acme.example/o/r)", enterprise, "[a](https://github.acme.example/o/r)"},
		{"an Enterprise, from GitHub", "[a](https://github.acme.example/o/r/issues/1)", foreign.Options{}, "[a](https://github.acme.example/o/r/issues/1)"},
		{"a number, of no known source", "#12", foreign.Options{}, "\\#`12`"},
		{"a number, of a source", "#12", foreign.Options{Source: "https://gitlab.com/o/r"}, "[\\#`12`](https://gitlab.com/o/r/issues/12)"},
		{"a number, of an Enterprise's source", "#12", foreign.Options{Host: enterprise.Host, Source: "https://github.acme.example/o/r"}, "\\#`12`"},
		{"a number of no repository", "a#12", options(), "a\\#`12`"},
		{"a number of a source that is none", "#12", foreign.Options{Source: "javascript:alert(1)//o/r"}, "\\#`12`"},
		{"headings", "# a\n## b\n###### c", foreign.Options{Level: 2}, "## a\n\n### b\n\n###### c"},
		{"headings that are low already", "##### a", foreign.Options{Level: 3}, "### a"},
		{"nothing fits", "aaaa\n\nbbbb", foreign.Options{Most: 10}, ""},
		{"all fits", "aaaa\n\nbbbb", foreign.Options{Most: 40}, "aaaa\n\nbbbb"},
		{"blocks that fit", "aaaa\n\nbbbb bbbb bbbb\n\nc", foreign.Options{Most: 26}, "aaaa\n\n*Shortened.*"},
		{"items that fit", "- aaaa\n- bbbb bbbb bbbb", foreign.Options{Most: 30}, "- aaaa\n\n*Shortened.*"},
		{"lines of code that fit", "```\naaaa\nbbbb bbbb\n```", foreign.Options{Most: 30}, "```\naaaa\n```\n\n*Shortened.*"},
		{"rows that fit", "|a|\n|-|\n|b|\n|" + strings.Repeat("c", 30) + "|", foreign.Options{Most: 50}, "| a |\n| --- |\n| b |\n\n*Shortened.*"},
		{"the rest", "aaaa\n\n" + strings.Repeat("b ", 50), foreign.Options{Most: 90, Rest: "https://github.com/o/r/releases"}, "aaaa\n\n*Shortened: [all of it](https://redirect.github.com/o/r/releases)*"},
		{"the beginning of all", strings.Repeat("@a *b* ", 100), foreign.Options{Most: 120}, "@`a` b @`a` b @`a` b @`a` b @`a` b @`a` b @`a` b @`a` b @`a` b @`a` b @`a` …\n\n*Shortened.*"},
	} {
		if got := foreign.Notes(c.note, c.options); got != c.want {
			t.Errorf("%s: %q has become\n%q, not\n%q", c.about, c.note, got, c.want)
		}
	}
}

// TestBounds gives texts that are worst for their readers very little room.
func TestBounds(t *testing.T) {
	t.Parallel()
	const size = 1 << 12
	for name, notes := range worst() {
		note := notes(size)
		for _, most := range []int{1, 14, 15, 40, 200, 1000} {
			o := options()
			o.Most = most
			got := foreign.Notes(note, o)
			if len(got) > most {
				t.Errorf("%s has become %d bytes, of %d", name, len(got), most)
			}
			check(t, name, got)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                               "",
		"fix: a <Button> & `code` b":     "fix: a \\<Button> \\& `code` b",
		"# Merge #1 from @acme/x\n\n- b": "\\# Merge [\\#`1`](https://redirect.github.com/acme/api/issues/1) from @`acme/x` - b",
		"a ` b":                          "a \\` b",
		"`a``b`":                         "`a` `b`",
		"- a":                            "\\- a",
		"\u202ea":                        "a",
		"the www":                        "the `www`", // before a full stop it would be an address
		"xWWW wwww":                      "x`WWW` w`www`",
	} {
		if got := foreign.Line(line, options()); got != want {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
	for _, note := range hostile() {
		check(t, note, foreign.Line(note, options()))
	}
}
