package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// world answers for all hosts, within a bubble of fake time.
type world struct {
	mu      sync.Mutex
	answers map[string]reply // by host
	flying  map[string]int
	most    map[string]int // that were under way at once
	sent    map[string]int
}

func newWorld() *world {
	return &world{answers: map[string]reply{}, flying: map[string]int{}, most: map[string]int{}, sent: map[string]int{}}
}

func (w *world) client(hosts ...registry.Host) *registry.Client {
	return registry.New(registry.Options{Transport: w, Hosts: hosts})
}

// RoundTrip answers as a host was told to, else as a registry that is well.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	w.mu.Lock()
	w.sent[host]++
	w.flying[host]++
	w.most[host] = max(w.most[host], w.flying[host])
	answer := w.answers[host]
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.flying[host]--
	}()
	if answer == nil || req.URL.Path == "/v2/" {
		answer = healthy
	}
	return answer(req).to(req)
}

// asked are the requests to a.example since the last time.
func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.sent["a.example"]
	w.sent["a.example"] = 0
	return n
}

// reply makes an answer.
type reply func(*http.Request) said

// said is an answer, or why there is none.
type said struct {
	status int
	body   string
	header []string // names and values
	err    error
}

func (s said) to(req *http.Request) (*http.Response, error) {
	if s.err != nil {
		return nil, s.err
	}
	resp := &http.Response{StatusCode: s.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(s.body)), Request: req, ContentLength: int64(len(s.body))}
	for i := 0; i+1 < len(s.header); i += 2 {
		resp.Header.Set(s.header[i], s.header[i+1])
	}
	return resp, nil
}

func answer(status int, body string, header ...string) said { return said{status, body, header, nil} }

func fail(err error) said { return said{err: err} }

const someManifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}`

func healthy(req *http.Request) said { return well(req) }

func well(req *http.Request, header ...string) said {
	switch {
	case strings.HasSuffix(req.URL.Path, "/tags/list"):
		return answer(200, `{"tags":["1"]}`, header...)
	case strings.Contains(req.URL.Path, "/manifests/"):
		return answer(200, someManifest, append(header, "Content-Type", ociManifest, "Docker-Content-Digest", digestOf(someManifest))...)
	}
	return answer(200, "{}", header...)
}

func always(status int, body string, header ...string) reply {
	return func(*http.Request) said { return answer(status, body, header...) }
}

func at(host string, n int) image.Repository {
	return image.Repository{Registry: host, Path: fmt.Sprintf("acme/app-%d", n)}
}

func TestRateOfAHost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		host    registry.Host
		lists   int
		seconds int
	}{
		"a typical run does not wait":  {registry.Host{Name: "a.example"}, 50 * 4, 0},
		"a long one does":              {registry.Host{Name: "a.example"}, 399, 30},
		"what the operator says":       {registry.Host{Name: "a.example", Limits: registry.Limits{PerSecond: 2, Burst: 10}}, 19, 5},
		"no limit":                     {registry.Host{Name: "a.example", Limits: registry.Limits{PerSecond: -1}}, 1500, 0},
		"the operator's own registry":  {registry.Host{Name: "a.example", AllowPrivate: true}, 1099, 1},
		"one that is known to be slow": {registry.Host{Name: "public.ecr.aws"}, 59, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newWorld().client(test.host)
				began := time.Now()
				for n := range test.lists {
					if _, err := client.Tags(t.Context(), at(test.host.Name, n)); err != nil {
						t.Fatal(err)
					}
				}
				// The version check is a request as well.
				if took := time.Since(began).Round(time.Second); took != time.Duration(test.seconds)*time.Second {
					t.Errorf("it took %s, want %ds", took, test.seconds)
				}
			})
		})
	}
}

func TestRequestsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for _, host := range []string{"slow.example", "wide.example"} {
			w.answers[host] = func(req *http.Request) said {
				time.Sleep(time.Second)
				return healthy(req)
			}
		}
		client := w.client(registry.Host{Name: "wide.example", Limits: registry.Limits{Concurrent: 10}})
		var waiting sync.WaitGroup
		for n := range 20 {
			for _, host := range []string{"slow.example", "wide.example"} {
				waiting.Go(func() {
					if _, err := client.Tags(t.Context(), at(host, n)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		synctest.Wait()
		began := time.Now()
		if _, err := client.Tags(t.Context(), at("quick.example", 1)); err != nil || time.Since(began) != 0 {
			t.Errorf("another host waited for %s, error %v", time.Since(began), err)
		}
		waiting.Wait()
		want := map[string]int{"slow.example": 4, "wide.example": 10, "quick.example": 1}
		if diff := cmp.Diff(want, w.most); diff != "" {
			t.Errorf("at once (-want +got)\n%s", diff)
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]registry.Limits{
		"for the rate": {PerSecond: 0.1, Burst: 2},
		"for a slot":   {Concurrent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answers["a.example"] = func(req *http.Request) said {
					if strings.Contains(req.URL.Path, "app-0") {
						<-req.Context().Done()
						return fail(req.Context().Err())
					}
					return healthy(req)
				}
				client := w.client(registry.Host{Name: "a.example", Limits: limits})
				blocked, release := context.WithCancel(t.Context())
				go func() { _, _ = client.Tags(blocked, at("a.example", 0)) }()
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				if _, err := client.Tags(ctx, at("a.example", 1)); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
				release()
			})
		})
	}
}

// Who would be asked only after the call has to end is told so at once.
func TestQueueThatIsTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newWorld().client(registry.Host{Name: "a.example", Limits: registry.Limits{PerSecond: 0.001, Burst: 2}})
		if _, err := client.Tags(t.Context(), at("a.example", 0)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := client.Tags(t.Context(), at("a.example", 1))
		limited, ok := errors.AsType[*registry.RateLimited](err)
		if !ok || limited.RetryAfter != 1000*time.Second || !registry.Next(err).Equal(began.Add(1000*time.Second)) || time.Since(began) != 0 {
			t.Errorf("error %v (%+v) after %s", err, limited, time.Since(began))
		}
	})
}

// TestSpareQuestions leave half of what may be pulled, of our own budget and of what the
// registry gives.
func TestSpareQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newWorld().client()
		ask := func(ctx context.Context, n int) error {
			_, err := client.Manifest(ctx, at(image.DockerHub, n), "1")
			return err
		}
		spare := registry.Spare(t.Context())
		for n := range 30 {
			if err := ask(spare, n); err != nil {
				t.Fatal(err)
			}
		}
		err := ask(spare, 30)
		if limited, ok := errors.AsType[*registry.RateLimited](err); !ok || !limited.Pulls || !registry.Postponed(err) {
			t.Fatalf("error %v", err)
		}
		for n := range 30 {
			if err := ask(t.Context(), 30+n); err != nil {
				t.Fatalf("what updates depend on has no room: %v", err)
			}
		}
		time.Sleep(6 * time.Hour)
		if err := ask(spare, 60); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

// Of what a registry says that it gives, half is kept too; for a quarter of an hour, since
// nobody else may ask it what is left now.
func TestSpareQuestionsByHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		left := 101
		w.answers["a.example"] = func(req *http.Request) said {
			left--
			return well(req, "Ratelimit-Limit", "200;w=21600", "Ratelimit-Remaining", fmt.Sprintf("%d;w=21600", left))
		}
		client := w.client()
		ask := func(ctx context.Context, n int) error {
			_, err := client.Manifest(ctx, at("a.example", n), "1")
			return err
		}
		spare := registry.Spare(t.Context())
		if err := ask(spare, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		err := ask(spare, 2)
		if limited, ok := errors.AsType[*registry.RateLimited](err); !ok || !limited.Pulls || limited.RetryAfter != 10*time.Minute {
			t.Fatalf("error %v", err)
		}
		if err := ask(t.Context(), 3); err != nil {
			t.Fatalf("what updates depend on has no room: %v", err)
		}
		time.Sleep(15 * time.Minute)
		if err := ask(spare, 4); err != nil {
			t.Errorf("nobody knows what is left now: %v", err)
		}
	})
}

func TestBudgetOfPulls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newWorld().client()
		hub := func(n int) error {
			_, err := client.Manifest(t.Context(), at(image.DockerHub, n), "1")
			return err
		}
		for n := range 60 {
			if err := hub(n); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		err := hub(60)
		limited, ok := errors.AsType[*registry.RateLimited](err)
		if !ok || limited.RetryAfter != 5*time.Hour || limited.Host != image.DockerHub || !strings.Contains(err.Error(), "the budget of 60 pulls in 6h0m0s is used up: try again in 5h0m0s") {
			t.Fatalf("error %v (%+v)", err, limited)
		}
		if !limited.Pulls || !registry.Postponed(err) {
			t.Error("it does not say that it is about pulls")
		}
		if next := registry.Next(err); !next.Equal(time.Now().Add(5 * time.Hour)) {
			t.Errorf("it says to go on at %s", next)
		}
		if _, err := client.Digest(t.Context(), at(image.DockerHub, 60), "1"); err != nil {
			t.Errorf("asking for a digest is no pull: %v", err)
		}
		if _, err := client.Tags(t.Context(), at(image.DockerHub, 60)); err != nil {
			t.Errorf("listing is no pull: %v", err)
		}
		if _, err := client.Manifest(t.Context(), at("a.example", 60), "1"); err != nil {
			t.Errorf("another host does not count: %v", err)
		}
		if diff := cmp.Diff([]registry.Left{{Host: image.DockerHub, Limit: -1, Budget: 60, BudgetReset: time.Now().Add(5 * time.Hour)}}, client.LimitsLeft()); diff != "" {
			t.Errorf("left (-want +got)\n%s", diff)
		}
		time.Sleep(limited.RetryAfter)
		if err := hub(60); err != nil {
			t.Errorf("when the first one is forgotten: %v", err)
		}
		if err := hub(61); err == nil {
			t.Error("two were got for one that was forgotten")
		}
	})
}

func TestBudgetOfWhom(t *testing.T) {
	t.Parallel()
	own := registry.Host{Name: "a.example", Limits: registry.Limits{Budget: 2, BudgetWindow: time.Hour}}
	for name, test := range map[string]struct {
		host        string
		hosts       []registry.Host
		credentials registry.Credentials
		pulls       int // that are allowed, of 80
	}{
		"anonymous at Docker Hub":          {image.DockerHub, nil, nil, 60},
		"with an account":                  {image.DockerHub, nil, keys{"": alice()}, 80},
		"the operator says there is none":  {image.DockerHub, []registry.Host{{Name: image.DockerHub, Limits: registry.Limits{Budget: -1}}}, nil, 80},
		"the operator says less":           {image.DockerHub, []registry.Host{{Name: image.DockerHub, Limits: registry.Limits{Budget: 5}}}, keys{"": alice()}, 5},
		"any host":                         {"b.example", nil, nil, 80},
		"any host with one, by each of us": {"a.example", []registry.Host{own}, keys{"a.example/acme/app-0": alice()}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := registry.New(registry.Options{Transport: newWorld(), Hosts: test.hosts, Credentials: test.credentials})
				pulls := 0
				for n := range 80 {
					if _, err := client.Manifest(t.Context(), at(test.host, n), "1"); err == nil {
						pulls++
					}
				}
				if pulls != test.pulls {
					t.Errorf("%d pulls, want %d", pulls, test.pulls)
				}
			})
		})
	}
}

func TestWhatTheRegistrySaysIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		left := 30
		w.answers["index.docker.io"] = func(req *http.Request) said {
			if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/manifests/") {
				left--
			}
			return well(req, "Ratelimit-Limit", "200;w=21600", "Ratelimit-Remaining", fmt.Sprintf("%d;w=21600", left))
		}
		client := registry.New(registry.Options{Transport: w, Credentials: keys{"": alice()}})
		pulls := 0
		for range 20 {
			if _, err := client.Manifest(t.Context(), at(image.DockerHub, 1), "1"); err != nil {
				break
			}
			pulls++
		}
		if pulls != 10 {
			t.Errorf("%d pulls, want to leave a tenth to others", pulls)
		}
		_, err := client.Manifest(t.Context(), at(image.DockerHub, 1), "1")
		limited, ok := errors.AsType[*registry.RateLimited](err)
		if !ok || limited.RetryAfter != 15*time.Minute || !strings.Contains(err.Error(), "20 of its 200 pulls are left") {
			t.Errorf("error %v (%+v)", err, limited)
		}
		want := []registry.Left{{Host: image.DockerHub, Identity: "alice", Limit: 200, Remaining: 20, Window: 6 * time.Hour, At: time.Now(), Reset: time.Now().Add(6 * time.Hour)}}
		if diff := cmp.Diff(want, client.LimitsLeft()); diff != "" {
			t.Errorf("left (-want +got)\n%s", diff)
		}
		left = 150 // as a question that is no pull tells
		if _, err := client.Digest(t.Context(), at(image.DockerHub, 1), "1"); err != nil {
			t.Error(err)
		}
		if _, err := client.Manifest(t.Context(), at(image.DockerHub, 1), "1"); err != nil {
			t.Errorf("there are more again: %v", err)
		}
	})
}

func TestTwoKindsOf429(t *testing.T) {
	t.Parallel()
	const atLength = `{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limits"}]}`
	for name, test := range map[string]struct {
		answer reply
		pause  time.Duration
		rest   bool // whether all else goes on
	}{
		"pulls, by words":     {always(429, atLength), 15 * time.Minute, true},
		"pulls, by headers":   {always(429, "", "Ratelimit-Limit", "100;w=21600", "Ratelimit-Remaining", "0;w=21600"), 15 * time.Minute, true},
		"pulls, with a time":  {always(429, atLength, "Retry-After", "60"), time.Minute, true},
		"abuse":               {always(429, "Too Many Requests"), 30 * time.Second, false},
		"abuse, with a time":  {always(429, "Too Many Requests", "Retry-After", "120"), 2 * time.Minute, false},
		"not to be disturbed": {always(503, "", "Retry-After", "300"), 5 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answers["a.example"] = func(req *http.Request) said {
					if strings.Contains(req.URL.Path, "/manifests/") && req.Method == http.MethodGet {
						return test.answer(req)
					}
					return healthy(req)
				}
				shared := cooldowns{}
				process := func() *registry.Client {
					return registry.New(registry.Options{Transport: w, Cooldowns: &shared})
				}
				client, others := process(), process()
				for _, client := range []*registry.Client{client, client, others} {
					_, err := client.Manifest(t.Context(), at("a.example", 1), "1")
					limited, ok := errors.AsType[*registry.RateLimited](err)
					if !ok || limited.RetryAfter != test.pause {
						t.Errorf("error %v (%+v)", err, limited)
					}
				}
				want := 2
				if test.rest {
					want++ // the other one says hello
				}
				if sent := w.asked(); sent != want {
					t.Errorf("%d requests were sent", sent)
				}
				if _, err := others.Digest(t.Context(), at("a.example", 2), "1"); (err == nil) != test.rest {
					t.Errorf("another process asking for a digest: %v", err)
				}
				if _, err := client.Digest(t.Context(), at("a.example", 2), "1"); (err == nil) != test.rest {
					t.Errorf("asking for a digest: %v", err)
				}
				time.Sleep(test.pause)
				w.answers["a.example"] = nil
				if _, err := client.Digest(t.Context(), at("a.example", 2), "1"); err != nil {
					t.Errorf("after the pause: %v", err)
				}
			})
		})
	}
}

