package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// entry is a decision as the API tells it, and the audit log.
type entry struct {
	Audit        bool
	ID           string
	At           time.Time
	Repository   string
	RepositoryID int64
	Kind         string
	What         json.RawMessage
}

// audited is a world whose App has an audit log, and tokens for parts of it.
type audited struct {
	*world

	app   *app
	audit *lines
	repos map[string]*githubtest.Repository
}

// beginAudited starts an App that knows some repositories, and has done nothing.
func beginAudited(t *testing.T, place string, repositories ...string) *audited {
	t.Helper()
	w := newWorld(t, place, githubtest.Options{})
	l := &audited{world: w, audit: &lines{}, repos: map[string]*githubtest.Repository{}}
	var all []*githubtest.Repository
	for _, name := range repositories {
		l.repos[name] = w.hub.AddRepository(name, map[string]string{".imageupdater.yaml": "version: 1\n"})
		l.repos[name].Collaborate("alice", "admin")
		all = append(all, l.repos[name])
	}
	l.app = l.starts()
	w.hub.Install("acme", grants(), all...)
	for _, name := range repositories {
		l.app.settled(w.hub, name)
	}
	return l
}

// starts starts an App.
func (l *audited) starts() *app {
	var more strings.Builder
	for name, scope := range map[string]string{
		"auditor": "scopes: [decisions]",
		"reader":  "scopes: [read, rescan]",
		"other":   "scopes: [decisions], accounts: [other]",
		"deploy":  `scopes: [decisions], repositories: ["acme/deploy-*"]`,
	} {
		fmt.Fprintf(&more, "    - {name: %s, sha256: %q, %s}\n", name, sha256Of(apiToken+name), scope)
	}
	text := strings.Replace(l.configured(""), "  tokens: [{name: test, ", "  tokens:\n    - {name: test, ", 1)
	text = strings.Replace(text, "scopes: [rescan, read, decisions]}]", "scopes: [rescan, read]}\n"+more.String(), 1)
	return l.start("", func(o *server.Options) { o.Config, o.Audit = l.load(text), l.audit })
}

// decide lets the App do something to a pull request.
func (l *audited) decide(repository, kind string, number int) {
	l.app.Decided(l.t.Context(), l.repos[repository].ID, proposal.Done{What: kind, Number: number})
}

// read gives a page of the log, as the token "auditor" or another one.
func (l *audited) read(query string, token ...string) (page []entry, next string) {
	l.t.Helper()
	name := "auditor"
	if len(token) > 0 {
		name = token[0]
	}
	var status int
	var text []byte
	until(l.t, "the token may be used again", func() bool {
		status, text = l.app.call(http.MethodGet, "/api/v1/decisions"+query, apiToken+name, "")
		return status != http.StatusTooManyRequests
	})
	var answer struct {
		Decisions []entry
		Next      string
	}
	if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK || answer.Decisions == nil {
		l.t.Fatalf("%s as %s: %d %s %v", query, name, status, text, err)
	}
	return answer.Decisions, answer.Next
}

// all reads page after page, and gives what was done: "merged 7".
func (l *audited) all(query string, token ...string) []string {
	l.t.Helper()
	var found []string
	for before := ""; ; {
		page, next := l.read(query+before, token...)
		found = append(found, said(l.t, page)...)
		if next == "" {
			return found
		}
		before = "&before=" + next
	}
}

// said is what decisions say: "merged 7".
func said(t *testing.T, all []entry) []string {
	t.Helper()
	var found []string
	for _, d := range all {
		var what proposal.Done
		if err := json.Unmarshal(d.What, &what); err != nil || what.What != d.Kind {
			t.Errorf("%+v: %v", d, err)
		}
		found = append(found, fmt.Sprintf("%s %d", d.Kind, what.Number))
	}
	return found
}

