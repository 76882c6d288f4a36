package githubtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// get sends a read over a connection, real or not, and reads the answer.
func get(ctx context.Context, t *testing.T, hub *githubtest.Server, transport http.RoundTripper, token string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", hub.APIURL()+"repos/acme/shop", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// transports are the ways to the server: by a socket and without.
func transports(hub *githubtest.Server) map[string]http.RoundTripper {
	return map[string]http.RoundTripper{"socket": &http.Transport{DisableKeepAlives: true}, "in memory": hub.Transport()}
}

func TestFaultForms(t *testing.T) {
	const op = "repos/get"
	minute := time.Minute
	tests := map[string]struct {
		fault      githubtest.Fault
		status     int
		says       string
		retryAfter string
	}{
		"bad credentials":  {githubtest.BadCredentials(op), 401, "Bad credentials", ""},
		"forbidden":        {githubtest.Forbidden(op), 403, "Resource not accessible by integration", ""},
		"not found":        {githubtest.NotFound(op), 404, "Not Found", ""},
		"conflict":         {githubtest.Conflict(op, "moved"), 409, "moved", ""},
		"unprocessable":    {githubtest.Unprocessable(op, "no"), 422, "no", ""},
		"429":              {githubtest.TooManyRequests(op, minute), 429, "Too many", "60"},
		"429 without":      {githubtest.TooManyRequests(op, -1), 429, "Too many", ""},
		"secondary by 403": {githubtest.SecondaryLimit(op, 403, minute), 403, "about-secondary-rate-limits", "60"},
		"secondary by 429": {githubtest.SecondaryLimit(op, 429, -1), 429, "secondary rate limit", ""},
		"500":              {githubtest.ServerError(op), 500, "Server Error", ""},
		"502":              {githubtest.BadGateway(op, githubtest.BeforeWork), 502, "<h1>502 Bad Gateway</h1>", ""},
		"own":              {githubtest.Fault{Path: "/repos/*/shop", Func: func(e *githubtest.Exchange) { e.Status, e.Answer = 418, []byte("tea") }}, 418, "tea", ""},
	}
	hub, _, _, token := world(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			set := hub.Fault(tt.fault)
			defer set.Remove()
			req, err := http.NewRequestWithContext(t.Context(), "GET", hub.APIURL()+"repos/acme/shop", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := hub.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != tt.status || !strings.Contains(string(text), tt.says) || res.Header.Get("Retry-After") != tt.retryAfter {
				t.Errorf("%d %v %s, %v", res.StatusCode, res.Header, text, err)
			}
			if set.Fired() != 1 {
				t.Errorf("fired %d times", set.Fired())
			}
		})
	}
	bare := hub.Fault(githubtest.Undocumented(githubtest.SecondaryLimit(op, 403, -1)))
	if a := call(t, hub, token, "GET", "/repos/acme/shop", ""); a.body["documentation_url"] != nil || a.status != http.StatusForbidden {
		t.Errorf("undocumented: %v", a.body)
	}
	bare.Remove()
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
}

// TestFaultOfSecondaryLimit shows that the real client knows the limit.
func TestFaultOfSecondaryLimit(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	gh := client(t, hub, hub.Install("acme", grants(), repo))
	hub.Fault(githubtest.SecondaryLimit("repos/get", http.StatusForbidden, 7*time.Second))
	_, _, err := gh.Repositories.Get(t.Context(), "acme", "shop")
	var limit *github.AbuseRateLimitError
	if !errors.As(err, &limit) || limit.GetRetryAfter() != 7*time.Second {
		t.Errorf("%v", err)
	}
}

