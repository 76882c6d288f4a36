package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// numbers are what /metrics tells, by name and labels as they stand there.
type numbers map[string]float64

func (a *app) numbers() numbers {
	a.t.Helper()
	status, text := a.call("GET", "/metrics", "", "")
	if status != 200 {
		a.t.Fatalf("%d %s", status, text)
	}
	return parseNumbers(a.t, string(text))
}

// numbersOf is numbers of a server that may have no listener.
func numbersOf(t *testing.T, s *server.Server) numbers {
	t.Helper()
	answer := &answered{header: http.Header{}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler().ServeHTTP(answer, req)
	return parseNumbers(t, answer.body.String())
}

func parseNumbers(t *testing.T, text string) numbers {
	t.Helper()
	all := numbers{}
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasSuffix(series, `"`) {
			series, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[series] += n
	}
	return all
}

// sum adds what a name has with all of some labels.
func sum(of numbers, name string, labels ...string) float64 {
	var n float64
	for series, value := range of {
		of, told, _ := strings.Cut(series, "{")
		if of != name {
			continue
		}
		fits := true
		for _, l := range labels {
			fits = fits && strings.Contains(","+told+",", ","+l+",")
		}
		if fits {
			n += value
		}
	}
	return n
}

// TestEveryMetricMoves has an App do all that it counts.
func TestEveryMetricMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	for _, path := range []string{"acme/web", "acme/scarce"} {
		if err := w.registry.Push(path, "1.0.0", "1.1.0", "2.0.0"); err != nil {
			t.Fatal(err)
		}
	}
	w.registry.Fail(registry.Fault{Prefix: "/v2/acme/scarce/manifests/", Status: 404, Header: http.Header{
		"Ratelimit-Limit": {"100;w=21600"}, "Ratelimit-Remaining": {"76;w=21600"},
	}})
	images := func(names ...string) map[string]string {
		files := map[string]string{".imageupdater.yaml": "version: 1\n", "broken.yaml": "image: [\n"}
		for i, name := range names {
			files[fmt.Sprintf("web%d.yaml", i)] = deployment(w.registry.Host() + "/acme/" + name)
		}
		return files
	}
	repo := w.hub.AddRepository("acme/shop", images("web:1.0.0", "web:2.0.0", "web:latest", "missing:1.0.0", "scarce:1.0.0"))
	a := w.start(fmt.Sprintf("hooks: [{name: own, kind: distribution, host: %q, secret: {env: HUB}}]", w.registry.Host()),
		func(o *server.Options) {
			o.GitHubTransport = &leaky{} // lets looks at acme/panics fail
			o.Config.Registries[0].Limits.Budget, o.Config.Registries[0].Limits.BudgetWindow = 50, time.Hour
		})
	w.hub.Settle()
	before := a.numbers()
	w.hub.Disorder(githubtest.Disorder{Lose: 1})
	w.hub.Install("acme", grants(), repo, w.hub.AddRepository("acme/panics", images("web:1.0.0")))
	w.hub.Settle()
	w.hub.Disorder(githubtest.Disorder{})
	w.hub.Advance(2 * time.Hour)
	a.Housekeep(t.Context()) // finds what was lost
	a.settled(w.hub, "acme/shop")
	delivered(t, a, "push", "nobody's", []byte("{}"), func(h http.Header) { h.Del("X-Hub-Signature-256") })
	delivered(t, a, "gollum", "new", []byte("{}"), nil)
	push := append(pushTo(repo, 1), bytes.Repeat([]byte(" "), 1<<20)...) // the database grows, too
	delivered(t, a, "push", "twice", push, nil)
	delivered(t, a, "push", "twice", push, nil)
	a.call("POST", "/hooks/registry/own", hubSecret, fmt.Sprintf(
		`{"events": [{"action": "push", "target": {"repository": "acme/web", "tag": "3"}, "request": {"host": %q}}]}`, w.registry.Host()))
	until(t, "what fails is given up", func() bool { return a.shown("acme/panics").Parked != "" })
	until(t, "all is done", func() bool {
		n := a.numbers()
		return sum(n, "imageupdater_jobs") == sum(n, "imageupdater_jobs", `state="completed"`)
	})
	after := a.numbers()
	moved := func(name string, labels ...string) {
		t.Helper()
		if sum(after, name, labels...) <= sum(before, name, labels...) {
			t.Errorf("%s %v did not move: %v, %v", name, labels, sum(before, name, labels...), sum(after, name, labels...))
		}
	}
	host := fmt.Sprintf("host=%q", w.registry.Host())
	tests := map[string][][]string{ // by name, what has to move
		"webhooks_total": {
			{`event="installation"`, `outcome="stored"`},
			{`event="push"`, `outcome="known"`},
			{`event=""`, `outcome="refused"`},
			{`event="other"`, `outcome="ignored"`},
			{`event="registry own"`, `outcome="stored"`},
		},
		"webhook_lag_seconds":        {{}},
		"webhooks_redelivered_total": {{}},
		"look_seconds":               {{`state="planned"`}},
		"fields_total":               {{`status="update"`}, {`status="current"`}, {`status="skipped"`}, {`status="problem"`}},
		"updates_total":              {{`kind="minor"`}, {`kind="major"`}},
		"problems_total":             {{`code="lookup-failed"`}, {`code="unreadable"`}},
		"github_requests_total":      {{`endpoint="GET /repos/{owner}/{repo}/git/trees/{sha}"`, `status="200"`}, {`status="304"`}},
		"github_request_seconds":     {{}},
		"github_requests_left":       {{`resource="core"`}},
		"registry_requests_total":    {{host, `outcome="200"`}, {host, `outcome="404"`}},
		"registry_requests_left":     {{host}},
		"registry_pulls_left":        {{host}},
		"jobs":                       {{`kind="delivery"`, `state="completed"`}, {`kind="look"`, `state="completed"`}},
		"job_oldest_seconds":         {{`kind="look"`, `state="completed"`}},
		"repositories_parked":        {{}},
		"database_bytes":             {{}},
	}
	for _, m := range server.Metrics() {
		labels, tested := tests[strings.TrimPrefix(m.Name, "imageupdater_")]
		if !tested {
			t.Errorf("%s is not tested", m.Name)
		}
		if m.Type == "histogram" {
			m.Name += "_count"
		}
		for _, l := range labels {
			moved(m.Name, l...)
		}
	}
	status, text := a.call("GET", "/metrics", "", "")
	faults, err := promlint.New(bytes.NewReader(text)).Lint()
	if status != 200 || err != nil || len(faults) > 0 {
		t.Errorf("%d, %v, %v", status, err, faults)
	}
}