// lines are those of the audit log, newest first, as the API would tell them.
func (l *audited) lines() []entry {
	l.t.Helper()
	var all []entry
	for line := range strings.Lines(l.audit.String()) {
		var d entry
		if err := json.Unmarshal([]byte(line), &d); err != nil || !d.Audit {
			l.t.Errorf("a line of the audit log: %q: %v", line, err)
		}
		d.Audit = false
		all = append([]entry{d}, all...)
	}
	return all
}

func placed(t *testing.T, do func(t *testing.T, place string)) {
	t.Helper()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, at(t))
		})
	}
}

// TestDecisionsAreTold compares what the API and the audit log tell of what a look
// did, with the pull requests there are.
func TestDecisionsAreTold(t *testing.T) {
	t.Parallel()
	placed(t, func(t *testing.T, place string) {
		t.Helper()
		l := beginAudited(t, place, "acme/shop")
		push(t, l.world, "acme/web", "1.0.0", "1.1.0")
		l.repos["acme/shop"].Push("main", "alice", "an image", map[string]*githubtest.File{
			"web.yaml": githubtest.Text(deployment(l.registry.Host() + "/acme/web:1.0.0")),
		})
		until(t, "it is proposed", func() bool { return len(l.repos["acme/shop"].Pulls()) == 1 })
		l.app.quiet(l.hub)
		page, next := l.read("")
		if diff := cmp.Diff(l.lines(), page); diff != "" || next != "" {
			t.Errorf("next %q (-audit log +API):\n%s", next, diff)
		}
		if len(page) != 1 {
			t.Fatalf("%d decisions", len(page))
		}
		got, pull := page[0], l.repos["acme/shop"].Pulls()[0]
		var what proposal.Done
		if err := json.Unmarshal(got.What, &what); err != nil {
			t.Fatal(err)
		}
		if got.Repository != "acme/shop" || got.RepositoryID != l.repos["acme/shop"].ID || got.Kind != "opened" || what.Number != pull.Number || what.Branch != pull.Head {
			t.Errorf("%+v %+v", got, what)
		}
	})
}

// TestDecisionsByPages reads many, all of one moment, written by several at once.
func TestDecisionsByPages(t *testing.T) {
	t.Parallel()
	placed(t, func(t *testing.T, place string) {
		t.Helper()
		l := beginAudited(t, place, "acme/shop", "acme/deploy-prod")
		const each = 60
		var writers sync.WaitGroup
		for part := range 4 {
			writers.Go(func() {
				for n := range each {
					l.decide([]string{"acme/shop", "acme/deploy-prod"}[n%2], []string{"opened", "merged", "closed"}[n%3], part*each+n)
				}
			})
		}
		writers.Wait()
		whole, next := l.read("?limit=1000")
		if next != "" || len(whole) != 4*each {
			t.Fatalf("%d, next %q", len(whole), next)
		}
		seen := map[string]entry{}
		for _, d := range l.lines() {
			seen[d.ID] = d
		}
		for _, d := range whole {
			if diff := cmp.Diff(seen[d.ID], d); diff != "" {
				t.Errorf("(-audit log +API):\n%s", diff)
			}
		}
		if len(seen) != len(whole) || len(l.lines()) != len(whole) {
			t.Errorf("%d lines of %d decisions", len(l.lines()), len(whole))
		}
		for _, limit := range []int{7, 100, 239, 240} {
			if diff := cmp.Diff(said(t, whole), l.all(fmt.Sprintf("?limit=%d", limit))); diff != "" {
				t.Errorf("by %d (-whole +pages):\n%s", limit, diff)
			}
		}
		if page, next := l.read(""); len(page) != 100 || next == "" {
			t.Errorf("without a limit: %d, next %q", len(page), next)
		}
		counts := map[string]int{"?kind=merged&limit=9": 80, "?repository=acme/shop&limit=9": 120, "?repository=acme/shop&kind=merged&limit=9": 40, "?kind=nothing&limit=1": 0}
		for query, want := range counts {
			if got := l.all(query); len(got) != want {
				t.Errorf("%s: %d, want %d", query, len(got), want)
			}
		}
		if diff := cmp.Diff(l.all("?repository=acme/deploy-prod&limit=9"), l.all("?limit=9", "deploy")); diff != "" {
			t.Errorf("a token for one repository (-its own +what it gets):\n%s", diff)
		}
	})
}

