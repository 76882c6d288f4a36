package proposal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// TestProveShapes shows it of what else the App makes: of names in other files, of digests, and
// of documents with the same field.
func TestProveShapes(t *testing.T) {
	t.Parallel()
	chart := map[string]string{
		"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/values.yaml": "image:\n  repository: ghcr.io/acme/web\n  tag: 1.0.0\n",
		"chart/values-prod.yaml": "image:\n  tag: 1.0.0\n",
	}
	twice := pod("ghcr.io/acme/web:1.0.0") + "---\n" + pod("ghcr.io/acme/web:1.0.0")
	tests := []struct {
		name, config string
		files        map[string]string
	}{
		{"the name is in another file", "", chart},
		{"two documents", "", map[string]string{"web.yaml": twice}},
		{"two documents with their own values", "", map[string]string{"web.yaml": pod("ghcr.io/acme/web:1.0.0") + "---\n" + pod("ghcr.io/acme/web:0.9.0")}},
		{"a digest beside the tag", "", map[string]string{"web.yaml": pod("ghcr.io/acme/web:1.0.0@sha256:" + strings.Repeat("b", 64))}},
		{"a digest alone", "defaults: {strategy: digest, track: 1.0.0}\n", map[string]string{"web.yaml": pod("ghcr.io/acme/web@sha256:" + strings.Repeat("b", 64))}},
		{"the version of a chart", "", map[string]string{
			"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: 1.0.0\n", "chart/values.yaml": "image:\n  repository: ghcr.io/acme/web\n  tag: \"\"\n",
			"chart/templates/pod.yaml": pod("{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"),
		}},
		{"a digest is added", "defaults: {pin: digest}\n", map[string]string{"web.yaml": pod("ghcr.io/acme/web:1.1.0")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := proposed(t, &place{t: t, files: tt.files, tags: tags{"ghcr.io/acme/web": {"0.9.0", "1.0.0", "1.1.0"}}, config: tt.config})
			if len(c.made.Changes) == 0 {
				t.Fatal("nothing is proposed")
			}
			c.claim.Fields = func(path, key, _ string) (found []string) {
				for _, is := range c.made.Changes {
					if is.Path == path && is.Key == key {
						found = append(found, is.From.String())
					}
				}
				return found
			}
			_, against := c.prove(t, true)
			against = slices.DeleteFunc(against, func(s string) bool {
				return strings.HasPrefix(s, "record: ") && strings.Contains(tt.name, "own values")
			})
			if len(against) != 0 {
				t.Error(against)
			}
			// Below new lines it is the same.
			others, grown := map[string]string{}, map[string]string{}
			for path := range c.made.Files {
				others[path], grown[path] = "# new\n\n"+c.trees["base"][path], "# new\n\n"+c.trees["ours"][path]
			}
			c.merged(others)
			c.trees["merge"] = c.with("merge", grown)
			if _, moved := c.prove(t, true); len(moved) != len(against) {
				t.Error(moved)
			}
			for path, text := range grown {
				c.trees["base2"] = c.with("base2", map[string]string{path: text}) // and it is there already
			}
			c.facts = map[string][]byte{}
			if _, against := c.prove(t, true); !slices.ContainsFunc(against, func(s string) bool { return strings.HasPrefix(s, "tree: ") }) {
				t.Errorf("%v", against)
			}
		})
	}
}

// TestProveSameFields shows that fields that have all in common but their lines are told apart.
func TestProveSameFields(t *testing.T) {
	t.Parallel()
	both := func(a, b string) string { return pod("ghcr.io/acme/web:"+a) + "---\n" + pod("ghcr.io/acme/web:"+b) }
	tests := []struct {
		name  string
		says  func(r *proposal.Record)
		wrote string
		ok    bool
	}{
		{"both", func(*proposal.Record) {}, both("1.1.0", "1.1.0"), true},
		{"the second alone", func(r *proposal.Record) { r.Updates = r.Updates[1:] }, both("1.0.0", "1.1.0"), true},
		{"the first instead of the second", func(r *proposal.Record) { r.Updates = r.Updates[1:] }, both("1.1.0", "1.0.0"), false},
		{"both instead of the second", func(r *proposal.Record) { r.Updates = r.Updates[1:] }, both("1.1.0", "1.1.0"), false},
		{"one on a line where none is", func(r *proposal.Record) {
			r.Updates = r.Updates[1:]
			r.Updates[0].Line--
		}, both("1.0.0", "1.1.0"), false},
		{"the second first, each to its own", func(r *proposal.Record) {
			r.Updates[1].To = "1.2.0"
			slices.Reverse(r.Updates)
		}, both("1.1.0", "1.2.0"), true},
		{"each to that of the other", func(r *proposal.Record) { r.Updates[1].To = "1.2.0" }, both("1.2.0", "1.1.0"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := proposed(t, &place{t: t, files: map[string]string{"web.yaml": both("1.0.0", "1.0.0")}, tags: tags{"ghcr.io/acme/web": {"1.0.0", "1.1.0"}}})
			c.says(func(r *proposal.Record) {
				slices.SortFunc(r.Updates, func(a, b proposal.Recorded) int { return a.Line - b.Line })
				tt.says(r)
			})
			c.writes("web.yaml", tt.wrote)
			if _, against := c.prove(t, true); tt.ok != (len(against) == 0) {
				t.Error(against)
			}
		})
	}
}
