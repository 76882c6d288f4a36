package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

const (
	hookPath = "/api/github/hook"
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func signature(of func() hash.Hash, secret string, body []byte) string {
	mac := hmac.New(of, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// delivered is a webhook of GitHub's; change may spoil it.
func delivered(t *testing.T, a *app, event, id string, body []byte, change func(http.Header)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+hookPath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {jsonType}, "X-Github-Event": {event}, "X-Github-Delivery": {id},
		"X-Hub-Signature-256": {"sha256=" + signature(sha256.New, webhookSecret, body)},
	}
	if change != nil {
		change(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// stored is how many jobs of webhooks a database has, whatever became of them.
func stored(t *testing.T, a *app) int {
	t.Helper()
	return int(sum(a.numbers(), "imageupdater_jobs", `kind="delivery"`))
}

// pushTo is the payload of a push to a repository's default branch.
func pushTo(repo *githubtest.Repository, installation int64) []byte {
	return fmt.Appendf(nil, `{"ref": "refs/heads/main", "before": "%040d", "after": "%040d", "installation": {"id": %d},
		"sender": {"login": "ann", "id": 7, "type": "User"},
		"repository": {"id": %d, "name": %q, "full_name": %q, "default_branch": "main", "owner": {"login": %q}}}`,
		1, 2, installation, repo.ID, repo.Name, repo.FullName(), repo.Owner)
}

func TestIntakeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	w.hub.Settle()
	body := []byte(`{"zen": "x"}`)
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	without := func(name string) func(http.Header) { return func(h http.Header) { h.Del(name) } }
	tests := map[string]struct {
		body   []byte
		change func(http.Header)
		status int
		says   string
	}{
		"no signature":        {body, without("X-Hub-Signature-256"), 401, "signature"},
		"of another body":     {[]byte(`{}`), set("X-Hub-Signature-256", "sha256="+signature(sha256.New, webhookSecret, body)), 401, "signature"},
		"of another secret":   {body, set("X-Hub-Signature-256", "sha256="+signature(sha256.New, "other", body)), 401, "signature"},
		"of the empty secret": {body, set("X-Hub-Signature-256", "sha256="+signature(sha256.New, "", body)), 401, "signature"},
		"empty signature":     {body, set("X-Hub-Signature-256", ""), 401, "signature"},
		"no hex":              {body, set("X-Hub-Signature-256", "sha256=zz"), 401, "signature"},
		"SHA-1 by its name":   {body, set("X-Hub-Signature-256", "sha1="+signature(sha1.New, webhookSecret, body)), 401, "signature"},
		"SHA-1 alone": {body, func(h http.Header) {
			h.Del("X-Hub-Signature-256")
			h.Set("X-Hub-Signature", "sha1="+signature(sha1.New, webhookSecret, body))
		}, 401, "signature"},
		"no id":                {body, without("X-GitHub-Delivery"), 400, "X-GitHub-Delivery"},
		"endless id":           {body, set("X-GitHub-Delivery", strings.Repeat("x", 300)), 400, "X-GitHub-Delivery"},
		"no event":             {body, without("X-GitHub-Event"), 400, "X-GitHub-Event"},
		"no content type":      {body, without("Content-Type"), 415, formType},
		"another content type": {body, set("Content-Type", "text/xml"), 415, formType},
		"broken content type":  {body, set("Content-Type", "application/json; x"), 415, formType},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, text := delivered(t, a, "push", "refused-"+name, test.body, test.change)
			if status != test.status || !strings.Contains(text, test.says) {
				t.Errorf("%d %s, want %d with %q", status, text, test.status, test.says)
			}
		})
	}
	t.Cleanup(func() {
		if n := stored(t, a); n != 0 {
			t.Errorf("%d are stored that were refused", n)
		}
	})
}

// TestIntakeAnswers is what GitHub gets for what is authentic.
func TestIntakeAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	repo := w.hub.AddRepository("acme/shop", map[string]string{
		".imageupdater.yaml": "version: 1\n", "web.yaml": deployment(w.registry.Host() + "/acme/web:1.1.0"),
	})
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	before := a.settled(w.hub, "acme/shop")
	n := stored(t, a)
	push := pushTo(repo, installation.ID)
	for _, test := range []struct {
		name, event, id string
		body            []byte
		content         string
		status, stored  int
	}{
		{"ping", "ping", "one", []byte(`{"zen": "x"}`), jsonType, 204, 0},
		{"unknown", "marketplace_purchase", "two", []byte(`{}`), jsonType, 204, 0},
		{"not JSON", "push", "three", []byte(`{"ref`), jsonType, 202, 1}, // authentic: to send it again would not help
		{"push", "push", "four", push, jsonType, 202, 1},
		{"the same again", "push", "four", push, jsonType, 202, 0},
		{"a form", "push", "five", []byte(url.Values{"payload": {string(push)}}.Encode()), formType, 202, 1},
		{"charset", "push", "six", push, "application/json; charset=utf-8", 202, 1},
	} {
		status, text := delivered(t, a, test.event, test.id, test.body, func(h http.Header) { h.Set("Content-Type", test.content) })
		now := stored(t, a)
		if status != test.status || now-n != test.stored {
			t.Errorf("%s: %d %q and %d more stored, want %d and %d", test.name, status, text, now-n, test.status, test.stored)
		}
		n = now
	}
	until(t, "the pushes had their effect", func() bool {
		after := a.shown("acme/shop")
		return !after.Looking && after.Result.State == before.Result.State &&
			sum(a.numbers(), "imageupdater_jobs", `kind="delivery"`, `state="completed"`) == float64(n)
	})
	for path, status := range map[string]int{hookPath: 405, "/api/github": 404, hookPath + "/x": 404, "/": 404, "/api/v1": 404} {
		if got, _ := a.call(http.MethodGet, path, "", ""); got != status {
			t.Errorf("GET %s: %d, want %d", path, got, status)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodOptions, http.MethodDelete} {
		if got, _ := a.call(method, hookPath, "", "{}"); got != 405 {
			t.Errorf("%s: %d, want 405", method, got)
		}
	}
}

// endless is a body that never ends, and counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

// TestIntakeOfLargeBodies sends what GitHub would never send.
func TestIntakeOfLargeBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	w.hub.Settle()
	const most = 25 << 20
	for name, length := range map[string]int64{"told": most + 1, "not told": -1} {
		body := &endless{}
		req := request(t, io.NopCloser(body))
		req.ContentLength = length
		answer := &answered{header: http.Header{}}
		a.Handler().ServeHTTP(answer, req)
		if answer.status != http.StatusRequestEntityTooLarge || length > 0 && body.read > 0 || body.read > most+most {
			t.Errorf("%s: %d after %d bytes", name, answer.status, body.read)
		}
	}
	if n := stored(t, a); n != 0 {
		t.Errorf("%d are stored", n)
	}
}

// waiting is a body that says when it is read, and comes when it may.
type waiting struct{ began, may chan struct{} }

func (b waiting) Read([]byte) (int, error) {
	b.began <- struct{}{}
	<-b.may
	return 0, io.EOF
}

// TestIntakeIsBounded holds no more than it has room for before it knows whose the
// webhooks are, and large ones keep no small ones out.
func TestIntakeIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	w.hub.Settle()
	send := func(length int64, body io.Reader) int {
		req, answer := request(t, io.NopCloser(body)), &answered{header: http.Header{}}
		req.ContentLength = length
		a.Handler().ServeHTTP(answer, req)
		return answer.status
	}
	const most = 25 << 20
	body := waiting{make(chan struct{}), make(chan struct{})}
	statuses := make(chan int)
	lengths := []int64{most, most, -1, most, most}
	for _, length := range lengths {
		go func() { statuses <- send(length, body) }()
		<-body.began
	}
	for _, length := range []int64{most, -1} {
		if got := send(length, http.NoBody); got != http.StatusServiceUnavailable {
			t.Errorf("%d bytes too many: %d, want 503", length, got)
		}
	}
	if got := send(1000, http.NoBody); got != http.StatusUnauthorized {
		t.Errorf("a small one: %d, want 401", got)
	}
	close(body.may)
	for range lengths {
		if got := <-statuses; got != http.StatusUnauthorized {
			t.Errorf("a large one: %d, want 401", got)
		}
	}
	if got := send(most, http.NoBody); got != http.StatusUnauthorized {
		t.Errorf("when there is room again: %d, want 401", got)
	}
}

