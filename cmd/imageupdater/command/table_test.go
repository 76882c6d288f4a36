package command

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

func TestTable(t *testing.T) {
	t.Parallel()
	want := `apps/api.yaml
  5:31  ghcr.io/acme/api  v1.2.0@sha256:aaaaaaaaaaaa  → v1.3.0@sha256:bbbbbbbbbbbb (minor), v2.0.0@sha256:aaaaaaaaaaaa (major)
  9:20  nginx             1.27.0                      up to date

values.yaml
  2:8   postgres       16      → 17 (major)
  4:10  web            latest  skipped: the tag latest is no version
  6:10  r.example/log  1       problem: r.example: 503

Not read
  bad.yaml:3:1: mapping values are not allowed here
`
	var b strings.Builder
	writeTable(&b, sample(false), display{})
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	var colored strings.Builder
	writeTable(&colored, sample(false), display{color: true})
	stripped := colored.String()
	for _, s := range []style{bold, dim, red, green, yellow} {
		if !strings.Contains(stripped, "\x1b["+string(s)+"m") {
			t.Errorf("style %s is not used", s)
		}
		stripped = strings.ReplaceAll(stripped, "\x1b["+string(s)+"m", "")
	}
	if diff := cmp.Diff(want, strings.ReplaceAll(stripped, "\x1b[0m", "")); diff != "" {
		t.Errorf("colours change more than colours: -want +got\n%s", diff)
	}
}

func TestTableSaysWhatWasWritten(t *testing.T) {
	t.Parallel()
	r := sample(true)
	r.changes = []change{{file: "apps/api.yaml", written: true}, {file: "values.yaml", err: errors.New("disk full")}}
	var b strings.Builder
	writeTable(&b, r, display{})
	if !strings.Contains(b.String(), "v1.3.0@sha256:bbbbbbbbbbbb (minor), v2.0.0@sha256:aaaaaaaaaaaa (major, written)") {
		t.Errorf("the update written is not marked:\n%s", b.String())
	}
	if !strings.Contains(b.String(), "→ 17 (major)\n") {
		t.Errorf("an update not written is marked:\n%s", b.String())
	}
}

func TestEmptyTable(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*strings.Builder, *report){
		"table":    func(b *strings.Builder, r *report) { writeTable(b, r, display{}) },
		"markdown": func(b *strings.Builder, r *report) { writeMarkdown(b, r) },
	} {
		var b strings.Builder
		write(&b, &report{files: 1})
		want := "No container images found: looked at 1 YAML or JSON file for Helm values, Kustomize, Argo CD, Flux and Kubernetes manifests.\n"
		if !strings.HasSuffix(b.String(), want) {
			t.Errorf("%s: %q", name, b.String())
		}
	}
}

// hostile has control characters, invisible ones and Markdown wherever text of
// others can stand.
func hostile() *report {
	const evil = "\x1b[2J\x07\r\u009b\u202e\u200b\xff|`<b>@octocat\n# x"
	reason := &format.Reason{Code: "x", Detail: evil}
	field := format.Field{File: "f" + evil, Path: evil, Ref: image.Reference{Path: "p" + evil, Tag: "t" + evil}, Line: 1, Column: 1}
	update := scanner.Update{Kind: "minor", Tag: evil, Group: evil}
	return &report{
		rows: settled([]scanner.Result{
			{Field: field, Status: scanner.StatusUpdate, Updates: []scanner.Update{update}},
			{Field: field, Status: scanner.StatusSkipped, Reason: reason},
			{Field: field, Status: scanner.StatusProblem, Reason: reason},
		}, false),
		problems: []format.Problem{{File: evil, Line: 1, Column: 1, Message: evil}},
		changes:  []change{{file: evil, err: errors.New(evil)}},
		unused:   []selector{{value: evil}},
	}
}

func TestOutputIsHarmless(t *testing.T) {
	t.Parallel()
	outputs := map[string]func(*strings.Builder){
		"table":    func(b *strings.Builder) { writeTable(b, hostile(), display{}) },
		"markdown": func(b *strings.Builder) { writeMarkdown(b, hostile()) },
		"notes": func(b *strings.Builder) {
			writeNotes(b, hostile(), scanJob{scanOptions: scanOptions{output: outputDiff, write: true}})
		},
	}
	for name, write := range outputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			write(&b)
			if text := b.String(); escape(text, "\n") != text {
				t.Errorf("has something that is not printable: %q", text)
			}
			if strings.Contains(b.String(), "\n#") && name != "markdown" {
				t.Errorf("a line break got through: %q", b.String())
			}
		})
	}
}