func TestFaultCounts(t *testing.T) {
	tests := map[string]struct {
		fault githubtest.Fault
		want  string // what eight calls meet: x for the fault
	}{
		"all":      {githubtest.Fault{}, "xxxxxxxx"},
		"third":    {githubtest.Fault{Nth: 3}, "..x....."},
		"span":     {githubtest.Fault{From: 2, To: 4}, ".xxx...."},
		"every":    {githubtest.Fault{Every: 3}, "x..x..x."},
		"from":     {githubtest.Fault{From: 2, Every: 2}, ".x.x.x.x"},
		"times":    {githubtest.Fault{Times: 2}, "xx......"},
		"method":   {githubtest.Fault{Method: "POST", Optional: true}, "........"},
		"path":     {githubtest.Fault{Path: "/repos/*/*"}, "xxxxxxxx"},
		"not path": {githubtest.Fault{Path: "/repos/*", Optional: true}, "........"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hub, _, _, token := world(t)
			tt.fault.Status = http.StatusServiceUnavailable
			if tt.fault.Path == "" && tt.fault.Method == "" {
				tt.fault.Operation = "repos/get"
			}
			hub.Fault(tt.fault)
			var got strings.Builder
			for range len(tt.want) {
				mark := "."
				if call(t, hub, token, "GET", "/repos/acme/shop", "").status == http.StatusServiceUnavailable {
					mark = "x"
				}
				got.WriteString(mark)
			}
			if got.String() != tt.want {
				t.Errorf("%s, want %s", got.String(), tt.want)
			}
		})
	}
}

// TestFaultMoments shows whether the work has been done.
func TestFaultMoments(t *testing.T) {
	for name, tt := range map[string]struct {
		when  githubtest.When
		reset bool
		done  bool
	}{
		"502 before": {githubtest.BeforeWork, false, false}, "502 after": {githubtest.AfterWork, false, true},
		"reset before": {githubtest.BeforeWork, true, false}, "reset after": {githubtest.AfterWork, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			hub := githubtest.New(t, githubtest.Options{})
			repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
			gh := client(t, hub, hub.Install("acme", grants(), repo))
			fault := githubtest.BadGateway("git/create-ref", tt.when)
			if tt.reset {
				fault = githubtest.ConnectionReset("git/create-ref", tt.when)
			}
			fault.Nth = 1
			hub.Fault(fault)
			_, res, err := gh.Git.CreateRef(t.Context(), "acme", "shop", &github.Reference{
				Ref: new("refs/heads/bot"), Object: &github.GitObject{SHA: new(repo.Branch("main"))},
			})
			switch {
			case tt.reset && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF):
				t.Errorf("reset: %v", err)
			case !tt.reset && (err == nil || res == nil || res.StatusCode != http.StatusBadGateway):
				t.Errorf("502: %v", err)
			}
			if done := repo.Branch("bot") != ""; done != tt.done {
				t.Errorf("done: %v", done)
			}
		})
	}
}

func TestFaultsOfConnections(t *testing.T) {
	hub, _, _, token := world(t)
	for name, transport := range transports(hub) {
		t.Run(name, func(t *testing.T) {
			reset := hub.Fault(githubtest.ConnectionReset("repos/get", githubtest.BeforeWork))
			if _, _, err := get(t.Context(), t, hub, transport, token); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("reset: %v", err)
			}
			reset.Remove()
			cut := hub.Fault(githubtest.Truncated("repos/get", 100))
			if status, text, err := get(t.Context(), t, hub, transport, token); status != http.StatusOK || len(text) != 100 || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("truncated: %d, %d bytes, %v", status, len(text), err)
			}
			cut.Remove()

			held := hub.Fault(githubtest.Held("repos/get"))
			ctx, giveUp := context.WithCancel(t.Context())
			go func() {
				<-held.Reached()
				giveUp()
			}()
			if _, _, err := get(ctx, t, hub, transport, token); !errors.Is(err, context.Canceled) {
				t.Errorf("given up: %v", err)
			}
			held.Release()
			if status, _, err := get(t.Context(), t, hub, transport, token); status != http.StatusOK || err != nil {
				t.Errorf("released: %d, %v", status, err)
			}
			held.Remove()
		})
	}
}

func TestStaleRead(t *testing.T) {
	hub, repo, _, token := world(t)
	const path = "/repos/acme/shop/git/ref/heads/main"
	stale := hub.Fault(githubtest.StaleRead("git/get-ref"))
	before := call(t, hub, token, "GET", path, "").at("object.sha") // never read before, so it is fresh
	after := repo.Commit("main", "more", map[string]string{"c.txt": "more\n"})
	if got := call(t, hub, token, "GET", path, "").at("object.sha"); got != before || got == after {
		t.Errorf("%v is not stale", got)
	}
	stale.Remove()
	if got := call(t, hub, token, "GET", path, "").at("object.sha"); got != after {
		t.Errorf("%v is still stale", got)
	}
}

