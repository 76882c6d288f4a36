package contact_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/contact"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const hostile = "x`</details>@everyone fixes #1 | <!-- -->\n\n- [x] https://evil.example"

// described is the text for fields of which the plan and what is wanted say something.
func described(fields []format.Field, results []scanner.Result, d proposal.Desired) string {
	found := contact.Found{Fields: fields, Plan: &scanner.Plan{Results: results}, Desired: d, Limit: 10, PerHour: 2}
	return found.Body()
}

// change is an update from outside, all of it.
func change(n int, text string) proposal.Change {
	return proposal.Change{
		Path: fmt.Sprintf("%d/%s.yaml", n, text), Image: fmt.Sprintf("ghcr.io/acme/%d%s", n, text), From: proposal.Value{Tag: "1" + text},
		To: proposal.Value{Tag: "2" + text}, Kind: version.Major, Group: text,
	}
}

func TestBodyIsHarmless(t *testing.T) {
	fields := found(t, map[string]string{"a.yaml": "nginx:1.25.0"})
	results := []scanner.Result{{
		Field: fields[0], Status: scanner.StatusProblem, Reason: &format.Reason{Code: scanner.LookupFailed, Detail: hostile},
	}}
	held := proposal.Held{Change: change(1, hostile), Why: proposal.Freeze, Detail: hostile}
	text := described(fields, results, proposal.Desired{
		Proposals: []*proposal.Proposal{{Group: hostile, Branch: "x", Changes: []proposal.Change{change(2, hostile)}}}, Held: []proposal.Held{held},
	})
	left := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, "")
	for _, part := range []string{"`", "@", "#1", "evil", "<!--", "[x]", "|"} {
		if strings.Contains(left, part) {
			t.Errorf("%q got out of its code in\n%s", part, text)
		}
	}
	if strings.Count(left, "</details>") != 1 || !strings.Contains(left, "### What could not be looked up") {
		t.Error(left)
	}
}

// TestBodyIsCut keeps within what GitHub takes.
func TestBodyIsCut(t *testing.T) {
	var d proposal.Desired
	var results []scanner.Result
	long := strings.Repeat("é", 200)
	for n := range 500 {
		d.Proposals = append(d.Proposals, &proposal.Proposal{Group: fmt.Sprint(n, long), Branch: strconv.Itoa(n), Changes: []proposal.Change{change(n, long)}})
		d.Held = append(d.Held, proposal.Held{Change: change(n, long), Why: proposal.PerHour})
		results = append(results, scanner.Result{
			Field: format.Field{File: strconv.Itoa(n)}, Status: scanner.StatusProblem, Reason: &format.Reason{Code: scanner.LookupFailed, Detail: fmt.Sprint(n, long)},
		})
	}
	text := described(nil, results, d)
	if len(text) > 60_000 || !strings.Contains(text, "more") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestBodyOfNothing(t *testing.T) {
	fields := found(t, map[string]string{"a.yaml": "nginx:1.25.0", "b/c.yaml": "nginx:1.25.0"})
	text := described(fields, nil, proposal.Desired{})
	for _, part := range []string{"found 1 image in 2 files", "Nothing: no newer versions", "**Close it**", "reopening this pull request is the way back"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// FuzzFile gives files whatever names: what is proposed is good.
func FuzzFile(f *testing.F) {
	f.Add("envs/dev/x.yaml", "acme")
	f.Add("a b/overlays/ü/x.yaml", "a-b")
	f.Add("clusters/{{x}}/y.yaml", "-")
	f.Fuzz(func(t *testing.T, file, owner string) {
		fields := []format.Field{{File: file}}
		text := contact.File(owner, "", fields)
		if !strings.Contains(owner, "/") && owner != "" {
			_, warnings, err := config.Load(t.Context(), config.FileName, []byte(text), config.Options{Now: time.Now()})
			if err != nil || len(warnings) > 0 {
				t.Errorf("%v %v\n%s", err, warnings, text)
			}
		}
	})
}
