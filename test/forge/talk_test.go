package forge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestTalk reads what people say, from all issues and pull requests at once.
func TestTalk(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	orders := func(body string) bool { return strings.HasPrefix(body, "/") }
	talk := must[forge.Talk](t)(r.Talk(t.Context(), 1, orders))
	if len(talk.All) != 0 || talk.More || !talk.Newest.IsZero() {
		t.Errorf("where nobody spoke: %+v", talk)
	}
	first := w.repo.Comment(1, "alice", "/rescan")
	w.repo.Comment(2, "alice", "well")
	w.hub.Advance(time.Second)
	long := w.repo.Comment(2, "alice", "/"+strings.Repeat("ü", 30_000))
	w.repo.EditComment(first, "alice", "/hold")
	if err := r.React(t.Context(), first, "confused"); err != nil {
		t.Fatal(err)
	}
	talk = must[forge.Talk](t)(r.Talk(t.Context(), 1, orders))
	got := map[int64]forge.Said{}
	for _, s := range talk.All {
		got[s.ID] = s
	}
	if s := got[first]; len(got) != 2 || s.Number != 1 || s.Body != "/hold" || !s.Edited || s.Verdicts != 1 || s.Author.Login != "alice" || s.Author.Kind != "User" {
		t.Errorf("%+v", talk)
	}
	if s := got[long]; s.Number != 2 || s.Edited || len(s.Body) < 32_000 || len(s.Body) > 33_000 {
		t.Errorf("%+v", talk)
	}
	reactions := must[[]forge.Reaction](t)(r.Reactions(t.Context(), first))
	if len(reactions) != 1 || reactions[0].Content != "confused" || reactions[0].By.Kind != "Bot" {
		t.Errorf("%+v", reactions)
	}
	mark := w.hub.Mark()
	again := must[forge.Talk](t)(w.writer(t, forge.Options{}).Talk(t.Context(), 1, orders))
	if diff := cmp.Diff(len(talk.All), len(again.All)); diff != "" {
		t.Error(diff)
	}
	for _, e := range w.hub.Since(mark, githubtest.Of("issues/list-comments-for-repo")) {
		t.Log(e)
	}
	// More than a page.
	for i := range 101 {
		w.repo.Comment(1, "alice", fmt.Sprintf("/%d", i))
	}
	talk = must[forge.Talk](t)(r.Talk(t.Context(), 1, orders))
	older := must[forge.Talk](t)(r.Talk(t.Context(), 2, orders))
	if !talk.More || len(talk.All) != 100 || older.More || len(older.All) != 3 || older.Oldest.After(talk.Oldest) {
		t.Errorf("%d and %d", len(talk.All), len(older.All))
	}
}

// TestMayWrite asks by the role, and by who somebody is.
func TestMayWrite(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	for login, role := range map[string]string{"ada": "admin", "mary": "maintain", "will": "write", "tim": "triage", "rita": "read"} {
		w.repo.Collaborate(login, role)
	}
	said := map[string]forge.Account{}
	for _, login := range []string{"ada", "mary", "will", "tim", "rita", "otto"} {
		w.repo.Comment(1, login, login)
	}
	for _, c := range must[[]forge.Comment](t)(r.Comments(t.Context(), 1, time.Time{})) {
		said[c.Author.Login] = c.Author
	}
	for login, want := range map[string]bool{"ada": true, "mary": true, "will": true, "tim": false, "rita": false, "otto": false} {
		if got := must[bool](t)(r.MayWrite(t.Context(), said[login])); got != want {
			t.Errorf("%s: %t", login, got)
		}
	}
	if must[bool](t)(r.MayWrite(t.Context(), forge.Account{ID: said["tim"].ID, Login: "ada"})) {
		t.Error("whoever has the name of an admin now may write")
	}
	if must[bool](t)(r.MayWrite(t.Context(), forge.Account{ID: 1, Login: "nobody-of-that-name"})) {
		t.Error("nobody may write")
	}
	if _, err := r.MayWrite(t.Context(), forge.Account{ID: 1, Login: "../.."}); err == nil {
		t.Error("a path is a login")
	}
}