// TestDecisionsSince reads those of a time.
func TestDecisionsSince(t *testing.T) {
	t.Parallel()
	l := beginAudited(t, file(t), "acme/shop")
	l.decide("acme/shop", "opened", 1)
	l.hub.Advance(time.Hour)
	l.decide("acme/shop", "merged", 1)
	at := l.lines()[0].At
	for since, want := range map[string]string{
		at.Format(time.RFC3339Nano): "merged 1",
		at.In(time.FixedZone("", 7200)).Format("2006-01-02T15:04:05.999Z07:00"): "merged 1", // with a plus
		at.Add(-time.Minute).Format(time.RFC3339):                               "merged 1",
		at.Add(-time.Hour - time.Second).Format(time.RFC3339):                   "merged 1, opened 1",
		at.Add(time.Second).Format(time.RFC3339):                                "",
	} {
		if got := strings.Join(l.all("?limit=1&since="+since), ", "); got != want {
			t.Errorf("since %s: %s, want %s", since, got, want)
		}
	}
}

// TestDecisionsRefused asks what is not answered.
func TestDecisionsRefused(t *testing.T) {
	t.Parallel()
	l := beginAudited(t, file(t), "acme/shop", "acme/deploy-prod")
	l.decide("acme/shop", "opened", 1)
	shop := strconv.FormatInt(l.repos["acme/shop"].ID, 10)
	tests := []struct {
		query, token string
		status       int
		says         string
	}{
		{"", "", 401, "api.tokens"},
		{"", "wrong", 401, "api.tokens"},
		{"", apiToken, 403, "scope decisions"},
		{"", apiToken + "reader", 403, "scope decisions"},
		{"?limit=0", apiToken + "reader", 403, "scope decisions"},
		{"", apiToken + "other", 200, `{"decisions":[]}`},
		{"", apiToken + "deploy", 200, `{"decisions":[]}`},
		{"?repository=ACME/Shop", apiToken + "auditor", 200, `"number":1`},
		{"?repository=acme%2Fshop", apiToken + "auditor", 200, `"number":1`},
		{"?repository=" + shop, apiToken + "auditor", 200, `"number":1`},
		{"?repository=acme/shop", apiToken + "deploy", 404, "not for this token"},
		{"?repository=" + shop, apiToken + "deploy", 404, "not for this token"},
		{"?repository=acme/deploy-prod", apiToken + "deploy", 200, `{"decisions":[]}`},
		{"?repository=acme/none", apiToken + "auditor", 404, "no such repository"},
		{"?repository=999999999999", apiToken + "auditor", 404, "nothing is known"},
		{"?repository=shop", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?repository=", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?repository=0", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?repository=a/b/c", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?repository=a/b%00", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?repository=9999999999999999999999", apiToken + "auditor", 400, "repository: write owner/name"},
		{"?kind=a%20b", apiToken + "auditor", 400, "kind: write one word"},
		{"?since=yesterday", apiToken + "auditor", 400, "since: write a time such as"},
		{"?limit=0", apiToken + "auditor", 400, "limit: write a number from 1 to 1000"},
		{"?limit=1001", apiToken + "auditor", 400, "limit: write a number from 1 to 1000"},
		{"?limit=-1", apiToken + "auditor", 400, "limit: write a number from 1 to 1000"},
		{"?limit=ten", apiToken + "auditor", 400, "limit: write a number from 1 to 1000"},
		{"?before=x", apiToken + "auditor", 400, "before: write what the last answer had as next"},
		{"?before=1-x", apiToken + "auditor", 400, "before: write what the last answer had as next"},
		{"?before=999999999999999-019aa000-0000-7000-8000-000000000000&limit=1000", apiToken + "auditor", 200, `"number":1`},
		{"?limit=1&limit=2", apiToken + "auditor", 400, "limit is there more than once"},
		{"?page=2", apiToken + "auditor", 400, "before, kind, limit, repository, since"},
		{"?limit=%zz", apiToken + "auditor", 400, "cannot be read"},
		{"?since=" + apiToken, apiToken + "auditor", 400, "since"},
		{"?" + apiToken, apiToken + "auditor", 400, "there is no parameter"},
	}
	for _, test := range tests {
		status, text := l.app.call(http.MethodGet, "/api/v1/decisions"+test.query, test.token, "")
		if status != test.status || !strings.Contains(string(text), test.says) || strings.Contains(string(text), apiToken) {
			t.Errorf("%s as %q: %d %s, want %d with %q", test.query, test.token, status, text, test.status, test.says)
		}
	}
	if status, _ := l.app.call(http.MethodPost, "/api/v1/decisions", apiToken+"auditor", "{}"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
}

// TestDecisionsOutliveRepositories asks about one that is renamed, and then gone: by
// its id, and as tokens that may see it or not.
func TestDecisionsOutliveRepositories(t *testing.T) {
	t.Parallel()
	placed(t, func(t *testing.T, place string) {
		t.Helper()
		l := beginAudited(t, place, "acme/deploy-prod", "acme/shop")
		l.decide("acme/deploy-prod", "opened", 1)
		l.decide("acme/shop", "opened", 2)
		prod := l.repos["acme/deploy-prod"]
		byID := fmt.Sprintf("/api/v1/decisions?repository=%d", prod.ID)
		status := func(path, token string) int {
			status, _ := l.app.call(http.MethodGet, path, apiToken+token, "")
			return status
		}
		prod.Rename("alice", "prod")
		until(t, "the new name is known", func() bool { return status("/api/v1/decisions?repository=acme/prod", "auditor") == http.StatusOK })
		if got := status(byID, "deploy"); got != http.StatusNotFound {
			t.Errorf("renamed out of a token's reach: %d", got)
		}
		page, _ := l.read("?repository=acme/prod")
		if len(page) != 1 || page[0].Repository != "acme/deploy-prod" {
			t.Errorf("renamed: %+v", page)
		}
		prod.Delete("alice")
		until(t, "it is gone", func() bool { return status("/api/v1/decisions?repository=acme/prod", "auditor") == http.StatusNotFound })
		for token, want := range map[string]int{"auditor": http.StatusOK, "deploy": http.StatusOK, "other": http.StatusNotFound} {
			if got := status(byID, token); got != want {
				t.Errorf("gone, as %s: %d, want %d", token, got, want)
			}
		}
		if diff := cmp.Diff([]string{"opened 2", "opened 1"}, l.all("?limit=1")); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"opened 1"}, l.all("?limit=1", "deploy")); diff != "" {
			t.Errorf("those that a token saw (-want +got):\n%s", diff)
		}
	})
}