func TestFaultOfGraphQL(t *testing.T) {
	hub, repo, _, token := world(t)
	id := repositoryID(t, hub, token, "acme/shop")
	ref := push(id, update{"name": "refs/heads/new", "afterOid": repo.Branch("main")})
	fault := githubtest.GraphQLError("updateRefs", "UNPROCESSABLE", "a race")
	fault.Nth = 1
	hub.Fault(fault)
	if a := ask(t, hub, token, updateRefs, ref); a.status != http.StatusOK || a.at("errors.0.message") != "a race" || repo.Branch("new") != "" {
		t.Errorf("%d %v", a.status, a.body)
	}
	if a := ask(t, hub, token, updateRefs, ref); a.body["errors"] != nil {
		t.Errorf("%v", a.body)
	}
}

// TestFaultThatNeverHappens shows that it fails the test.
func TestFaultThatNeverHappens(t *testing.T) {
	var failures []string
	t.Run("a test", func(t *testing.T) {
		hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
		hub.Fault(githubtest.ServerError("pulls/merge"))
		hub.Fault(githubtest.Fault{Operation: "pulls/create", Optional: true})
	})
	if len(failures) != 1 || !strings.Contains(failures[0], "pulls/merge never happened") {
		t.Errorf("failures: %q", failures)
	}
}

// TestFaultsStillHoldRequestsToTheContract shows that a fault's own answer is
// not looked at, but what was asked is.
func TestFaultsStillHoldRequestsToTheContract(t *testing.T) {
	var failures []string
	hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
	i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
	hub.Fault(githubtest.BadGateway("pulls/create", githubtest.BeforeWork))
	call(t, hub, tokenOf(t, hub, i, ""), "POST", "/repos/acme/shop/pulls", `{"base":"main"}`)
	if len(failures) != 1 || !strings.Contains(failures[0], "pulls/create") {
		t.Errorf("failures: %q", failures)
	}
}

// TestHeldAfterWork shows a client that gives up on what has been done.
func TestHeldAfterWork(t *testing.T) {
	hub, repo, _, token := world(t)
	for name, transport := range transports(hub) {
		t.Run(name, func(t *testing.T) {
			branch := strings.ReplaceAll(name, " ", "-")
			held := githubtest.Held("git/create-ref")
			held.When = githubtest.AfterWork
			set := hub.Fault(held)
			defer set.Remove()
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			body := strings.NewReader(`{"ref":"refs/heads/` + branch + `","sha":"` + repo.Branch("main") + `"}`)
			req, err := http.NewRequestWithContext(ctx, "POST", hub.APIURL()+"repos/acme/shop/git/refs", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			go func() {
				<-set.Reached()
				for repo.Branch(branch) == "" { // until the work is done
					runtime.Gosched()
				}
				giveUp()
			}()
			res, err := transport.RoundTrip(req)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", res, err)
			}
			if res != nil {
				_ = res.Body.Close()
			}
		})
	}
}

// TestPathsOfGraphQLFaults shows that faults know GraphQL by its path too.
func TestPathsOfGraphQLFaults(t *testing.T) {
	hub, _, _, token := world(t)
	hub.Fault(githubtest.Fault{Path: "/graphql", Status: http.StatusBadGateway, Message: "Server Error"})
	want(t, ask(t, hub, token, `{ viewer { login } }`, nil), http.StatusBadGateway, "Server Error")
}

// TestFaultsOfOneInstallation befall no other one's calls.
func TestFaultsOfOneInstallation(t *testing.T) {
	hub, _, _, token := world(t)
	other := hub.Install("other", grants(), hub.AddRepository("other/shop", map[string]string{"a": "b"}))
	fault := githubtest.ServerError("repos/get")
	fault.Installation = other.ID
	hub.Fault(fault)
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), 200, "")
	want(t, call(t, hub, tokenOf(t, hub, other, ""), "GET", "/repos/other/shop", ""), 500, "Server Error")
}
