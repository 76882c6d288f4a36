package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
)

func TestAddIgnore(t *testing.T) {
	t.Parallel()
	this := config.NewIgnore{Image: "ghcr.io/acme/api", Tags: []string{`^1\.6\.0$`}, Reason: "asked for in #4"}
	major := config.NewIgnore{Image: "docker.io/library/nginx", Versions: ">=2", Until: "2027-01-31"}
	const thisFlow = `{image: "ghcr.io/acme/api", tags: ['^1\.6\.0$'], reason: "asked for in #4"}`
	const majorFlow = `{image: "docker.io/library/nginx", versions: ">=2", until: 2027-01-31}`
	for name, c := range map[string]struct {
		src, want string
		entry     config.NewIgnore
	}{
		"an empty file":          {"", "ignore:\n  - " + thisFlow + "\n", this},
		"only a comment":         {"# on\n", "# on\n\nignore:\n  - " + majorFlow + "\n", major},
		"another key":            {"version: 1\n", "version: 1\n\nignore:\n  - " + thisFlow + "\n", this},
		"no line's end":          {"version: 1", "version: 1\n\nignore:\n  - " + thisFlow + "\n", this},
		"Windows":                {"version: 1\r\n", "version: 1\r\n\r\nignore:\r\n  - " + thisFlow + "\r\n", this},
		"nothing in it":          {"ignore: # none yet\nversion: 1\n", "ignore: # none yet\n  - " + thisFlow + "\nversion: 1\n", this},
		"an empty list":          {"ignore: [] # none\nversion: 1\n", "ignore: [" + thisFlow + "] # none\nversion: 1\n", this},
		"a list in brackets":     {"ignore: [{image: 'a]b'}, {image: x, tags: [']']}]\n", "ignore: [{image: 'a]b'}, {image: x, tags: [']']}, " + thisFlow + "]\n", this},
		"maps in braces":         {"ignore:\n    # why\n    - {image: x}   # this\n\nversion: 1\n", "ignore:\n    # why\n    - {image: x}   # this\n    - " + majorFlow + "\n\nversion: 1\n", major},
		"maps of several lines":  {"ignore:\n- image: x\n  reason: |\n    much\n\n    more\n# of the freeze\nfreeze: []\n", "ignore:\n- image: x\n  reason: |\n    much\n\n    more\n- image: \"docker.io/library/nginx\"\n  versions: \">=2\"\n  until: 2027-01-31\n# of the freeze\nfreeze: []\n", major},
		"at the end, unfinished": {"ignore:\n  - {image: x}", "ignore:\n  - {image: x}\n  - " + thisFlow, this},
		"hard words":             {"", "ignore:\n  - {image: \"x\", reason: \"it's \\\"so\\\"\\n: # ü\"}\n", config.NewIgnore{Image: "x", Reason: "it's \"so\"\n: # ü"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.AddIgnore([]byte(c.src), &c.entry)
			if err != nil || string(got) != c.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, c.want)
			}
			if _, err := config.AddIgnore(got, &c.entry); !errors.Is(err, config.ErrThere) {
				t.Errorf("once more: %v", err)
			}
			other := c.entry
			other.Image = "other"
			if twice, err := config.AddIgnore(got, &other); err != nil || strings.Count(string(twice), `image: "other"`) != 1 {
				t.Errorf("a second one: %v\n%s", err, twice)
			}
		})
	}
}

func TestAddIgnoreRefuses(t *testing.T) {
	t.Parallel()
	entry := config.NewIgnore{Image: "x", Versions: ">=2"}
	for name, src := range map[string]string{
		"one line in braces":        "{version: 1}\n",
		"an anchor":                 "x: &list [{image: a}]\nignore: *list\n",
		"a text":                    "ignore: nginx\n",
		"the document ends":         "version: 1\n...\n",
		"two documents":             "version: 1\n---\nversion: 1\n",
		"broken":                    "version: [\n",
		"brackets on several lines": "ignore: [\n  {image: a}, # ]\n  # ]\n  ]x\n",
	} {
		if got, err := config.AddIgnore([]byte(src), &entry); err == nil {
			t.Errorf("%s: wrote\n%s", name, got)
		}
	}
	if _, err := config.AddIgnore(nil, &config.NewIgnore{Image: "x", Versions: "newest"}); err == nil || errors.Is(err, config.ErrNoPlace) {
		t.Errorf("a range that is none: %v", err)
	}
}
