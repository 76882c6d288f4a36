package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// settled are rows under the settings that are built in.
func settled(results []scanner.Result, major bool) []row {
	for i := range results {
		results[i].Settings = config.Default().Settings(config.Subject{Image: results[i].Field.Ref.Repository().String(), Path: results[i].Field.File})
	}
	return newRows(results, major)
}

// sample has a field of every kind.
func sample(major bool) *report {
	at := func(line, column, offset, length int) *edit.Slot {
		return &edit.Slot{At: edit.Position{Line: line, Column: column, Offset: offset, Length: length}}
	}
	return &report{
		files: 7,
		rows: settled([]scanner.Result{
			{
				Field: format.Field{
					File: "apps/api.yaml", Format: format.Kubernetes, Path: "spec.containers[0].image",
					Ref: image.Reference{Registry: "ghcr.io", Path: "acme/api", Tag: "v1.2.0", Digest: digestA},
					Tag: at(5, 31, 80, 6), Digest: at(5, 38, 87, 71), Line: 5, Column: 31,
				},
				Status: scanner.StatusUpdate,
				Updates: []scanner.Update{
					{Kind: version.Minor, Tag: "v1.3.0", Digest: digestB, Group: "acme/api"},
					{Kind: version.Major, Tag: "v2.0.0", Digest: digestA, Group: "acme/api-major"},
				},
			},
			{
				Field: format.Field{
					File: "apps/api.yaml", Format: format.Kubernetes, Path: "spec.containers[1].image",
					Ref: image.Reference{Path: "nginx", Tag: "1.27.0"}, Tag: at(9, 20, 200, 6), Line: 9, Column: 20,
				},
				Status: scanner.StatusCurrent,
			},
			{
				Field: format.Field{
					File: "values.yaml", Format: format.Helm, Path: "db.image",
					Ref: image.Reference{Path: "postgres", Tag: "16"}, Tag: at(2, 8, 20, 2), Line: 2, Column: 8,
				},
				Status:  scanner.StatusUpdate,
				Updates: []scanner.Update{{Kind: version.Major, Tag: "17", Group: "library/postgres-major"}},
			},
			{
				Field:  format.Field{File: "values.yaml", Format: format.Helm, Path: "web.image", Ref: image.Reference{Path: "web", Tag: "latest"}, Line: 4, Column: 10},
				Status: scanner.StatusSkipped,
				Reason: &format.Reason{Code: scanner.Floating, Detail: "the tag latest is no version"},
			},
			{
				Field:  format.Field{File: "values.yaml", Format: format.Helm, Path: "log.image", Ref: image.Reference{Registry: "r.example", Path: "log", Tag: "1"}, Line: 6, Column: 10},
				Status: scanner.StatusProblem,
				Reason: &format.Reason{Code: scanner.LookupFailed, Detail: "r.example: 503"},
			},
		}, major),
		problems: []format.Problem{{File: "bad.yaml", Line: 3, Column: 1, Message: "mapping values are not allowed here"}},
		requests: map[string]requestCounts{"ghcr.io": {List: 1, Head: 2, Get: 3, Other: 4}},
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	minor, major := scanner.Update{Kind: version.Minor, Tag: "1.3"}, scanner.Update{Kind: version.Major, Tag: "2.0"}
	tests := map[string]struct {
		updates []scanner.Update
		major   bool
		want    string
		left    bool
	}{
		"nothing":                   {nil, false, "", false},
		"nothing, majors wanted":    {nil, true, "", false},
		"minor":                     {[]scanner.Update{minor}, false, "1.3", false},
		"minor, majors wanted":      {[]scanner.Update{minor}, true, "1.3", false},
		"major alone":               {[]scanner.Update{major}, false, "", true},
		"major alone, wanted":       {[]scanner.Update{major}, true, "2.0", false},
		"minor and major":           {[]scanner.Update{minor, major}, false, "1.3", true},
		"minor and major, wanted":   {[]scanner.Update{minor, major}, true, "2.0", false},
		"in the other order":        {[]scanner.Update{major, minor}, false, "1.3", true},
		"in the other order, major": {[]scanner.Update{major, minor}, true, "2.0", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRows([]scanner.Result{{Updates: test.updates}}, test.major)[0]
			got := ""
			if r.taken != nil {
				got = r.taken.Tag
			}
			if got != test.want || r.leavesMajor() != test.left {
				t.Errorf("took %q, major left: %t", got, r.leavesMajor())
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	rows := func(statuses ...scanner.Status) *report {
		var r report
		for _, s := range statuses {
			r.rows = append(r.rows, row{Result: scanner.Result{Status: s}})
		}
		return &r
	}
	failed := func(r *report) *report {
		r.changes = []change{{err: errChanged}}
		return r
	}
	unread := func(r *report) *report {
		r.problems = []format.Problem{{}}
		return r
	}
	tests := map[string]struct {
		report   *report
		exitCode bool
		want     exitCode
	}{
		"nothing found":                  {rows(), true, exitFine},
		"up to date":                     {rows(scanner.StatusCurrent, scanner.StatusSkipped), true, exitFine},
		"a file not read":                {unread(rows(scanner.StatusCurrent)), true, exitFine},
		"updates":                        {rows(scanner.StatusUpdate), false, exitFine},
		"updates, asked":                 {rows(scanner.StatusUpdate), true, exitUpdates},
		"a failed lookup":                {rows(scanner.StatusProblem), false, exitLookup},
		"a failed lookup before updates": {rows(scanner.StatusUpdate, scanner.StatusProblem), true, exitLookup},
		"a failed write":                 {failed(rows(scanner.StatusUpdate)), false, exitFailure},
		"a failed write before all":      {failed(rows(scanner.StatusUpdate, scanner.StatusProblem)), true, exitFailure},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := exitReport(test.report.verdict(test.exitCode)); got.code != test.want || got.message != "" {
				t.Errorf("got %+v, want %d and no message", got, test.want)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	failed := sample(false)
	failed.changes = []change{{file: "apps/api.yaml", updates: 1, written: true}, {file: "values\x1b.yaml", err: errors.New("disk full")}}
	empty := &report{files: 4}
	unused := &report{unused: []selector{{value: "nowhere\n"}}}
	tests := map[string]struct {
		report *report
		job    scanOptions
		want   []string
		not    []string
	}{
		"table":    {sample(false), scanOptions{output: outputTable}, []string{"5 images in 2 files: 2 updates (2 major), 1 up to date, 1 skipped, 1 problem."}, []string{"left", "written", "bad.yaml"}},
		"diff":     {sample(false), scanOptions{output: outputDiff}, []string{"2 major updates left: --major takes them.", "bad.yaml:3:1: mapping values", "values.yaml:6:10: r.example/log: r.example: 503"}, []string{"written"}},
		"majors":   {sample(true), scanOptions{output: outputDiff, major: true}, nil, []string{"left"}},
		"write":    {failed, scanOptions{output: outputTable, write: true}, []string{"1 update written to 1 file.", `values\x1b.yaml: not written: disk full`, "2 major updates left"}, nil},
		"empty":    {empty, scanOptions{output: outputJSON}, []string{"No container images found: looked at 4 YAML and JSON files for Helm"}, nil},
		"no match": {unused, scanOptions{output: outputDiff}, []string{`--only "nowhere\n" matches nothing.`, "No container image matches --only."}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			writeNotes(&b, test.report, scanJob{scanOptions: test.job})
			for _, want := range test.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("lacks %q:\n%s", want, b.String())
				}
			}
			for _, not := range test.not {
				if strings.Contains(b.String(), not) {
					t.Errorf("has %q:\n%s", not, b.String())
				}
			}
		})
	}
}
