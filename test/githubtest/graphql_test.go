package githubtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

const zeros = "0000000000000000000000000000000000000000"

// ask sends a question to the GraphQL API.
func ask(t *testing.T, hub *githubtest.Server, auth, query string, variables map[string]any) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", hub.GraphQLURL(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+auth)
	res, err := hub.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&a.body); err != nil {
		t.Fatal(err)
	}
	return a
}

// at is the value under a path of names and numbers, "data.repository.refs.0".
func (a answer) at(path string) any {
	var value any = a.body
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			var n int
			if _, err := fmt.Sscan(name, &n); err != nil || n >= len(v) {
				return nil
			}
			value = v[n]
		default:
			return nil
		}
	}
	return value
}

const updateRefs = `mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }`

type update map[string]any

func push(repository any, updates ...update) map[string]any {
	return map[string]any{"input": map[string]any{"repositoryId": repository, "refUpdates": updates, "clientMutationId": "m1"}}
}

func repositoryID(t *testing.T, hub *githubtest.Server, token, path string) any {
	t.Helper()
	return call(t, hub, token, "GET", "/repos/"+path, "").body["node_id"]
}

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

func TestQueries(t *testing.T) {
	hub, repo, _, token := world(t)
	head := repo.Commit("bot", "change\n\nwhy", map[string]string{"c.txt": "one\n"})
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/pulls", `{"title":"T","head":"bot","base":"main"}`), http.StatusCreated, "")
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/statuses/"+head, `{"state":"pending","context":"ci"}`), http.StatusCreated, "")
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/issues/1/labels", `{"labels":["one","two","three"]}`), http.StatusOK, "")
	const query = `query($n: Int!, $more: Boolean = false) {
		viewer { login }
		rateLimit { limit remaining }
		repository(owner: "acme", name: "shop") {
			...names
			defaultBranchRef { name prefix target { oid ... on Commit { messageHeadline tree { oid } } } }
			refs(refPrefix: "refs/heads/", first: 1) { nodes { name } totalCount pageInfo { hasNextPage endCursor } }
			pull: pullRequest(number: $n) {
				id number state mergeable mergeStateStatus reviewDecision headRefOid headRefName isDraft merged
				autoMergeRequest { enabledAt } mergeQueueEntry { id }
				author { __typename login }
				labels(first: 2) { nodes { name color } pageInfo { hasNextPage } }
				commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 5) { nodes {
					__typename ... on StatusContext { context state } ... on CheckRun { name } } } } } } }
				title @include(if: $more)
			}
			pullRequests(first: 10, states: [OPEN], headRefName: "bot") { totalCount }
			object(expression: "bot:c.txt") { ... on Blob { text byteSize } }
		}
	}
	fragment names on Repository { id nameWithOwner isPrivate owner { login __typename } }`
	a := ask(t, hub, token, query, map[string]any{"n": 1})
	for path, value := range map[string]any{
		"data.viewer.login":                                                   "image-updater[bot]",
		"data.rateLimit.limit":                                                5000.0,
		"data.repository.nameWithOwner":                                       "acme/shop",
		"data.repository.owner.login":                                         "acme",
		"data.repository.defaultBranchRef.name":                               "main",
		"data.repository.defaultBranchRef.target.oid":                         repo.Branch("main"),
		"data.repository.refs.totalCount":                                     2.0,
		"data.repository.refs.pageInfo.hasNextPage":                           true,
		"data.repository.pull.state":                                          "OPEN",
		"data.repository.pull.mergeStateStatus":                               "UNSTABLE",
		"data.repository.pull.headRefOid":                                     head,
		"data.repository.pull.reviewDecision":                                 nil,
		"data.repository.pull.title":                                          nil,
		"data.repository.pull.author.login":                                   "image-updater",
		"data.repository.pull.author.__typename":                              "Bot",
		"data.repository.pull.labels.nodes.1.name":                            "two",
		"data.repository.pull.labels.pageInfo.hasNextPage":                    true,
		"data.repository.pull.commits.nodes.0.commit.oid":                     head,
		"data.repository.pullRequests.totalCount":                             1.0,
		"data.repository.object.text":                                         "one\n",
		"data.repository.object.byteSize":                                     4.0,
		"errors":                                                              nil,
		"data.repository.defaultBranchRef.target.tree.oid.none":               nil,
		"data.repository.pull.commits.nodes.0.commit.statusCheckRollup.state": "PENDING",
		"data.repository.pull.commits.nodes.0.commit.statusCheckRollup.contexts.nodes.0.context": "ci",
	} {
		if got := a.at(path); got != value {
			t.Errorf("%s is %v, want %v", path, got, value)
		}
	}
	again := ask(t, hub, token, `query($id: ID!) { node(id: $id) { ... on PullRequest { number } } }`, map[string]any{"id": a.at("data.repository.pull.id")})
	if again.at("data.node.number") != 1.0 {
		t.Errorf("node: %v", again.body)
	}
	second := ask(t, hub, token, `query($c: String!) { repository(owner: "acme", name: "shop") { refs(refPrefix: "refs/heads/", first: 5, after: $c) { nodes { name } } } }`,
		map[string]any{"c": a.at("data.repository.refs.pageInfo.endCursor")})
	if second.at("data.repository.refs.nodes.0.name") != "main" {
		t.Errorf("second page: %v", second.body)
	}
	for query, kind := range map[string]string{
		`{ repository(owner: "acme", name: "none") { id } }`:                                                "NOT_FOUND",
		`{ repository(owner: "acme", name: "shop") { pullRequest(number: 9) { id } } }`:                     "NOT_FOUND",
		`{ node(id: "R_none") { id } }`:                                                                     "NOT_FOUND",
		`{ repository(owner: "acme", name: "shop") { pullRequests { totalCount } } }`:                       "MISSING_PAGINATION_BOUNDARIES",
		`{ repository(owner: "acme", name: "shop") { refs(refPrefix: "x", first: 500) { nodes { id } } } }`: "EXCESSIVE_PAGINATION",
	} {
		if a := ask(t, hub, token, query, nil); a.at("errors.0.type") != kind {
			t.Errorf("%s: %v, want %s", query, a.body, kind)
		}
	}
}

