package run_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// hub is a repository whose files are all the same, but for the configuration.
type hub struct {
	files int
	text  string
	err   error
}

func (h *hub) Head(context.Context, string) (string, error) { return "c0", h.err }

func (h *hub) Tree(context.Context, string) ([]forge.Entry, error) {
	entries := []forge.Entry{{Path: config.FileName, Mode: "100644", Type: "blob", SHA: "configuration", Size: 11}}
	for n := range h.files {
		entries = append(entries, forge.Entry{Path: fmt.Sprintf("%d.yaml", n), Mode: "100644", Type: "blob", SHA: "file", Size: int64(len(h.text))})
	}
	return entries, nil
}

func (h *hub) Blob(_ context.Context, sha string, _ int64) ([]byte, error) {
	if sha == "configuration" {
		return []byte("version: 1\n"), nil
	}
	return []byte(h.text), nil
}

// forgetful remembers nothing.
type forgetful struct{}

func (forgetful) Fact(context.Context, string) ([]byte, bool)                { return nil, false }
func (forgetful) KeepFact(context.Context, string, []byte)                   {}
func (forgetful) Tree(context.Context, int64, string, string) ([]byte, bool) { return nil, false }
func (forgetful) KeepTree(context.Context, int64, string, string, []byte)    {}
func (forgetful) Note(context.Context, int64, string) ([]byte, bool)         { return nil, false }
func (forgetful) KeepNote(context.Context, int64, string, []byte)            {}
func (forgetful) Read(context.Context, config.Base) ([]byte, error)          { return nil, config.ErrNoFile }

func look(t *testing.T, h *hub) *run.Outcome {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }
	runner := &run.Runner{Memory: forgetful{}, Least: 5 * time.Minute, Now: now}
	out, err := runner.Run(t.Context(), run.Look{
		Repository: run.Repository{ID: 7, Owner: "acme", Name: "shop", DefaultBranch: "main"}, GitHub: h, Files: forgetful{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTooManyFiles(t *testing.T) {
	out := look(t, &hub{files: 200_001})
	if out.State != run.TooLarge || !strings.Contains(out.Detail, "too many files") {
		t.Errorf("%s: %s", out.State, out.Detail)
	}
}

// TestReportsAreBounded keeps what the database and pages have to hold small,
// whatever a repository holds.
func TestReportsAreBounded(t *testing.T) {
	out := &run.Outcome{State: run.Planned, Detail: strings.Repeat("é", 10_000), Plan: &scanner.Plan{}}
	for n := range 2000 {
		long := strings.Repeat("x", 5000)
		out.Errors = append(out.Errors, &config.Error{File: config.FileName, Line: n + 1, Message: long})
		out.Plan.Problems = append(out.Plan.Problems, format.Problem{File: long, Line: n + 1, Message: long})
		out.Plan.Results = append(out.Plan.Results, scanner.Result{
			Field: format.Field{File: long}, Status: scanner.StatusSkipped, Reason: &format.Reason{Code: format.Ignored, Detail: long},
		})
	}
	r := out.Report(time.Time{})
	size := len(r.Detail)
	for _, list := range [][]run.ReportedReason{r.Problems, r.Skipped} {
		for _, one := range list {
			size += len(one.File) + len(one.Detail)
		}
	}
	for _, text := range r.Errors {
		size += len(text)
	}
	if size > 3<<20 || r.Left != 4500 || r.Fields[scanner.StatusSkipped] != 2000 || !strings.HasSuffix(r.Detail, "é…") {
		t.Errorf("%d bytes, %d left out, %v", size, r.Left, r.Fields)
	}
}

// TestWhatIsToBeTriedAgain is an error, and what stays is a state.
func TestWhatIsToBeTriedAgain(t *testing.T) {
	tests := map[string]struct {
		err  error
		want run.State
	}{
		"limited":      {&forge.LimitedError{}, ""},
		"out of order": {&forge.UnavailableError{Err: errors.New("x")}, ""},
		"moved":        {&forge.MovedError{}, ""},
		"bad key":      {&forge.RefusedError{Kind: forge.ErrUnauthorized}, ""},
		"gone":         {&forge.RefusedError{Kind: forge.ErrNotFound}, run.Gone},
		"disabled":     {&forge.RefusedError{Kind: forge.ErrDisabled}, run.Gone},
		"uninstalled":  {forge.ErrUninstalled, run.Gone},
		"suspended":    {&forge.RefusedError{Kind: forge.ErrSuspended}, run.NotAsked},
		"empty":        {&forge.RefusedError{Kind: forge.ErrEmpty}, run.Empty},
		"forbidden":    {&forge.PermissionError{}, run.Forbidden},
		"too large":    {&forge.TooLargeError{}, run.TooLarge},
		"conflict":     {&forge.RefusedError{Kind: forge.ErrConflict}, run.Refused},
		"no kind":      {&forge.RefusedError{}, run.Refused},
	}
	for name, tt := range tests {
		runner := &run.Runner{Memory: forgetful{}, Now: time.Now}
		out, err := runner.Run(t.Context(), run.Look{
			Repository: run.Repository{ID: 7, DefaultBranch: "main"}, GitHub: &hub{err: fmt.Errorf("reading: %w", tt.err)}, Files: forgetful{},
		})
		switch {
		case tt.want == "" && !errors.Is(err, tt.err):
			t.Errorf("%s: %v, %v", name, out, err)
		case tt.want != "" && (err != nil || out.State != tt.want || out.Next.IsZero()):
			t.Errorf("%s: %+v, %v, want %s", name, out, err, tt.want)
		}
	}
}