func request(t *testing.T, body io.ReadCloser) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://app"+hookPath, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {jsonType}, "X-Github-Event": {"push"}, "X-Github-Delivery": {"x"},
		"X-Hub-Signature-256": {"sha256=" + strings.Repeat("0", 64)},
	}
	return req
}

// answered keeps an answer.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answered) Header() http.Header { return a.header }
func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answered) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// TestIntakeWithoutDatabase loses the database while GitHub sends, and finds all of
// it when GitHub sends again.
func TestIntakeWithoutDatabase(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := at(t)
			t.Helper()
			w := newWorld(t, place, githubtest.Options{})
			if err := w.registry.Push("acme/web", "1.0.0", "1.1.0"); err != nil {
				t.Fatal(err)
			}
			repo := w.hub.AddRepository("acme/shop", map[string]string{
				".imageupdater.yaml": "version: 1\n", "web.yaml": deployment(w.registry.Host() + "/acme/web:1.0.0"),
			})
			broken, err := server.New(t.Context(), w.options(""))
			if err != nil {
				t.Fatal(err)
			}
			if err := broken.Close(); err != nil {
				t.Fatal(err)
			}
			body := []byte(`{}`)
			for what, code := range map[string]int{"/readyz": 503, "/healthz": 200} {
				answer := &answered{header: http.Header{}}
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app"+what, http.NoBody)
				broken.Handler().ServeHTTP(answer, req)
				if answer.status != code {
					t.Errorf("%s: %d %s, want %d", what, answer.status, &answer.body, code)
				}
			}
			req := request(t, io.NopCloser(bytes.NewReader(body)))
			req.Header.Set("X-Hub-Signature-256", "sha256="+signature(sha256.New, webhookSecret, body))
			answer := &answered{header: http.Header{}}
			broken.Handler().ServeHTTP(answer, req)
			if answer.status != http.StatusServiceUnavailable {
				t.Errorf("%d %s, want 503", answer.status, &answer.body)
			}
			// The same, by GitHub: what it sends while there is no database is sent again.
			front := &http.Server{Handler: broken.Handler(), ReadHeaderTimeout: time.Second}
			listener := listen(t)
			go func() { _ = front.Serve(listener) }()
			t.Cleanup(func() { _ = front.Close() })
			w.hub.Webhook("http://"+listener.Addr().String()+hookPath, webhookSecret)
			w.hub.Install("acme", grants(), repo)
			w.hub.Settle()
			a := w.start("", func(o *server.Options) { o.Replica = "second" })
			w.hub.Settle()
			w.hub.Advance(2 * time.Hour)
			a.Housekeep(t.Context())
			if n := sum(a.numbers(), "imageupdater_webhooks_redelivered_total"); n == 0 {
				t.Error("nothing was asked for again")
			}
			if got := a.settled(w.hub, "acme/shop"); len(got.Result.Updates) != 1 {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestReadyWhileStopping holds what runs, so that the server has to wait for it.
func TestReadyWhileStopping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	a := w.start("")
	if status, text := a.call(http.MethodGet, "/readyz", "", ""); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	a.stop()
	answer := &answered{header: http.Header{}}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app/readyz", http.NoBody)
	a.Handler().ServeHTTP(answer, req)
	if answer.status != http.StatusServiceUnavailable || !strings.Contains(answer.body.String(), "stopping") {
		t.Errorf("%d %s", answer.status, &answer.body)
	}
}

// slowly is a listener for one caller, who sends a part of a request and no more.
type slowly struct {
	net.Listener

	once sync.Once
	conn *slow
}

func (l *slowly) Accept() (net.Conn, error) {
	var first net.Conn
	l.once.Do(func() { first = l.conn })
	if first != nil {
		return first, nil
	}
	return l.Listener.Accept()
}

// slow is such a caller. When his time is over is for the test's clock to say: at
// once, if there is a time at all.
type slow struct {
	net.Conn // nothing comes of it

	mu       sync.Mutex
	part     *strings.Reader
	deadline time.Time
	answer   strings.Builder
	closed   chan struct{}
	once     sync.Once
}

func (c *slow) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.part.Len() > 0 {
		return c.part.Read(p)
	}
	if !c.deadline.IsZero() {
		return 0, os.ErrDeadlineExceeded
	}
	return 0, io.ErrNoProgress
}