// TestMetricsAreBounded has a repository name ever more registries, which answer
// with whatever comes to their minds.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	var asked atomic.Int64
	o := newOutside(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(440 + int(asked.Add(1))%7)
	}))
	files := map[string]string{".imageupdater.yaml": "version: 1\n"}
	for n := range 210 {
		files[fmt.Sprintf("web%d.yaml", n)] = deployment(fmt.Sprintf("r%d.example.com/acme/web:1.0.0", n))
	}
	files["own.yaml"] = deployment(w.registry.Host() + "/acme/web:1.0.0")
	if err := w.registry.Push("acme/web", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	repo := w.hub.AddRepository("acme/shop", files)
	a := w.start(fmt.Sprintf("proxy: %q\ncaFile: %q\n", o.url, o.caFile))
	w.hub.Install("acme", grants(), repo)
	if got := a.settled(w.hub, "acme/shop"); got.Result.Fields["problem"] != 210 {
		t.Fatalf("%v", got.Result.Fields)
	}
	hosts, all := map[string]bool{}, a.numbers()
	for series := range all {
		if labels, is := strings.CutPrefix(series, "imageupdater_registry_requests_total{"); is {
			hosts[strings.Split(labels, `"`)[1]] = true
		}
		if strings.Contains(series, `outcome="441"`) {
			t.Errorf("%s", series)
		}
	}
	if len(hosts) > 201 || !hosts["other"] || !hosts[w.registry.Host()] {
		t.Errorf("%d hosts are told apart, with %v", len(hosts), hosts["other"])
	}
	if !o.asked(strings.TrimPrefix(w.hub.URL, "http://") + "/api/v3/") {
		t.Error("GitHub was not asked through the proxy")
	}
}

// TestServerDocs holds the table of metrics against the code.
func TestServerDocs(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| metric | type | labels | what |\n|---|---|---|---|\n")
	for _, m := range server.Metrics() {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, labels, m.Help)
	}
	agree(t, filepath.Join("..", "..", "docs", "server.md"), "<!-- metrics: made by go test ./test/app -run TestServerDocs -update -->", "<!-- end of metrics -->", table.String())
}
