package githubtest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestPrimaryLimit shows which calls cost what, and when the hour is new.
func TestPrimaryLimit(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		hub := githubtest.New(t, githubtest.Options{Rates: githubtest.Rates{Status: status}})
		repo := hub.AddRepository("acme/shop", map[string]string{"c.txt": "see\n"})
		i := hub.Install("acme", grants(), repo)
		token := tokenOf(t, hub, i, "")
		i.SetLimit(3)
		read := func(etag string) answer {
			t.Helper()
			return call(t, hub, token, "GET", "/repos/acme/shop/contents/c.txt", "", "If-None-Match", etag)
		}
		a := read("")
		for range 5 {
			if free := read(a.header.Get("Etag")); free.status != http.StatusNotModified || free.header.Get("X-Ratelimit-Remaining") != "2" {
				t.Errorf("a 304 was counted: %d %v", free.status, free.header)
			}
		}
		repo.Commit("main", "more", map[string]string{"c.txt": "more\n"})
		if fresh := read(a.header.Get("Etag")); fresh.status != http.StatusOK || fresh.header.Get("X-Ratelimit-Remaining") != "1" {
			t.Errorf("a conditional call that was answered was not counted: %d %v", fresh.status, fresh.header)
		}
		want(t, call(t, hub, token, "GET", "/repos/acme/shop/contents/none", ""), http.StatusNotFound, "")
		over := read("")
		want(t, over, status, fmt.Sprintf("API rate limit exceeded for installation ID %d.", i.ID))
		reset := strconv.FormatInt(hub.Now().Add(time.Hour).Truncate(time.Second).Unix(), 10)
		if over.header.Get("X-Ratelimit-Remaining") != "0" || over.header.Get("X-Ratelimit-Reset") > reset {
			t.Errorf("headers: %v", over.header)
		}
		rate := call(t, hub, token, "GET", "/rate_limit", "")
		want(t, rate, http.StatusOK, "")
		if rate.at("rate.used") != 3.0 || rate.at("rate.remaining") != 0.0 {
			t.Errorf("rate: %v", rate.body)
		}
		want(t, call(t, hub, jwt(t, hub, nil), "GET", "/app", ""), http.StatusOK, "") // counted apart
		hub.Advance(time.Hour)
		token = tokenOf(t, hub, i, "")
		if fresh := read(""); fresh.header.Get("X-Ratelimit-Used") != "1" {
			t.Errorf("a new hour: %v", fresh.header)
		}
	}
}

func TestAnonymousLimit(t *testing.T) {
	hub, _, _, _ := world(t)
	for range 60 {
		want(t, call(t, hub, "", "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	}
	want(t, call(t, hub, "", "GET", "/repos/acme/shop", ""), http.StatusForbidden, "API rate limit exceeded for 127.0.0.1")
}

// TestSecondaryLimits counts up to each of them; the clock is still.
func TestSecondaryLimits(t *testing.T) {
	now := time.Now()
	comment := func(t *testing.T, hub *githubtest.Server, token string) answer {
		t.Helper()
		return call(t, hub, token, "POST", "/repos/acme/shop/issues/1/comments", `{"body":"b"}`)
	}
	status := func(t *testing.T, hub *githubtest.Server, token string) answer {
		t.Helper()
		return call(t, hub, token, "GET", "/repos/acme/shop", "")
	}
	label := func(t *testing.T, hub *githubtest.Server, token string) answer {
		t.Helper()
		return call(t, hub, token, "POST", "/repos/acme/shop/issues/1/labels", `{"labels":["x"]}`)
	}
	viewer := func(t *testing.T, hub *githubtest.Server, token string) answer {
		t.Helper()
		return ask(t, hub, token, `{ viewer { login } }`, nil)
	}
	tests := map[string]struct {
		call func(*testing.T, *githubtest.Server, string) answer
		good int // how many are good in a minute
	}{
		"content": {comment, 79}, "reads": {status, 900 - 5}, "writes": {label, (900 - 5) / 5}, "GraphQL": {viewer, 2000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			hub := githubtest.New(t, githubtest.Options{
				InMemory: true, Now: func() time.Time { return now }, Rates: githubtest.Rates{Enforce: true},
			})
			i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
			token := tokenOf(t, hub, i, "")
			want(t, call(t, hub, token, "POST", "/repos/acme/shop/issues", `{"title":"t"}`), http.StatusCreated, "")
			for n := range tt.good {
				if a := tt.call(t, hub, token); a.status >= http.StatusBadRequest {
					t.Fatalf("call %d of %d: %d %s", n+1, tt.good, a.status, a.message())
				}
			}
			over := tt.call(t, hub, token)
			want(t, over, http.StatusForbidden, "You have exceeded a secondary rate limit")
			if over.header.Get("Retry-After") != "60" || over.header.Get("X-Ratelimit-Remaining") == "0" {
				t.Errorf("headers: %v", over.header)
			}
			hub.Advance(time.Minute)
			if a := tt.call(t, hub, token); a.status >= http.StatusBadRequest {
				t.Errorf("a minute later: %d %s", a.status, a.message())
			}
			hub.EnforceLimits(false)
			for range tt.good + 1 {
				if a := tt.call(t, hub, token); a.status >= http.StatusBadRequest {
					t.Fatalf("not enforced: %d %s", a.status, a.message())
				}
			}
		})
	}
}

func TestContentOfAnHour(t *testing.T) {
	now := time.Now()
	hub := githubtest.New(t, githubtest.Options{InMemory: true, Now: func() time.Time { return now }})
	hub.EnforceLimits(true)
	i := hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"a": "b"}))
	token := tokenOf(t, hub, i, "")
	for range 500 {
		want(t, call(t, hub, token, "POST", "/repos/acme/shop/issues", `{"title":"t"}`), http.StatusCreated, "")
		hub.Advance(time.Second)
	}
	hub.Advance(time.Minute)
	want(t, call(t, hub, token, "POST", "/repos/acme/shop/issues", `{"title":"t"}`), http.StatusForbidden, "secondary rate limit")
	u := i.Usage()
	if u.Content != 60 || u.ContentHour != 501 || u.Writes != 60 || u.MinSpacing != time.Second || u.Concurrent != 1 || u.Points != 300 {
		t.Errorf("usage: %+v", u)
	}
	if worst := hub.Worst(); worst.MinSpacing != time.Second || worst.Calls != 502 {
		t.Errorf("worst: %+v", worst)
	}
	if all := hub.Limits(); all["app"].Calls != 1 || len(all) != 2 {
		t.Errorf("all: %+v", all)
	}
}

func TestConcurrencyLimit(t *testing.T) {
	hub, _, i, token := world(t)
	hub.EnforceLimits(true)
	held := hub.Fault(githubtest.Fault{Operation: "repos/get", Hold: true, To: 100})
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if status, _, err := get(t.Context(), t, hub, hub.Transport(), token); status != http.StatusOK {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
	if err := held.Await(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusForbidden, "secondary rate limit")
	held.Release()
	group.Wait()
	want(t, call(t, hub, token, "GET", "/repos/acme/shop", ""), http.StatusOK, "")
	if u := i.Usage(); u.Concurrent != 101 {
		t.Errorf("usage: %+v", u)
	}
}
