package forge_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// checked puts a check run of the App's onto the head of main, and gives its id.
func (w *world) checked() int64 {
	return w.repo.Check(w.sha, w.hub.App.Slug, "config", "in_progress", "")
}

// TestCheckRun tells of a commit in two calls, as many annotations need.
func TestCheckRun(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	if _, err := r.CheckRunOf(t.Context(), w.sha, "config"); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("before there is one: %v", err)
	}
	first := forge.Annotation{Path: ".imageupdater.yaml", StartLine: 3, EndLine: 3, StartCol: 5, EndCol: 9, Level: "failure", Title: "rules", Message: "it is wrong"}
	second := forge.Annotation{Path: ".imageupdater.yaml", StartLine: 4, EndLine: 7, Level: "warning", Message: "it has no effect"}
	begun := forge.CheckChange{Note: "a note", Text: forge.CheckText{Title: "Two things", Summary: "one", Annotations: []forge.Annotation{first}}}
	made := must[forge.CheckRun](t)(r.CreateCheckRun(t.Context(), forge.NewCheckRun{CheckChange: begun, Name: "config", Head: w.sha}))
	found := must[forge.CheckRun](t)(r.CheckRunOf(t.Context(), w.sha, "config"))
	if want := (forge.CheckRun{ID: made.ID, Note: "a note", Annotations: 1}); found != want || made != want {
		t.Errorf("made %+v, found %+v", made, found)
	}
	if wanted := must[bool](t)(r.ChecksWanted(t.Context(), w.sha)); !wanted {
		t.Error("it is in progress, and nothing is wanted")
	}
	ended := forge.CheckChange{Conclusion: "failure", At: w.hub.Now(), Text: forge.CheckText{Title: "Two things", Summary: "both", Annotations: []forge.Annotation{second}}}
	changed := must[forge.CheckRun](t)(r.UpdateCheckRun(t.Context(), made.ID, ended))
	if want := (forge.CheckRun{ID: made.ID, Note: "a note", Completed: true, Conclusion: "failure", Annotations: 2}); changed != want {
		t.Errorf("ended as %+v", changed)
	}
	want := []githubtest.ShownCheck{{
		ID: made.ID, App: w.hub.App.Slug, Name: "config", Status: "completed", Conclusion: "failure", Note: "a note", Title: "Two things", Summary: "both",
		Annotations: []githubtest.Annotation{
			{Path: ".imageupdater.yaml", StartLine: 3, EndLine: 3, StartColumn: 5, EndColumn: 9, Level: "failure", Title: "rules", Message: "it is wrong"},
			{Path: ".imageupdater.yaml", StartLine: 4, EndLine: 7, Level: "warning", Message: "it has no effect"},
		},
	}}
	if diff := cmp.Diff(want, w.repo.Checks(w.sha)); diff != "" {
		t.Errorf("GitHub has (-want +got):\n%s", diff)
	}
	w.askedAnew(t, r)
}

// askedAnew sees a person's button, and nothing but that.
func (w *world) askedAnew(t *testing.T, r *forge.Repo) {
	t.Helper()
	w.repo.Check(w.sha, "ci", "build", "in_progress", "") // another App's
	for range 2 {
		if must[bool](t)(r.ChecksWanted(t.Context(), w.sha)) {
			t.Error("all has ended, and something is wanted")
		}
	}
	if last := w.hub.Calls(githubtest.Of("checks/list-suites-for-ref")); !last[len(last)-1].Free() {
		t.Error("nothing has changed, and it was paid for")
	}
	w.repo.RerequestSuite(w.sha, "alice")
	if !must[bool](t)(r.ChecksWanted(t.Context(), w.sha)) {
		t.Error("somebody wants the checks anew")
	}
}

// TestCheckRunOfAFork puts a check run onto the head of a pull request from a fork,
// and reads the files there.
func TestCheckRunOfAFork(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	fork := w.hub.Fork(w.repo, "bob")
	sha := fork.Push("patch", "bob", "Patch", map[string]*githubtest.File{
		"see.txt": nil, "seen.txt": githubtest.Text("see\n"), "envs/dev/a.yaml": githubtest.Text("image: a:2\n"), "envs/dev/b.yaml": nil,
	})
	number := w.repo.OpenPull("bob", "A patch", "bob:patch", "main")
	r := w.writer(t, forge.Options{})
	files := must[[]forge.PullFile](t)(r.FilesOfPull(t.Context(), number))
	if len(files) != 3 || files[0].Path != "envs/dev/a.yaml" || files[0].Removed || files[0].Was != "" ||
		!files[1].Removed || files[1].Path != "envs/dev/b.yaml" || files[2].Path != "seen.txt" || files[2].Was != "see.txt" {
		t.Fatalf("%+v", files)
	}
	text, err := r.Blob(t.Context(), files[0].SHA, 99)
	if err != nil || string(text) != "image: a:2\n" {
		t.Errorf("%q %v", text, err)
	}
	must[forge.CheckRun](t)(r.CreateCheckRun(t.Context(), forge.NewCheckRun{
		CheckChange: forge.CheckChange{Conclusion: "success", At: w.hub.Now(), Text: forge.CheckText{Title: "Good", Summary: "It is."}}, Name: "config", Head: sha,
	}))
	if checks := w.repo.Checks(sha); len(checks) != 1 || checks[0].Conclusion != "success" {
		t.Errorf("%+v", checks)
	}
	_, err = r.CreateCheckRun(t.Context(), forge.NewCheckRun{CheckChange: forge.CheckChange{Conclusion: "success"}, Name: "config", Head: "0123456789012345678901234567890123456789"})
	if !errors.Is(err, forge.ErrInvalid) {
		t.Errorf("onto a commit that is not there: %v", err)
	}
	if _, err := r.ChecksWanted(t.Context(), "main"); !errors.Is(err, forge.ErrInvalid) {
		t.Errorf("of what is no commit: %v", err)
	}
}
