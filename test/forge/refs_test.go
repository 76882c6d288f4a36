package forge_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestQuicker moves no branch that a person has moved, made or deleted meanwhile,
// and none of those beside it.
func TestQuicker(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	ours := must[string](t)(r.CreateCommit(t.Context(), "ours", w.tree, w.sha))
	for name, tt := range map[string]struct {
		first  string // where the branch is made by us, "" for not at all
		meant  func(name string) forge.RefMove
		theirs func(name string)
	}{
		"pushed": {
			w.sha,
			func(name string) forge.RefMove {
				return forge.RefMove{Name: name, Before: w.sha, After: ours, Force: true}
			},
			func(name string) {
				w.repo.Push(name, "alice", "mine", map[string]*githubtest.File{"mine": githubtest.Text("1")})
			},
		},
		"made": {
			"",
			func(name string) forge.RefMove { return forge.RefMove{Name: name, After: ours, Force: true} },
			func(name string) {
				w.repo.Push(name, "alice", "mine", map[string]*githubtest.File{"mine": githubtest.Text("2")})
			},
		},
		"deleted": {
			w.sha,
			func(name string) forge.RefMove { return forge.RefMove{Name: name, Before: w.sha, After: ours} },
			func(name string) { w.repo.DeleteBranch(name, "alice") },
		},
		"pushed before it is deleted": {
			w.sha,
			func(name string) forge.RefMove { return forge.RefMove{Name: name, Before: w.sha} },
			func(name string) {
				w.repo.Push(name, "alice", "mine", map[string]*githubtest.File{"mine": githubtest.Text("3")})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.branches++
			branch := fmt.Sprintf("imageupdater/b%d", w.branches)
			if tt.first != "" {
				isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: branch, After: tt.first}}))
			}
			tt.theirs(branch)
			theirs := w.repo.Branch(branch)
			beside := forge.RefMove{Name: branch + "-beside", After: ours}
			is(forge.ErrConflict)(t, w, r.MoveRefs(t.Context(), []forge.RefMove{beside, tt.meant(branch)}))
			if w.repo.Branch(branch) != theirs || w.repo.Branch(beside.Name) != "" {
				t.Errorf("it was moved to %q", w.repo.Branch(branch))
			}
		})
	}
}

// TestMoves moves several at once, by force where that is asked for.
func TestMoves(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{})
	one := must[string](t)(r.CreateCommit(t.Context(), "one", w.tree, w.sha))
	two := must[string](t)(r.CreateCommit(t.Context(), "two", w.tree, w.sha))
	isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "a", After: one}, {Name: "b/c", After: w.sha}}))
	isNothing(t, w, r.MoveRefs(t.Context(), nil))
	is(forge.ErrInvalid)(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "a", Before: one, After: two}}))
	isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{
		{Name: "a", Before: one, After: two, Force: true}, {Name: "b/c", Before: w.sha}, {Name: "d", After: one},
	}))
	for branch, want := range map[string]string{"a": two, "b/c": "", "d": one} {
		if w.repo.Branch(branch) != want {
			t.Errorf("%s is at %q", branch, w.repo.Branch(branch))
		}
	}
	nameless := w.client(t, forge.Options{}).Repo(forge.Ref{Owner: "acme", Name: "shop"}) // it has no id
	isNothing(t, w, nameless.DeleteBranch(t.Context(), "d", one))
	mark := w.hub.Mark()
	for _, wrong := range []forge.RefMove{
		{Name: "a"}, {Name: "", After: one}, {Name: "a/../b", After: one}, {Name: "a", After: "main"}, {Name: "a", Before: "HEAD", After: one},
	} {
		is(forge.ErrInvalid)(t, w, r.MoveRefs(t.Context(), []forge.RefMove{wrong}))
	}
	if asked := w.hub.Since(mark); len(asked) != 0 {
		t.Errorf("GitHub was asked:\n%s", w.hub.Dump(3))
	}
	is(forge.ErrInvalid)(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "a", Before: two, After: "1111111111111111111111111111111111111111"}}))
}