// cooldowns are shared by processes.
type cooldowns struct{ until sync.Map }

func (c *cooldowns) Until(_ context.Context, name string) time.Time {
	until, _ := c.until.Load(name)
	at, _ := until.(time.Time)
	return at
}

func (c *cooldowns) Extend(_ context.Context, name string, until time.Time) {
	c.until.Store(name, until)
}

// A registry that says no more than 429 is left alone for longer each time.
func TestPausesGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.answers["a.example"] = always(429, "")
		client := w.client()
		for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
			_, err := client.Tags(t.Context(), at("a.example", 1))
			limited, ok := errors.AsType[*registry.RateLimited](err)
			if !ok || limited.RetryAfter != want {
				t.Fatalf("error %v (%+v), want %s", err, limited, want)
			}
			time.Sleep(want)
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	refused := func(*http.Request) said { return fail(syscall.ECONNREFUSED) }
	silent := func(req *http.Request) said {
		<-req.Context().Done()
		return fail(req.Context().Err())
	}
	for name, test := range map[string]struct {
		answer reply
		cause  error
		calls  int // until it opens
		sent   int
	}{
		"nobody is there":   {refused, syscall.ECONNREFUSED, 5, 6},
		"nobody answers":    {silent, registry.ErrTimeout, 5, 6},
		"it is out of work": {always(503, ""), nil, 2, 6}, // three attempts, then two
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answers["a.example"] = test.answer
				client := w.client()
				list := func(n int) error { _, err := client.Tags(t.Context(), at("a.example", n)); return err }
				for n := range test.calls {
					if err := list(n); err == nil {
						t.Fatal("no error")
					}
				}
				began := time.Now()
				for n := range 10 {
					down, ok := errors.AsType[*registry.Unavailable](list(n))
					if !ok || down.Host != "a.example" || time.Since(began) != 0 || down.Next.Sub(began).Round(2*time.Second) != 30*time.Second || test.cause != nil && !errors.Is(down, test.cause) {
						t.Fatalf("%+v after %s", down, time.Since(began))
					}
				}
				if sent := w.asked(); sent != test.sent {
					t.Errorf("%d requests, want %d", sent, test.sent)
				}
				if _, err := client.Tags(t.Context(), at("b.example", 1)); err != nil {
					t.Errorf("another host: %v", err)
				}
				time.Sleep(30 * time.Second)
				if err := list(1); err == nil {
					t.Error("it is still down")
				}
				if sent := w.asked(); sent != 1 {
					t.Errorf("%d requests to find out, want 1", sent)
				}
				w.answers["a.example"] = nil
				time.Sleep(59 * time.Second)
				if err := list(1); err == nil {
					t.Error("the second rest is no longer than the first")
				}
				time.Sleep(time.Second)
				for n := range 3 {
					if err := list(n); err != nil {
						t.Errorf("it is up again: %v", err)
					}
				}
			})
		})
	}
}

