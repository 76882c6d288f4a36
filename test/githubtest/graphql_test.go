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
		"not implemented": {`mutation { mergePullRequest(input: {pullRequestId: "x"}) { clientMutationId } }`, http.StatusOK, 1, "Mutation.mergePullRequest is not implemented"},
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

func TestReviewDecision(t *testing.T) {
	p := proposed(t)
	token := p.hub.Token("alice")
	const query = `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewDecision mergeable mergeStateStatus isInMergeQueue } } }`
	const at = "data.repository.pullRequest."
	see := func(decision any, state string, queued bool) {
		t.Helper()
		a := ask(t, p.hub, token, query, nil)
		if a.at(at+"reviewDecision") != decision || a.at(at+"mergeStateStatus") != state || a.at(at+"isInMergeQueue") != queued {
			t.Errorf("%v, want %v %s %t", a.body, decision, state, queued)
		}
	}
	p.repo.Review(1, "alice", "APPROVED", "")
	see(nil, "CLEAN", false)
	p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{}}})
	see(nil, "CLEAN", false)
	p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 2}}})
	see("REVIEW_REQUIRED", "BLOCKED", false)
	p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no")
	see("CHANGES_REQUESTED", "BLOCKED", false)
	p.repo.Review(1, "bob", "APPROVED", "")
	see("APPROVED", "CLEAN", false)
	p.repo.CheckMergeGroup(1)
	p.send("PUT", "/pulls/1/merge", "", 405, "Pull Request is in the merge queue")
	see("APPROVED", "CLEAN", true)
	p.repo.Commit("topic", "more", map[string]string{"c.txt": "u\n"})
	see("APPROVED", "UNKNOWN", false) // who asks first is not told whether it merges
	if a := ask(t, p.hub, token, query, nil); a.at(at+"mergeable") != "MERGEABLE" {
		t.Errorf("the second time: %v", a.body)
	}
	see("APPROVED", "CLEAN", false)
}