func TestGraphQLRefusals(t *testing.T) {
	tests := map[string]struct {
		query    string
		status   int
		failures int
		says     string
	}{
		"no such field":   {`{ viewer { shoeSize } }`, http.StatusOK, 1, "Cannot query field"},
		"no query at all": {`{ viewer {`, http.StatusOK, 1, "Expected Name"},
		"bad variables":   {`query($n: Int!) { repository(owner: "a", name: "b") { pullRequest(number: $n) { id } } }`, http.StatusOK, 1, "must be defined"},
		"not implemented": {`mutation { enqueuePullRequest(input: {pullRequestId: "x"}) { clientMutationId } }`, http.StatusOK, 1, "Mutation.enqueuePullRequest is not implemented"},
		"odd field":       {`{ viewer { bio } }`, http.StatusOK, 1, "User.bio is not implemented"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var failures []string
			hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
			i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
			a := ask(t, hub, tokenOf(t, hub, i, ""), tt.query, nil)
			if a.status != tt.status || !strings.Contains(fmt.Sprint(a.body["errors"]), tt.says) {
				t.Errorf("%d %v, want %s", a.status, a.body, tt.says)
			}
			if len(failures) != tt.failures {
				t.Errorf("failures: %q", failures)
			}
		})
	}
	hub, _, _, token := world(t)
	for body, says := range map[string]string{`{"query":`: "Problems parsing JSON", `{}`: "A query attribute must be specified"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", hub.GraphQLURL(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := hub.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), says) {
			t.Errorf("%s: %d %s, %v", body, res.StatusCode, text, err)
		}
	}
	want(t, ask(t, hub, "ghs_no", `{ viewer { login } }`, nil), http.StatusUnauthorized, "Bad credentials")
	want(t, ask(t, hub, jwt(t, hub, nil), `{ viewer { login } }`, nil), http.StatusUnauthorized, "")
}

func TestGraphQLLimit(t *testing.T) {
	hub, _, i, token := world(t)
	i.SetGraphQLLimit(1)
	a := ask(t, hub, token, `{ viewer { login } }`, nil)
	if a.header.Get("X-Ratelimit-Resource") != "graphql" || a.header.Get("X-Ratelimit-Remaining") != "0" {
		t.Errorf("headers: %v", a.header)
	}
	a = ask(t, hub, token, `{ viewer { login } }`, nil)
	if a.status != http.StatusOK || a.at("errors.0.type") != "RATE_LIMITED" {
		t.Errorf("%d %v", a.status, a.body)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "") // its budget is another one
	rate := call(t, hub, token, "GET", "/rate_limit", "")
	if rate.at("resources.graphql.remaining") != 0.0 || rate.at("resources.core.remaining") != 4999.0 {
		t.Errorf("rate: %v", rate.body)
	}
}

// TestGraphQLOfPeople shows that a person asks as that person.
func TestGraphQLOfPeople(t *testing.T) {
	hub, repo, _, token := world(t)
	stranger := hub.Token("rob")
	if a := ask(t, hub, stranger, `{ viewer { login } }`, nil); a.at("data.viewer.login") != "rob" {
		t.Errorf("viewer: %v", a.body)
	}
	ref := push(repositoryID(t, hub, token, "acme/shop"), update{"name": "refs/heads/rob", "afterOid": repo.Branch("main")})
	if a := ask(t, hub, stranger, updateRefs, ref); a.at("data.updateRefs") != nil || repo.Branch("rob") != "" {
		t.Errorf("a stranger's push: %v", a.body)
	}
}
