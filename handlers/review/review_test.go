package review_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/review"
)

// extended is what every file extends.
type extended string

func (e extended) Read(context.Context, config.Base) ([]byte, error) { return []byte(e), nil }

func load(t *testing.T, text, base string) (config.Errors, config.Warnings) {
	t.Helper()
	o := config.Options{Repository: "acme/shop", Files: extended(base), Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	_, warnings, err := config.Load(t.Context(), config.FileName, []byte(text), o)
	wrong, _ := errors.AsType[config.Errors](err)
	return wrong, warnings
}

func TestErrorsStandOnTheirLines(t *testing.T) {
	errs, warnings := load(t, "version: 1\ndefaults:\n  minage: 3d\n  strategy: newest\n  constraint: 1.x\nrules:\n  - match: {image: nginx}\n    tags: {allow: ['(']}\n", "")
	v := review.Broken(errs, warnings)
	at := func(line, column int, level, title, message string) forge.Annotation {
		return forge.Annotation{Path: config.FileName, StartLine: line, EndLine: line, StartCol: column, EndCol: column, Level: level, Title: title, Message: message}
	}
	want := []forge.Annotation{
		at(3, 3, "failure", "defaults.minage", `unknown key "minage" (did you mean "minAge"?)`),
		at(8, 20, "failure", "rules[0].tags.allow[0]", `invalid regular expression "(": missing closing ) at "(" (RE2 syntax; a backslash needs single quotes or \\ in double ones)`),
	}
	if diff := cmp.Diff(want, v.Annotations); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if v.Conclusion != review.Failure || v.Title != "2 errors in .imageupdater.yaml" || !strings.Contains(v.Summary, "- line 3: `defaults.minage: unknown key") {
		t.Errorf("%s\n%s", v.Title, v.Summary)
	}
}

func TestWarningsAndNotes(t *testing.T) {
	errs, warnings := load(t, "defaults:\n  strategy: newest-build\n  constraint: 1.x\n", "")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	v := review.Good(warnings, review.Preview{None: "nobody looked."})
	var got []string
	for _, a := range v.Annotations {
		got = append(got, fmt.Sprintf("%d:%d %s %s", a.StartLine, a.StartCol, a.Level, a.Title))
	}
	if diff := cmp.Diff([]string{"2:13 notice defaults.strategy", "3:15 warning defaults.constraint"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%+v", diff, warnings)
	}
	if v.Conclusion != review.Success || v.Title != ".imageupdater.yaml is good, with 2 remarks" || v.Summary != "What merging it would change is not told: nobody looked.\n" {
		t.Errorf("%s\n%s", v.Title, v.Summary)
	}
}

// TestOthersFiles shows nothing of what those who read the check may not read.
func TestOthersFiles(t *testing.T) {
	errs, warnings := load(t, "extends: ['acme/infra:secrets.yaml']\n", "database:\n  password: hunter2\n")
	v := review.Broken(errs, warnings)
	if text := fmt.Sprint(v); strings.Contains(text, "database") || !strings.Contains(text, "- `acme/infra:secrets.yaml:1 has an error`\n") {
		t.Error(text)
	}
	if len(v.Annotations) != 1 || v.Annotations[0].StartLine != 1 {
		t.Errorf("%+v", v.Annotations)
	}
}

// TestBounds keeps within what GitHub takes, whatever the file holds.
func TestBounds(t *testing.T) {
	errs, warnings := load(t, strings.Repeat("x: `@everyone`\n"+strings.Repeat("y", 50_000)+": \xff\n", 15)+strings.Repeat("é: 1\n", 300), "")
	v := review.Broken(errs, warnings)
	if len(v.Annotations) > 200 || len(v.Summary) > 60_000 {
		t.Errorf("%d annotations, %d bytes", len(v.Annotations), len(v.Summary))
	}
	for _, a := range v.Annotations {
		if len([]rune(a.Title)) > 255 || len(a.Message) > 16_000 || a.Message == "" || a.StartLine < 1 {
			t.Errorf("%+v", a)
		}
	}
}

func TestRemoved(t *testing.T) {
	if v := review.Removed(0); v.Conclusion != review.Neutral || strings.Contains(v.Summary, "stay") {
		t.Errorf("%+v", v)
	}
	if v := review.Removed(3); !strings.Contains(v.Summary, "3 open pull requests of the App would stay as they are.") {
		t.Errorf("%+v", v)
	}
}