func (c *slow) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answer.Write(p)
}

func (c *slow) SetReadDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = at
	return nil
}
func (c *slow) SetDeadline(at time.Time) error { return c.SetReadDeadline(at) }
func (*slow) SetWriteDeadline(time.Time) error { return nil }
func (*slow) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*slow) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *slow) Close() error                   { c.once.Do(func() { close(c.closed) }); return nil }

// TestSlowCallers lets callers send their request as slowly as they like.
func TestSlowCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	head := "POST " + hookPath + " HTTP/1.1\r\nHost: app\r\n"
	for name, test := range map[string]struct{ part, answer string }{
		"in the header": {head + "X-Hub-Sig", ""},
		"in the body": {
			head + "Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: s\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 100\r\n\r\n{",
			"HTTP/1.1 408",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := &slow{part: strings.NewReader(test.part), closed: make(chan struct{})}
			listener := &slowly{Listener: listen(t), conn: conn}
			o := w.options("")
			o.Config.Database.File = storetest.SQLite(t)
			s, err := server.New(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(ctx, listener) }()
			select {
			case <-conn.closed:
			case <-time.After(2 * time.Minute):
				t.Error("the server waits for ever")
			}
			if n := sum(numbersOf(t, s), "imageupdater_jobs", `kind="delivery"`); n != 0 {
				t.Errorf("%v are stored", n)
			}
			cancel()
			if err := errors.Join(<-ended, s.Close()); err != nil {
				t.Error(err)
			}
			conn.mu.Lock()
			defer conn.mu.Unlock()
			if !strings.HasPrefix(conn.answer.String(), test.answer) || conn.deadline.IsZero() {
				t.Errorf("answered %q, time over at %s", &conn.answer, conn.deadline)
			}
		})
	}
}