// TestDecisionsOfOldAndBrokenLines reads one without a repository's
// name, and one whose text is no JSON.
func TestDecisionsOfOldAndBrokenLines(t *testing.T) {
	t.Parallel()
	l := beginAudited(t, file(t), "acme/shop")
	l.app.stop()
	db, err := store.Open(t.Context(), l.place)
	if err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.Log(ctx, store.Decision{At: l.hub.Now(), RepositoryID: 77, Kind: "opened", What: `{"what":"opened","number":1,"more":[1]}`}),
			tx.Log(ctx, store.Decision{At: l.hub.Now(), RepositoryID: l.repos["acme/shop"].ID, Kind: "opened", What: `{"what":`}),
		)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	l.app = l.starts()
	page, _ := l.read("")
	var got []string
	for _, d := range page {
		got = append(got, d.Repository+" "+string(d.What))
	}
	want := []string{`acme/shop "{\"what\":"`, ` {"what":"opened","number":1,"more":[1]}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if page, _ := l.read("", "other"); len(page) != 0 {
		t.Errorf("a token for others sees %+v", page)
	}
}

// TestDecisionsTellNoSecret lets what was done name secrets, and looks for them in
// the answer, the audit log and the database.
func TestDecisionsTellNoSecret(t *testing.T) {
	t.Parallel()
	l := beginAudited(t, file(t), "acme/shop")
	why := "GitHub says ghs_abcdefghijklmnopqrstuvwxyz0123 to \"" + webhookSecret + "\" at https://bot:hunter22@ghcr.io?token=" + hubSecret
	l.app.Decided(t.Context(), l.repos["acme/shop"].ID, proposal.Done{What: "closed", Number: 1, Why: why})
	status, text := l.app.call(http.MethodGet, "/api/v1/decisions", apiToken+"auditor", "")
	page, _ := l.read("")
	if diff := cmp.Diff(l.lines(), page); diff != "" || status != http.StatusOK || len(page) != 1 {
		t.Errorf("%d (-audit log +API):\n%s", status, diff)
	}
	l.app.stop()
	var all strings.Builder
	all.WriteString(string(text) + l.audit.String() + l.log.String())
	files, _ := filepath.Glob(l.place + "*")
	for _, file := range files {
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(kept)
	}
	out := all.String()
	if !strings.Contains(out, "GitHub says [secret] to") {
		t.Error("nothing was told")
	}
	for _, secret := range []string{"ghs_abcdef", webhookSecret, hubSecret, "hunter22", apiToken} {
		if strings.Contains(out, secret) {
			t.Errorf("%s is told", secret)
		}
	}
}

// TestDecisionsWithoutADatabase tells what happened although it cannot be kept.
func TestDecisionsWithoutADatabase(t *testing.T) {
	t.Parallel()
	l := beginAudited(t, file(t), "acme/shop")
	l.app.stop()
	l.decide("acme/shop", "merged", 7)
	if diff := cmp.Diff([]string{"merged 7"}, said(t, l.lines())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(l.log.String(), "something could not be remembered") {
		t.Error("nobody is told that it was not kept")
	}
}

// TestDecisionsOnStandardOutput runs the product: serve writes the audit log to
// standard output and nothing else there, run the result alone.
func TestDecisionsOnStandardOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	repo := w.outdated("acme/shop")
	w.hub.Install("acme", grants(), repo)
	result, log := &lines{}, &lines{}
	run := w.command(log, "run", "acme/shop", "--config", w.file(""))
	run.Stdout = result
	if err := run.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if len(repo.Pulls()) != 1 || !json.Valid([]byte(result.String())) || !strings.Contains(log.String(), `{"audit":true,`) {
		t.Errorf("run prints %s and logs %s", result, log)
	}
	push(t, w, "acme/web", "1.2.0")
	audit := &lines{}
	served := &lines{}
	serve := w.command(served, "serve", "--config", w.file(""))
	serve.Stdout = audit
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the newer one is proposed", func() bool { return strings.Contains(audit.String(), "\n") })
	if err := errors.Join(serve.Process.Signal(syscall.SIGTERM), serve.Wait()); err != nil {
		t.Errorf("%v\n%s", err, served)
	}
	for line := range strings.Lines(audit.String()) {
		var d entry
		if err := json.Unmarshal([]byte(line), &d); err != nil || !d.Audit || d.Repository != "acme/shop" || d.Kind == "" || d.ID == "" {
			t.Errorf("%q: %v", line, err)
		}
	}
	if strings.Contains(served.String(), `"audit"`) {
		t.Error("the log has the audit log's lines")
	}
}
