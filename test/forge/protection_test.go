package forge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestRules reads what rulesets want together, and nothing of those that are not in
// force.
func TestRules(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	rules := func(branch string) forge.Protection {
		t.Helper()
		p, _, err := r.Rules(t.Context(), branch)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if diff := cmp.Diff(forge.Protection{}, rules("main")); diff != "" {
		t.Errorf("none (-want +got):\n%s", diff)
	}
	ci := w.hub.OtherApp("ci-app").ID
	w.repo.AddRuleset(githubtest.Ruleset{
		Rules: githubtest.Rules{
			Checks: []githubtest.RequiredCheck{{Context: "ci", App: ci}, {Context: "lint"}}, Strict: true,
			Reviews: &githubtest.RequiredReviews{Approvals: 1, CodeOwners: true}, LinearHistory: true,
		},
		MergeMethods: []string{"squash", "rebase"}, MergeQueue: true, NoForcePush: true, NoDeletion: true, Signed: true,
		More: []map[string]any{
			{"type": "required_deployments", "parameters": map[string]any{"required_deployment_environments": []string{"staging"}}},
			{"type": "update", "parameters": map[string]any{"update_allows_fetch_and_merge": false}},
		},
	})
	w.repo.AddRuleset(githubtest.Ruleset{
		Organization: true, MergeMethods: []string{"merge", "squash"}, Rules: githubtest.Rules{
			Checks:  []githubtest.RequiredCheck{{Context: "scan"}},
			Reviews: &githubtest.RequiredReviews{Approvals: 2, DismissStale: true, LastPush: true},
		},
	})
	w.repo.AddRuleset(githubtest.Ruleset{Enforcement: "evaluate", Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "no"}}}})
	want := forge.Protection{
		Checks:   []forge.RequiredCheck{{Name: "ci", App: ci}, {Name: "lint"}, {Name: "scan"}},
		UpToDate: true, Approvals: 2, CodeOwners: true, LastPush: true, DismissStale: true, Signatures: true, Linear: true,
		Deployments: []string{"staging"}, Methods: []string{"squash"}, Queue: true, Others: []string{"update"},
	}
	for range 2 {
		if diff := cmp.Diff(want, rules("main")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	w.repo.Push("feature/x+y", "alice", "m", map[string]*githubtest.File{"n": githubtest.Text("n\n")})
	if diff := cmp.Diff(forge.Protection{}, rules("feature/x+y")); diff != "" {
		t.Errorf("another branch (-want +got):\n%s", diff)
	}
	is(forge.ErrInvalid)(t, w, third(r.Rules(t.Context(), "../main")))
	is(forge.ErrInvalid)(t, w, third(r.Classic(t.Context(), "../main")))
	is(forge.ErrInvalid)(t, w, third(r.ClassicProtection(t.Context(), "../main")))
}

// TestClassic reads a classic protection: in short by anybody, whole only where that
// was granted.
func TestClassic(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	r := w.writer(t, forge.Options{Memory: newMemory()})
	short := func(branch string) forge.Classic {
		t.Helper()
		c, _, err := r.Classic(t.Context(), branch)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if diff := cmp.Diff(forge.Classic{Head: w.sha}, short("main")); diff != "" {
		t.Errorf("none (-want +got):\n%s", diff)
	}
	ci := w.hub.OtherApp("ci-app").ID
	w.repo.Protect("feature/*", githubtest.Protection{Rules: githubtest.Rules{
		Checks: []githubtest.RequiredCheck{{Context: "ci", App: ci}, {Context: "lint"}}, Strict: true, LinearHistory: true,
		Reviews: &githubtest.RequiredReviews{Approvals: 1, CodeOwners: true, DismissStale: true, LastPush: true},
	}})
	sha := w.repo.Push("feature/x+y", "alice", "m", map[string]*githubtest.File{"n": githubtest.Text("n\n")})
	checks := []forge.RequiredCheck{{Name: "ci", App: ci}, {Name: "lint"}}
	if diff := cmp.Diff(forge.Classic{Head: sha, On: true, Checks: checks}, short("feature/x+y")); diff != "" {
		t.Errorf("in short (-want +got):\n%s", diff)
	}
	if _, told, err := r.ClassicProtection(t.Context(), "feature/x+y"); err != nil || told {
		t.Errorf("without the permission: told %v, %v", told, err)
	}
	permissions := grants()
	permissions["administration"] = "read"
	w.installation.AcceptPermissions(permissions)
	r = w.writer(t, forge.Options{Memory: newMemory()})
	whole, told, err := r.ClassicProtection(t.Context(), "feature/x+y")
	want := forge.Protection{Checks: checks, UpToDate: true, Approvals: 1, CodeOwners: true, LastPush: true, DismissStale: true, Linear: true}
	if diff := cmp.Diff(want, whole); diff != "" || err != nil || !told {
		t.Errorf("whole: told %v, %v (-want +got):\n%s", told, err, diff)
	}
	if none, told, err := r.ClassicProtection(t.Context(), "main"); err != nil || !told || !cmp.Equal(none, forge.Protection{}) {
		t.Errorf("of none: %+v, told %v, %v", none, told, err)
	}
	is(forge.ErrNotFound)(t, w, third(r.ClassicProtection(t.Context(), "gone")))
	is(forge.ErrNotFound)(t, w, third(r.Classic(t.Context(), "gone")))
	w.oddProtection(t)
}

// oddProtection reads what the stand-in does not show, and what is none.
func (w *world) oddProtection(t *testing.T) {
	t.Helper()
	fault := w.hub.Fault(githubtest.Fault{Operation: "repos/get-branch-protection", When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		e.Answer = []byte(strings.NewReplacer(
			`"lock_branch":{"enabled":false}`, `"lock_branch":{"enabled":true},"restrictions":{"users":[]}`,
			`"required_conversation_resolution":{"enabled":false}`, `"required_conversation_resolution":{"enabled":true}`,
		).Replace(string(e.Answer)))
	}})
	odd, _, err := w.writer(t, forge.Options{}).ClassicProtection(t.Context(), "feature/x+y")
	if err != nil || !odd.Conversations || len(odd.Others) != 2 {
		t.Errorf("%+v %v", odd, err)
	}
	fault.Remove()
	for _, text := range []string{"{}", "null", "[]"} {
		fault := w.hub.Fault(githubtest.Fault{Operation: "repos/get-branch-protection", Status: http.StatusOK, Body: text, Header: http.Header{"Content-Type": {"application/json"}}})
		isUnavailable(t, w, third(w.writer(t, forge.Options{}).ClassicProtection(t.Context(), "feature/x+y")))
		fault.Remove()
	}
}

// TestNotInThePlan knows of no protection where the owner's plan has none.
func TestNotInThePlan(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	permissions := grants()
	permissions["administration"] = "read"
	w.installation.AcceptPermissions(permissions)
	r := w.writer(t, forge.Options{})
	const said = "Upgrade to GitHub Pro or make this repository public to enable this feature."
	for _, operation := range []string{"repos/get-branch-rules", "repos/get-branch-protection"} {
		w.hub.Fault(githubtest.Fault{Operation: operation, Status: http.StatusForbidden, Message: said})
	}
	if rules, _, err := r.Rules(t.Context(), "main"); err != nil || !cmp.Equal(rules, forge.Protection{}) {
		t.Errorf("rulesets: %+v %v", rules, err)
	}
	if p, told, err := r.ClassicProtection(t.Context(), "main"); err != nil || !told || !cmp.Equal(p, forge.Protection{}) {
		t.Errorf("classic: %+v told %v %v", p, told, err)
	}
}