// A repository of which every request fails does not shut the host for others.
func TestBreakerIsNotForOneRepository(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.answers["a.example"] = func(req *http.Request) said {
			if strings.Contains(req.URL.Path, "app-0/") {
				return answer(500, "")
			}
			return healthy(req)
		}
		client := w.client()
		for range 10 {
			_, err := client.Tags(t.Context(), at("a.example", 0))
			if _, down := errors.AsType[*registry.Unavailable](err); down || err == nil {
				t.Fatalf("error %v", err)
			}
		}
		if _, err := client.Tags(t.Context(), at("a.example", 1)); err != nil {
			t.Error(err)
		}
	})
}

// Of all who wait for a host that may be up again, one finds out.
func TestBreakerLetsOneThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.answers["a.example"] = func(*http.Request) said { return fail(syscall.ECONNREFUSED) }
		client := w.client()
		for n := range 5 {
			_, _ = client.Tags(t.Context(), at("a.example", n))
		}
		time.Sleep(30 * time.Second)
		w.asked()
		w.answers["a.example"] = func(req *http.Request) said {
			<-req.Context().Done()
			return fail(req.Context().Err())
		}
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for n := range 10 {
			waiting.Go(func() { _, _ = client.Tags(ctx, at("a.example", n)) })
		}
		synctest.Wait()
		cancel()
		waiting.Wait()
		if sent := w.asked(); sent != 1 {
			t.Errorf("%d requests were sent", sent)
		}
		w.answers["a.example"] = nil
		if _, err := client.Tags(t.Context(), at("a.example", 1)); err != nil {
			t.Errorf("who found out had to go, the next one may ask: %v", err)
		}
	})
}

