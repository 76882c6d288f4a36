package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestUpdateRefs(t *testing.T) {
	hub, repo, i, token := world(t)
	id := repositoryID(t, hub, token, "acme/shop")
	first := repo.Branch("main")
	second := repo.Commit("main", "second", map[string]string{"c.txt": "two\n"})
	side := repo.Commit("side", "side", map[string]string{"d.txt": "dee\n"})

	a := ask(t, hub, token, updateRefs, push(
		id, update{"name": "refs/heads/new", "beforeOid": zeros, "afterOid": second},
		update{"name": "refs/heads/side", "beforeOid": side, "afterOid": zeros},
		update{"name": "refs/heads/main", "beforeOid": second, "afterOid": first, "force": true},
	))
	if a.at("data.updateRefs.clientMutationId") != "m1" || a.body["errors"] != nil {
		t.Fatalf("%v", a.body)
	}
	if repo.Branch("new") != second || repo.Branch("side") != "" || repo.Branch("main") != first {
		t.Errorf("new %s, side %q, main %s", repo.Branch("new"), repo.Branch("side"), repo.Branch("main"))
	}

	other := hub.AddRepository("acme/other", map[string]string{"x": "y"})
	hidden := hub.AddRepository("rival/secret", map[string]string{"x": "y"})
	hidden.Private = true
	good := update{"name": "refs/heads/also", "afterOid": first}
	refused := map[string]struct {
		id           any
		update       update
		kind, reason string
	}{
		"it moved":          {id, update{"name": "refs/heads/new", "beforeOid": first, "afterOid": first, "force": true}, "UNPROCESSABLE", "expected " + first},
		"it is there":       {id, update{"name": "refs/heads/new", "beforeOid": zeros, "afterOid": first}, "UNPROCESSABLE", "expected " + zeros},
		"it is not there":   {id, update{"name": "refs/heads/none", "beforeOid": first, "afterOid": first}, "UNPROCESSABLE", "expected " + first},
		"no fast forward":   {id, update{"name": "refs/heads/new", "afterOid": first}, "UNPROCESSABLE", "Update is not a fast forward"},
		"no such object":    {id, update{"name": "refs/heads/new", "afterOid": strings.Repeat("1", 40), "force": true}, "UNPROCESSABLE", "Object does not exist"},
		"nothing to delete": {id, update{"name": "refs/heads/none", "afterOid": zeros}, "UNPROCESSABLE", "Reference does not exist"},
		"a bad name":        {id, update{"name": "refs/heads/a..b", "afterOid": first}, "UNPROCESSABLE", "not a valid ref name"},
		"a short name":      {id, update{"name": "new", "afterOid": first}, "UNPROCESSABLE", "not a valid ref name"},
		"in the way":        {id, update{"name": "refs/heads/main/below", "afterOid": first}, "UNPROCESSABLE", "Reference cannot be updated"},
		"an odd id":         {id, update{"name": "refs/heads/new", "afterOid": "main"}, "UNPROCESSABLE", "40 characters"},
		"no permission":     {repositoryID(t, hub, token, "acme/other"), good, "FORBIDDEN", "Resource not accessible by integration"},
		"not to be seen":    {fmt.Sprintf("R_%d", hidden.ID), good, "NOT_FOUND", "Could not resolve to a node"},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			a := ask(t, hub, token, updateRefs, push(tt.id, good, tt.update))
			if a.status != http.StatusOK || a.at("errors.0.type") != tt.kind || !strings.Contains(fmt.Sprint(a.at("errors.0.message")), tt.reason) {
				t.Errorf("%d %v, want %s %s", a.status, a.body, tt.kind, tt.reason)
			}
			if a.at("errors.0.path.0") != "updateRefs" || a.at("data.updateRefs") != nil {
				t.Errorf("%v", a.body)
			}
			if repo.Branch("also") != "" || repo.Branch("new") != second || other.Branch("also") != "" {
				t.Error("a ref was moved though another was refused")
			}
		})
	}
	reader := tokenOf(t, hub, i, `{"permissions":{"contents":"read"}}`)
	if a := ask(t, hub, reader, updateRefs, push(id, good)); a.at("errors.0.type") != "FORBIDDEN" {
		t.Errorf("read only: %v", a.body)
	}
}

