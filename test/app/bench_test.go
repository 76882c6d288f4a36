package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// benched is a server on a GitHub of its own.
func benched(b *testing.B, place string) (s *server.Server, url string, hub *githubtest.Server) {
	b.Helper()
	hub = githubtest.New(b, githubtest.Options{})
	database := fmt.Sprintf("file: %q", place)
	if len(place) > 8 && place[:8] == "postgres" {
		database = "url: {env: DATABASE}"
	}
	c, _, err := config.LoadServer("server.yaml", fmt.Appendf(nil, `
version: 1
github: {url: %q, appID: %d, privateKey: {env: KEY}, webhookSecret: {env: WEBHOOK}}
listen: "127.0.0.1:0"
database: {%s}
work: {drain: 5s}
`, hub.URL, hub.App.ID, database))
	if err != nil {
		b.Fatal(err)
	}
	env := map[string]string{"KEY": hub.App.PrivateKey, "WEBHOOK": webhookSecret, "DATABASE": place}
	s, err = server.New(b.Context(), server.Options{
		Config: c, Version: "test", Log: io.Discard, Getenv: func(name string) string { return env[name] }, Environ: os.Environ, Now: hub.Now,
		Unpaced: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, door) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s, "http://" + door.Addr().String(), hub
}

// BenchmarkWebhooks sends pushes of 8 kB from sixteen connections, while they are
// handled, too. It tells how many a second are stored and how long that takes.
func BenchmarkWebhooks(b *testing.B) {
	for name, at := range storetest.Places() {
		b.Run(name, func(b *testing.B) {
			_, url, _ := benched(b, at(b))
			body := fmt.Appendf(nil, `{"ref":"refs/heads/x","filler":"%s","installation":{"id":1},"repository":{"id":1,"name":"shop","full_name":"acme/shop","owner":{"login":"acme"}}}`,
				bytes.Repeat([]byte("x"), 8000))
			sum := hmac.New(sha256.New, []byte(webhookSecret))
			_, _ = sum.Write(body)
			signature := "sha256=" + hex.EncodeToString(sum.Sum(nil))
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range 16 {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/api/github/hook", bytes.NewReader(body))
						if err != nil {
							b.Error(err)
							return
						}
						req.Header.Set("Content-Type", "application/json")
						req.Header.Set("X-GitHub-Event", "push")
						req.Header.Set("X-GitHub-Delivery", strconv.FormatInt(n, 10))
						req.Header.Set("X-Hub-Signature-256", signature)
						began := time.Now()
						res, err := client.Do(req)
						if err != nil {
							b.Error(err)
							return
						}
						_, _ = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
						took[n-1] = time.Since(began)
						if res.StatusCode != http.StatusAccepted {
							b.Errorf("answered %d", res.StatusCode)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
			b.ReportMetric(float64(took[b.N/2].Milliseconds()), "ms-p50")
			b.ReportMetric(float64(took[b.N*99/100].Milliseconds()), "ms-p99")
		})
	}
}

// BenchmarkUnchanged looks again at repositories in which nothing changed, and
// which have no images to ask registries about. Without GitHub's pace.
func BenchmarkUnchanged(b *testing.B) {
	for name, at := range storetest.Places() {
		b.Run(name, func(b *testing.B) {
			const count = 200
			place := at(b)
			s, url, hub := benched(b, place)
			repos := hub.AddRepositories(count, func(n int) (string, map[string]string) {
				return fmt.Sprintf("acme/shop%d", n), map[string]string{".imageupdater.yaml": "version: 1\n", "a.yaml": "a: 1\n"}
			})
			hub.Webhook(url+"/api/github/hook", webhookSecret)
			installation := hub.Install("acme", grants(), repos...)
			installation.SetLimit(1 << 30)
			hub.Settle()
			lookedAt(b, place, count, 0)
			before := hub.Counts()
			b.ResetTimer()
			for range b.N {
				hub.Advance(3 * time.Hour) // all are due by then, and were looked at before
				since := hub.Now().UnixMilli()
				if err := s.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
				lookedAt(b, place, count, since)
			}
			b.StopTimer()
			calls := made(before, hub.Counts())
			b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "repositories/s")
			b.ReportMetric(float64(calls.Calls-calls.Free)/float64(b.N*count), "counted/repository")
			b.ReportMetric(float64(calls.Free)/float64(b.N*count), "free/repository")
		})
	}
}

// lookedAt waits until so many repositories were looked at since a time, in
// milliseconds since 1970.
func lookedAt(b *testing.B, place string, count int, since int64) {
	b.Helper()
	query := fmt.Sprintf("SELECT count(*) FROM repository WHERE done = requested AND ended_at > %d", since)
	for number(b, place, query) < count {
		time.Sleep(20 * time.Millisecond)
	}
}

// made is all that GitHub was asked between two counts.
func made(before, after map[string]githubtest.Count) (all githubtest.Count) {
	for name, n := range after {
		all.Calls, all.Free = all.Calls+n.Calls-before[name].Calls, all.Free+n.Free-before[name].Free
	}
	return all
}