// Those that were under way together say once that it was too much.
func TestTogetherRefusedIsRefusedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var arrived sync.WaitGroup
		const together = 8
		arrived.Add(together)
		client := registry.New(registry.Options{
			Hosts: []registry.Host{{Name: "registry.lan", AllowPrivate: true}},
			Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				status := http.StatusTooManyRequests
				if req.URL.Path == "/v2/" {
					status = http.StatusOK
				} else {
					arrived.Done()
					arrived.Wait()
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
			}),
		})
		var asked sync.WaitGroup
		for i := range together {
			asked.Go(func() {
				_, err := client.Digest(t.Context(), image.Repository{Registry: "registry.lan", Path: fmt.Sprint("acme/app-", i)}, "1")
				var limited *registry.RateLimited
				if !errors.As(err, &limited) || limited.RetryAfter > 30*time.Second {
					t.Errorf("app %d: %v", i, err)
				}
			})
		}
		asked.Wait()
	})
}

// What a host wants to be left alone for is not forgotten for those that want
// nothing, however many there are.
func TestPausesOutliveManyHosts(t *testing.T) {
	t.Parallel()
	const many = 1100
	spent := func(req *http.Request) said {
		return well(req, "RateLimit-Limit", "100;w=21600", "RateLimit-Remaining", "9;w=21600")
	}
	crowd := func(t *testing.T, client *registry.Client) {
		t.Helper()
		for n := range many {
			if _, err := client.Tags(t.Context(), at(fmt.Sprintf("h%d.example", n), 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		answer reply
		times  int
		host   string
	}{
		"a pause":           {always(429, "", "Retry-After", "3600"), 1, "a.example"},
		"a rest":            {func(*http.Request) said { return fail(syscall.ECONNREFUSED) }, 5, "a.example"},
		"a budget":          {nil, 60, image.DockerHub},
		"few pulls left":    {spent, 1, "a.example"},
		"few left at a hub": {spent, 1, image.DockerHub},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answers[strings.ReplaceAll(test.host, image.DockerHub, "index.docker.io")] = test.answer
				client := w.client()
				for n := range test.times {
					_, _ = client.Manifest(t.Context(), at(test.host, n), "1")
				}
				crowd(t, client)
				before := client.Requests()[test.host].Get
				_, err := client.Manifest(t.Context(), at(test.host, 99), "1")
				if err == nil || client.Requests()[test.host].Get != before {
					t.Errorf("it was asked, error %v", err)
				}
			})
		})
	}
}