// TestUpdateRefsMovesPulls shows that a pull request follows.
func TestUpdateRefsMovesPulls(t *testing.T) {
	hub, repo, _, token := world(t)
	repo.Commit("bot", "one", map[string]string{"c.txt": "one\n"})
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/pulls", `{"title":"T","head":"bot","base":"main"}`), http.StatusCreated, "")
	before := repo.Branch("bot")
	after := repo.Commit("next", "two", map[string]string{"c.txt": "two\n"})
	a := ask(t, hub, token, updateRefs, push(
		repositoryID(t, hub, token, "acme/shop"),
		update{"name": "refs/heads/bot", "beforeOid": before, "afterOid": after, "force": true},
	))
	if a.body["errors"] != nil {
		t.Fatal(a.body)
	}
	pull := call(t, hub, token, "GET", "/repos/acme/shop/pulls/1", "")
	if pull.at("head.sha") != after || pull.body["state"] != "open" {
		t.Errorf("the pull request is at %v, %v", pull.at("head.sha"), pull.body["state"])
	}
}

func TestCommitOnBranch(t *testing.T) {
	hub, repo, _, token := world(t)
	const mutation = `mutation($input: CreateCommitOnBranchInput!) {
		createCommitOnBranch(input: $input) { commit { oid messageHeadline author { name } } ref { name target { oid } } } }`
	head := repo.Branch("main")
	in := func(expected string) map[string]any {
		return map[string]any{"input": map[string]any{
			"branch":          map[string]any{"repositoryNameWithOwner": "acme/shop", "branchName": "main"},
			"expectedHeadOid": expected, "message": map[string]any{"headline": "Update", "body": "why"},
			"fileChanges": map[string]any{
				"additions": []any{map[string]any{"path": "a/n.txt", "contents": "bmV3Cg=="}},
				"deletions": []any{map[string]any{"path": "c.txt"}},
			},
		}}
	}
	a := ask(t, hub, token, mutation, in(head))
	if a.body["errors"] != nil || a.at("data.createCommitOnBranch.ref.target.oid") != repo.Branch("main") ||
		a.at("data.createCommitOnBranch.commit.author.name") != "image-updater[bot]" {
		t.Fatalf("%v", a.body)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/contents/a/n.txt", ""), http.StatusOK, "")
	want(t, call(t, hub, token, "GET", "/repos/acme/shop/contents/c.txt", ""), http.StatusNotFound, "")
	if a := ask(t, hub, token, mutation, in(head)); a.at("errors.0.type") != "STALE_DATA" {
		t.Errorf("stale: %v", a.body)
	}
	if a := ask(t, hub, token, mutation, in(repo.Branch("main"))); !strings.Contains(fmt.Sprint(a.at("errors.0.message")), "deletion") {
		t.Errorf("deleting what is not there: %v", a.body)
	}
}

// TestMutationsAgainstRules shows that the rules bind GraphQL as they do REST.
func TestMutationsAgainstRules(t *testing.T) {
	hub, repo, i, token := world(t)
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	main := repo.Branch("main")
	repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 1}}})
	id := repositoryID(t, hub, token, "acme/shop")
	const commit = `mutation($in: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $in) { commit { oid } } }`
	change := map[string]any{"in": map[string]any{
		"branch":  map[string]any{"repositoryNameWithOwner": "acme/shop", "branchName": "main"},
		"message": map[string]any{"headline": "m"}, "expectedHeadOid": main,
		"fileChanges": map[string]any{"additions": []any{map[string]any{"path": "n.txt", "contents": "aGk="}}},
	}}
	for name, a := range map[string]answer{
		"updateRefs": ask(t, hub, token, updateRefs, push(
			id, update{"name": "refs/heads/free", "afterOid": main}, update{"name": "refs/heads/main", "afterOid": repo.Branch("topic")},
		)),
		"createCommitOnBranch": ask(t, hub, token, commit, change),
	} {
		if !strings.Contains(fmt.Sprint(a.at("errors.0.message")), "Changes must be made through a pull request.") {
			t.Errorf("%s: %v", name, a.body)
		}
	}
	if repo.Branch("main") != main || repo.Branch("free") != "" {
		t.Error("moved all the same")
	}
	writer := tokenOf(t, hub, i, `{"permissions":{"contents":"write"}}`)
	if a := ask(t, hub, writer, updateRefs, push(id, update{"name": "refs/heads/free", "afterOid": main})); a.body["errors"] != nil {
		t.Errorf("a branch without rules: %v", a.body)
	}
}
