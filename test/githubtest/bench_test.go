package githubtest_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// bench is a benchmark as a stand-in needs a test.
type bench struct{ *testing.B }

func (b bench) Context() context.Context { return b.B.Context() }

// inMemoryWorld is a repository with an open pull request.
func inMemoryWorld(b *testing.B) (*githubtest.Server, *githubtest.Repository, http.RoundTripper) {
	b.Helper()
	hub := githubtest.New(bench{b}, githubtest.Options{InMemory: true})
	repo := hub.AddRepository("acme/shop", map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	repo.Commit("bot", "change", map[string]string{"c.txt": "one\n"})
	i := hub.Install("acme", grants(), repo)
	i.SetLimit(1 << 30)
	i.SetGraphQLLimit(1 << 30)
	token := tokenOf(b, hub, i, "")
	send(b, hub, authorized{hub.Transport(), token}, "POST", "/repos/acme/shop/pulls", `{"title":"T","head":"bot","base":"main"}`)
	return hub, repo, authorized{hub.Transport(), token}
}

type authorized struct {
	http.RoundTripper

	token string
}

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+a.token)
	return a.RoundTripper.RoundTrip(r)
}

func send(tb testing.TB, hub *githubtest.Server, transport http.RoundTripper, method, path, body string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, strings.TrimSuffix(hub.APIURL(), "/")+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		tb.Fatalf("%s %s: %s", method, path, res.Status)
	}
	if err := res.Body.Close(); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		githubtest.New(bench{b}, githubtest.Options{})
	}
}

func BenchmarkAddRepository(b *testing.B) {
	hub := githubtest.New(bench{b}, githubtest.Options{InMemory: true})
	n := 0
	for b.Loop() {
		n++
		hub.AddRepository(fmt.Sprintf("acme/shop%d", n), map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	}
}

func BenchmarkAddRepositories(b *testing.B) {
	hub := githubtest.New(bench{b}, githubtest.Options{InMemory: true})
	b.ResetTimer()
	many(hub, b.N)
}

// BenchmarkRead has the calls of a bot, from the cheapest to the dearest.
func BenchmarkRead(b *testing.B) {
	for _, path := range []string{
		"/repos/acme/shop", "/repos/acme/shop/git/ref/heads/main", "/repos/acme/shop/contents/c.txt",
		"/repos/acme/shop/git/trees/main?recursive=1", "/repos/acme/shop/pulls", "/repos/acme/shop/pulls/1",
		"/repos/acme/shop/pulls/1/files", "/repos/acme/shop/compare/main...bot",
	} {
		b.Run(strings.ReplaceAll(strings.TrimPrefix(path, "/repos/acme/"), "/", "."), func(b *testing.B) {
			hub, _, transport := inMemoryWorld(b)
			for b.Loop() {
				send(b, hub, transport, "GET", path, "")
			}
		})
	}
}

// BenchmarkReadTogether is the same read from many sides at once.
func BenchmarkReadTogether(b *testing.B) {
	hub, _, transport := inMemoryWorld(b)
	b.SetParallelism(8)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			send(b, hub, transport, "GET", "/repos/acme/shop/pulls/1", "")
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	writes := map[string]func(n int, head string) (method, path, body string){
		"blob": func(n int, _ string) (string, string, string) {
			return "POST", "/git/blobs", fmt.Sprintf(`{"content":"%d"}`, n)
		},
		"commit": func(n int, head string) (string, string, string) {
			return "POST", "/git/commits", fmt.Sprintf(`{"message":"%d","tree":"%s","parents":["%s"]}`, n, emptyTree, head)
		},
		"ref": func(n int, head string) (string, string, string) {
			return "POST", "/git/refs", fmt.Sprintf(`{"ref":"refs/heads/b%d","sha":"%s"}`, n, head)
		},
		"contents": func(n int, _ string) (string, string, string) {
			return "PUT", fmt.Sprintf("/contents/f%d.txt", n), `{"message":"m","content":"eA==","branch":"bot"}`
		},
		"comment": func(int, string) (string, string, string) { return "POST", "/issues/1/comments", `{"body":"b"}` },
		"title": func(n int, _ string) (string, string, string) {
			return "PATCH", "/pulls/1", fmt.Sprintf(`{"title":"%d"}`, n)
		},
	}
	for name, write := range writes {
		b.Run(name, func(b *testing.B) {
			hub, repo, transport := inMemoryWorld(b)
			head, n := repo.Branch("main"), 0
			for b.Loop() {
				n++
				method, path, body := write(n, head)
				send(b, hub, transport, method, "/repos/acme/shop"+path, body)
			}
		})
	}
}

// BenchmarkSuite is the memory that very many calls take.
func BenchmarkSuite(b *testing.B) {
	hub, _, transport := inMemoryWorld(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { send(b, hub, transport, "GET", "/repos/acme/shop", "") })
		}
		group.Wait()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-min(after.HeapAlloc, before.HeapAlloc))/(1<<20), "MiB")
}