// TestGraphQLErrors understands what GraphQL says with a 200.
func TestGraphQLErrors(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for name, tt := range map[string]struct {
		kind, message string
		want          func(*testing.T, *world, error)
	}{
		"not found":      {"NOT_FOUND", "Could not resolve to a node with the global id of 'x'", is(forge.ErrNotFound)},
		"archived":       {"FORBIDDEN", "Repository was archived so is read-only.", is(forge.ErrArchived)},
		"unprocessable":  {"UNPROCESSABLE", "Reference cannot be updated", is(forge.ErrInvalid)},
		"a limit's name": {"UNPROCESSABLE", "refs/heads/imageupdater/rate limit cannot be updated", is(forge.ErrInvalid)},
		"rule":           {"UNPROCESSABLE", "Repository rule violations found\n\nCannot create ref due to creations being restricted.", is(forge.ErrProtected)},
		"protected":      {"UNPROCESSABLE", "Cannot update this protected ref.", is(forge.ErrProtected)},
		"a secret": {"UNPROCESSABLE", "The token ghs_12_eyJ.secret-part is bad", func(t *testing.T, w *world, err error) {
			t.Helper()
			is(forge.ErrInvalid)(t, w, err)
			if strings.Contains(err.Error(), "secret-part") {
				t.Error(err)
			}
		}},
		"stale":        {"STALE_DATA", "It has moved.", is(forge.ErrConflict)},
		"secondary":    {"", "You have exceeded a secondary rate limit.", limited(time.Minute, "secondary")},
		"no type":      {"", "Something went wrong while executing your query.", isUnavailable},
		"another type": {"SERVICE_UNAVAILABLE", "Something else.", isUnavailable},
		"no word":      {"", "", isUnavailable},
		"forbidden": {"FORBIDDEN", "Resource not accessible by integration", func(t *testing.T, _ *world, err error) {
			t.Helper()
			if denied, is := errorAs[*forge.PermissionError](err); !is || denied.What != "POST /graphql" {
				t.Errorf("got %v", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fault := w.hub.Fault(githubtest.GraphQLError("updateRefs", tt.kind, tt.message))
			defer fault.Remove()
			tt.want(t, w, w.writer(t, forge.Options{}).MoveRefs(t.Context(), []forge.RefMove{{Name: "bot", After: w.sha}}))
			if fault.Fired() != 1 {
				t.Errorf("made %d times", fault.Fired())
			}
		})
	}
	for name, body := range map[string]string{
		"nothing": `{}`, "a list": `[]`, "errors": `{"data":null,"errors":[]}`,
		"a field that is not there": `{"errors":[{"message":"Field 'updateRefs' doesn't exist","extensions":{"code":"undefinedField"}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			fault := w.hub.Fault(githubtest.Fault{Operation: "updateRefs", Status: http.StatusOK, Body: body, Header: http.Header{"Content-Type": {"application/json"}}})
			defer fault.Remove()
			want := map[bool]func(*testing.T, *world, error){true: is(forge.ErrInvalid), false: isUnavailable}[name == "a field that is not there"]
			want(t, w, w.writer(t, forge.Options{}).MoveRefs(t.Context(), []forge.RefMove{{Name: "bot", After: w.sha}}))
		})
	}
}

// TestWhyNotUnknown does not take a branch for untouched that cannot be read.
func TestWhyNotUnknown(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.hub.Fault(githubtest.ServerError("git/get-ref"))
	err := w.writer(t, forge.Options{}).MoveRefs(t.Context(), []forge.RefMove{{Name: "main", After: w.sha}})
	isUnavailable(t, w, err)
}

// TestGraphQLBudget lets REST go on when GraphQL's hour is used up.
func TestGraphQLBudget(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.installation.SetGraphQLLimit(1)
	seen := &calls{}
	g := w.github(t, forge.Options{Observe: seen.observe})
	r := g.As(w.installation.ID).Repo(w.ref)
	isNothing(t, w, r.MoveRefs(t.Context(), []forge.RefMove{{Name: "a", After: w.sha}}))
	move := func() error { return r.MoveRefs(t.Context(), []forge.RefMove{{Name: "b", After: w.sha}}) }
	l, is := errorAs[*forge.LimitedError](move())
	if !is || l.Why != "primary" || !l.Until.After(w.hub.Now()) || l.Until.After(w.hub.Now().Add(time.Hour)) {
		t.Fatalf("over the limit: %v", l)
	}
	mark := w.hub.Mark()
	if _, is := errorAs[*forge.LimitedError](move()); !is || len(w.hub.Since(mark)) != 0 {
		t.Errorf("it went on:\n%s", w.hub.Dump(3))
	}
	must[int64](t)(r.Comment(t.Context(), 1, "text"))
	w.hub.Advance(time.Hour)
	isNothing(t, w, move())
	for _, c := range seen.take() {
		if (c.Endpoint == "POST /graphql") != (c.Resource == "graphql") {
			t.Errorf("%s counted for %s", c.Endpoint, c.Resource)
		}
	}
}

// TestGraphQLAddress sends the token to no other host, and says what is missing.
func TestGraphQLAddress(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	o := forge.Options{URLs: forge.URLs{REST: w.hub.APIURL(), GraphQL: "https://elsewhere.example/api/graphql"}, AppID: 1, PrivateKey: []byte(w.hub.App.PrivateKey)}
	if _, err := forge.New(o); err == nil {
		t.Error("GraphQL on another host")
	}
	o.URLs.GraphQL, o.AppID = "", w.hub.App.ID
	g, err := forge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.As(w.installation.ID).Repo(w.ref).MoveRefs(t.Context(), []forge.RefMove{{Name: "a", After: w.sha}}); err == nil {
		t.Error("without an address")
	}
}
