package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// What is planted besides the secrets of all worlds.
const (
	registryPassword = `planted&"registry<1>\pass/wörd`
	databasePassword = "planted-database-password"
	longToken        = "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpbnN0YWxsYXRpb24iOjF9.c2lnbmF0dXJl-_planted"
	oldToken         = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"
	jsonWebToken     = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiIxIn0.cGxhbnRlZA"
)

// planted is all that no output may hold, in the ways in which it could be
// written.
func planted(w *world) []string {
	all := []string{webhookSecret, apiToken, hubSecret, databasePassword, "planted&", "registry<1>", oldToken[4:], "_planted", "cGxhbnRlZA"}
	for line := range strings.Lines(w.hub.App.PrivateKey) {
		if line = strings.TrimSpace(line); len(line) > 30 && !strings.HasPrefix(line, "-----") {
			all = append(all, line)
		}
	}
	return append(all, base64.StdEncoding.EncodeToString([]byte("bot:"+registryPassword)), url.QueryEscape(registryPassword))
}

// leaky says in errors and panics all that it should not.
type leaky struct {
	key  string
	mu   sync.Mutex
	seen []string // tokens of the App's
}

func (l *leaky) tells(req *http.Request) string {
	token := req.Header.Get("Authorization")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, token[strings.LastIndex(token, " ")+1:])
	return strings.Join([]string{
		"Authorization: " + token, l.key, webhookSecret, hubSecret, longToken, oldToken, jsonWebToken, "Bearer " + apiToken,
		"https://app/hooks/registry/hub/" + hubSecret + "?secret=" + url.QueryEscape(hubSecret), registryPassword, fmt.Sprintf("%q", registryPassword),
		"postgres://app:" + databasePassword + "@db/app", "Basic " + base64.StdEncoding.EncodeToString([]byte("bot:"+registryPassword)),
	}, "\n")
}

// RoundTrip is part of http.RoundTripper.
func (l *leaky) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case strings.Contains(req.URL.Path, "/acme/leaks"):
		return nil, fmt.Errorf("sending it: %s", l.tells(req))
	case strings.Contains(req.URL.Path, "/acme/panics"):
		panic(l.tells(req))
	}
	return http.DefaultTransport.RoundTrip(req)
}

// TestNoSecretIsTold plants secrets, lets everything go wrong that could tell them,
// and looks for them in all that leaves the server and all that it keeps.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	place := storetest.SQLite(t)
	w := newWorld(t, place, githubtest.Options{})
	w.env["PASSWORD"] = registryPassword
	o := newOutside(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, is := r.BasicAuth(); !is {
			w.Header().Set("WWW-Authenticate", `Basic realm="planted"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", jsonType)
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"errors": [{"code": "DENIED", "message": %q}]}`, password+" "+r.Header.Get("Authorization")+" "+longToken)
	}))
	leaks := &leaky{key: w.hub.App.PrivateKey}
	var repos []*githubtest.Repository
	for _, name := range []string{"echo", "panics"} {
		repos = append(repos, w.hub.AddRepository("acme/"+name, map[string]string{
			".imageupdater.yaml": "version: 1\n", "web.yaml": deployment("registry.example.com/acme/web:1.0.0"),
		}))
	}
	text := w.configured(fmt.Sprintf("proxy: %q\ncaFile: %q\nhooks: [{name: hub, kind: quay, host: quay.io, secret: {env: HUB}}]", o.url, o.caFile))
	text = strings.Replace(text, "registries: [", "registries: [{host: registry.example.com, credentials: [{username: bot, password: {env: PASSWORD}}]}, ", 1)
	a := w.start("", func(options *server.Options) {
		options.Config, options.GitHubTransport, options.Now = w.load(text), leaks, panicking(w.hub.Now, leaks)
	})
	w.hub.Install("acme", grants(), repos...)
	a.settled(w.hub, "acme/echo")
	var out strings.Builder
	until(t, "what fails is given up", func() bool { return a.shown("acme/panics").Parked != "" })
	_, err := a.Once(t.Context(), "acme", "leaks")
	fmt.Fprintln(&out, err)
	if err == nil {
		t.Error("what leaks is no error")
	}
	for _, path := range []string{"/api/v1/repos/acme/echo", "/api/v1/repos/acme/panics", "/metrics", "/healthz", "/readyz"} {
		_, text := a.patient(http.MethodGet, path, "")
		out.Write(text)
	}
	for _, text := range []string{`{"repository": "acme/echo"}`, `{"image": "` + apiToken + `"}`, `{"` + apiToken + `": 1}`} {
		_, answer := a.patient(http.MethodPost, "/api/v1/rescan", text)
		out.Write(answer)
	}
	if !strings.Contains(w.log.String(), "answering a request panicked") {
		t.Error("no request panicked")
	}
	a.call(http.MethodPost, "/hooks/registry/hub/"+hubSecret+"x?secret=x"+hubSecret, "", "{}")
	a.call(http.MethodPost, "/hooks/registry/hub/"+hubSecret+"?secret="+hubSecret, "", "{}")
	a.call(http.MethodGet, "/api/v1/repos/acme/echo", apiToken+"x", "")
	w.env["DATABASE"] = "postgres://app:" + databasePassword + "@127.0.0.1:1/app?password=" + databasePassword
	broken := w.options("")
	broken.Config = w.load(strings.Replace(w.configured(""), "file: "+fmt.Sprintf("%q", place), "url: {env: DATABASE}", 1))
	_, err = server.New(t.Context(), broken)
	fmt.Fprintln(&out, err)
	a.stop()
	out.WriteString(w.log.String())
	files, _ := filepath.Glob(place + "*")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	for _, secret := range append(planted(w), leaks.seen...) {
		if at := strings.Index(out.String(), secret); at >= 0 {
			t.Errorf("%.20q is told: %q", secret, out.String()[max(0, at-200):min(out.Len(), at+100)])
		}
	}
	if !strings.Contains(out.String(), "[secret]") || err == nil || len(leaks.seen) < 3 {
		t.Errorf("nothing was told at all: %v", err)
	}
}

// panicking is a clock that panics, once, where a request asks for a look.
func panicking(now func() time.Time, leaks *leaky) func() time.Time {
	var once sync.Once
	return func() time.Time {
		callers := make([]uintptr, 50)
		frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
		for frame, more := frames.Next(); more; frame, more = frames.Next() {
			if strings.HasSuffix(frame.Function, "server.(*Server).rescan") {
				once.Do(func() {
					panic(leaks.tells(&http.Request{Header: http.Header{"Authorization": {"Bearer " + longToken}}}))
				})
			}
		}
		return now()
	}
}

// TestLogIsStable holds the lines of an App at work against the table of fields in
// docs/server.md. Their messages are constant.
func TestLogIsStable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "server.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(doc), "\n## Logs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	w, a := apiWorld(t)
	a.call(http.MethodPost, "/api/v1/rescan", apiToken, `{"repository": "acme/shop"}`)
	a.call(http.MethodPost, hookPath+"?planted=query", "", "planted body")
	a.settled(w.hub, "acme/shop")
	a.stop()
	for line := range strings.Lines(w.log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		for name := range fields {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("docs/server.md tells nothing of the field %s: %s", name, line)
			}
		}
		if message, _ := fields["message"].(string); message == "" || strings.ContainsAny(message, "0123456789%") || strings.Contains(line, "planted") {
			t.Errorf("%s", line)
		}
	}
}