// Who makes a thousand hosts want a pause makes us forget those that want it least,
// and neither takes up room without end nor shuts the others.
func TestPausesOfTooManyHosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 1010
		w := newWorld()
		client := w.client()
		name := func(n int) string { return fmt.Sprintf("h%d.example", n) }
		for n := range many {
			w.answers[name(n)] = always(429, "", "Retry-After", strconv.Itoa(3599-n))
			if _, err := client.Tags(t.Context(), at(name(n), 1)); err == nil {
				t.Fatal("no pause")
			}
		}
		if _, err := client.Tags(t.Context(), at("new.example", 1)); err != nil {
			t.Errorf("a host that wants no pause: %v", err)
		}
		asked := 0
		for n := range many {
			before := w.sent[name(n)]
			_, _ = client.Tags(t.Context(), at(name(n), 2))
			if again := w.sent[name(n)] > before; again {
				asked++
				if n < 980 {
					t.Errorf("%s was asked within its pause", name(n))
				}
			}
		}
		if asked == 0 {
			t.Error("all are remembered")
		}
	})
}

// Each host and identity is there once, or no collector of metrics could take them.
func TestLimitsLeftOfEachOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.answers["a.example"] = always(307, "", "Location", "https://index.docker.io/v2/acme/app-1/manifests/1")
		client := w.client()
		began := time.Now()
		for _, host := range []string{"a.example", image.DockerHub, image.DockerHub} {
			if _, err := client.Manifest(t.Context(), at(host, 1), "1"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		want := []registry.Left{{Host: image.DockerHub, Limit: -1, Budget: 60, BudgetLeft: 58, BudgetReset: began.Add(7 * time.Hour)}}
		if diff := cmp.Diff(want, client.LimitsLeft()); diff != "" {
			t.Errorf("left (-want +got)\n%s", diff)
		}
		time.Sleep(4*time.Hour + time.Minute)
		if got := client.LimitsLeft(); got[0].BudgetLeft != 59 || !got[0].BudgetReset.Equal(began.Add(8*time.Hour)) {
			t.Errorf("later: %+v", got)
		}
	})
}

// Who does not tell what time it is there means ours.
func TestPauseUntilATimeOfOurs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		until := time.Now().Add(20 * time.Minute)
		for name, header := range map[string][]string{
			"date":       {"Retry-After", until.UTC().Format(http.TimeFormat)},
			"docker hub": {"X-Retry-After", strconv.FormatInt(until.Unix(), 10)},
		} {
			w := newWorld()
			w.answers["a.example"] = always(429, "", header...)
			_, err := w.client().Tags(t.Context(), at("a.example", 1))
			if limited, ok := errors.AsType[*registry.RateLimited](err); !ok || limited.RetryAfter != 20*time.Minute {
				t.Errorf("%s: error %v", name, err)
			}
		}
	})
}
