package githubtest_test

import (
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// protecting is a repository whose App may read protection, too.
func protecting(t *testing.T) (*githubtest.Server, *githubtest.Repository, sender) {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	permissions := grants()
	permissions["administration"], permissions["members"] = "read", "read"
	token := tokenOf(t, hub, hub.Install("acme", permissions, repo), "")
	return hub, repo, func(method, path, body string, status int, message string) answer {
		t.Helper()
		a := call(t, hub, token, method, "/repos/acme/shop"+path, body)
		want(t, a, status, message)
		return a
	}
}

// at is the value under names in nested objects.
func at(body any, names ...string) any {
	for _, name := range names {
		o, isObject := body.(map[string]any)
		if !isObject {
			return nil
		}
		body = o[name]
	}
	return body
}

func TestBranches(t *testing.T) {
	_, repo, send := protecting(t)
	repo.Commit("topic/x", "x", map[string]string{"x": "x\n"})
	repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{
		Checks: []githubtest.RequiredCheck{{Context: "ci"}, {Context: "lint", App: 7}}, Strict: true,
		Reviews: &githubtest.RequiredReviews{Approvals: 2, DismissStale: true},
	}})
	if a := send("GET", "/branches?per_page=1", "", 200, ""); len(a.list) != 1 || !contains(a.header.Get("Link"), `rel="next"`) {
		t.Errorf("branches: %v", a.list)
	}
	if a := send("GET", "/branches?protected=false", "", 200, ""); len(a.list) != 1 || at(a.list[0], "name") != "topic/x" {
		t.Errorf("unprotected: %v", a.list)
	}
	main := send("GET", "/branches/main", "", 200, "").body
	if main["protected"] != true || at(main, "protection", "required_status_checks", "enforcement_level") != "non_admins" || at(main, "commit", "sha") != repo.Branch("main") {
		t.Errorf("main: %v", main)
	}
	topic := send("GET", "/branches/topic/x", "", 200, "").body
	if topic["protected"] != false || at(topic, "protection", "enabled") != false {
		t.Errorf("topic/x: %v", topic)
	}
	send("GET", "/branches/none", "", 404, "Branch not found")
	send("GET", "/branches/topic/x/protection", "", 404, "Branch not protected")
	p := send("GET", "/branches/main/protection", "", 200, "").body
	if at(p, "required_pull_request_reviews", "required_approving_review_count") != 2.0 || at(p, "required_status_checks", "strict") != true {
		t.Errorf("protection: %v", p)
	}
	checks := send("GET", "/branches/main/protection/required_status_checks", "", 200, "").body
	if got := checks["checks"].([]any); at(got[0], "app_id") != nil || at(got[1], "app_id") != 7.0 {
		t.Errorf("checks: %v", got)
	}
	repo.Unprotect("main")
	repo.AddRuleset(githubtest.Ruleset{NoDeletion: true})
	if main = send("GET", "/branches/main", "", 200, "").body; main["protected"] != true || at(main, "protection", "enabled") != false {
		t.Errorf("by a ruleset: %v", main)
	}
	send("GET", "/branches/main/protection", "", 404, "Branch not protected")
	hub, _, _, token := world(t)
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/branches/main/protection", ""), 403, "Resource not accessible by integration")
}

func TestBranchRules(t *testing.T) {
	_, repo, send := protecting(t)
	kinds := func(branch string) []string {
		t.Helper()
		var found []string
		for _, rule := range send("GET", "/rules/branches/"+branch, "", 200, "").list {
			found = append(found, at(rule, "type").(string))
		}
		return found
	}
	repo.AddRuleset(githubtest.Ruleset{Name: "off", Enforcement: "disabled", NoDeletion: true})
	repo.AddRuleset(githubtest.Ruleset{Name: "trial", Enforcement: "evaluate", NoDeletion: true})
	repo.AddRuleset(githubtest.Ruleset{Name: "default", MergeQueue: true, Rules: githubtest.Rules{
		Checks: []githubtest.RequiredCheck{{Context: "ci", App: 3}},
	}, MergeMethods: []string{"squash"}})
	repo.AddRuleset(githubtest.Ruleset{Name: "releases", Include: []string{"refs/heads/release/*"}, Rules: githubtest.Rules{LinearHistory: true}})
	repo.AddRuleset(githubtest.Ruleset{
		Name: "others", Organization: true, Include: []string{"~ALL"}, Exclude: []string{"refs/heads/release/**/*", "~DEFAULT_BRANCH"}, NoForcePush: true,
	})
	for branch, want := range map[string]string{
		"main":         "[pull_request required_status_checks merge_queue]",
		"release/1":    "[required_linear_history]",
		"release/1/2":  "[]",
		"none":         "[non_fast_forward]",
		"bot/update/x": "[non_fast_forward]",
	} {
		if got := kinds(branch); want != sprint(got) {
			t.Errorf("%s: %v, want %s", branch, got, want)
		}
	}
	rule := send("GET", "/rules/branches/none", "", 200, "").list[0]
	if at(rule, "ruleset_source_type") != "Organization" || at(rule, "ruleset_source") != "acme" {
		t.Errorf("source: %v", rule)
	}
	repo.AddRuleset(githubtest.Ruleset{Include: []string{"refs/heads/odd"}, More: []map[string]any{
		{"type": "required_deployments", "parameters": map[string]any{"required_deployment_environments": []string{"staging"}}},
		{"type": "workflows", "parameters": map[string]any{"workflows": []map[string]any{{"path": "ci.yml", "repository_id": 1}}}},
	}})
	if got := kinds("odd"); sprint(got) != "[non_fast_forward required_deployments workflows]" {
		t.Errorf("kinds that bind nobody here: %v", got)
	}
	if a := send("GET", "/rules/branches/main?per_page=2&page=2", "", 200, ""); len(a.list) != 1 {
		t.Errorf("second page: %v", a.list)
	}
}
