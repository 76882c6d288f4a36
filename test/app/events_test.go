package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestWhatIsLookedAt has a look for the events that matter, and none for others.
func TestWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{
		Events: []string{"push", "pull_request", "issue_comment", "issues", "repository", "status"}, // a push brings check suites as well
	})
	w.serve()
	repo := w.current("acme/shop")
	for login, role := range map[string]string{"alice": "admin", "bob": "read"} {
		repo.Collaborate(login, role)
	}
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	repo.Push("release", "alice", "x", map[string]*githubtest.File{"r": githubtest.Text("r")})
	number := repo.OpenIssue("bob", "A question", "?")
	made := w.post(installation.ID, "repos/acme/shop/issues", `{"title": "Dashboard", "body": "- [ ] a box"}`)
	dashboard := int(made["number"].(float64))
	text := func(s string) map[string]*githubtest.File { return map[string]*githubtest.File{s: githubtest.Text(s)} }
	a.quiet(w.hub)
	tests := []struct {
		name  string
		do    func()
		looks int
	}{
		{"a push to the default branch", func() { repo.Push("main", "alice", "x", text("a")) }, 1},
		{"a push to another branch", func() { repo.Push("feature", "alice", "x", text("b")) }, 0},
		{"a push to a branch of ours", func() { repo.Push("imageupdater/web-123456", "alice", "x", text("c")) }, 1},
		{"a branch of ours is deleted", func() { repo.DeleteBranch("imageupdater/web-123456", "alice") }, 1},
		{"a tag", func() { repo.Tag("alice", "v1", repo.Branch("main"), "") }, 0},
		{"a comment", func() { repo.Comment(number, "bob", "Thank you / merci") }, 0},
		{"a command", func() { repo.Comment(number, "alice", "Please\n  /rescan") }, 1},
		{"somebody's issue", func() { repo.EditIssueBody(number, "bob", "!") }, 0},
		{"a box of the dashboard", func() { repo.EditIssueBody(dashboard, "alice", "- [x] a box") }, 1},
		{"the dashboard is closed", func() { repo.CloseIssue(dashboard, "alice") }, 1},
		{"what the App did", func() {
			w.post(installation.ID, fmt.Sprintf("repos/acme/shop/issues/%d/comments", number), `{"body": "/rescan"}`)
		}, 0},
		{"a pull request for the default branch", func() { repo.OpenPull("alice", "x", "feature", "main") }, 1}, // it may change the configuration
		{"one for another branch", func() { repo.OpenPull("alice", "x", "feature", "release") }, 1},             // that may require the App's check
		{"the description", func() { repo.SetDescription("alice", "A shop") }, 1},
	}
	for _, tt := range tests {
		before := w.looks("acme/shop")
		tt.do()
		a.quiet(w.hub)
		if got := w.looks("acme/shop") - before; got != tt.looks {
			t.Errorf("%s: %d looks, want %d", tt.name, got, tt.looks)
		}
	}
}

// TestChecksOfOurBranch has a look for what others check on a branch that the App
// pushed, although GitHub names the App as the sender, and none for its own checks.
func TestChecksOfOurBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.shop("acme/shop")
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	head := repo.Pulls()[0].HeadSHA
	tests := []struct {
		name string
		do   func()
		look bool
	}{
		{"CI starts", func() { repo.Check(head, "ci-app", "test", "in_progress", "") }, true},
		{"CI ends", func() { repo.Check(head, "ci-app", "test", "completed", "success") }, true},
		{"the App's own check", func() {
			w.post(installation.ID, "repos/acme/shop/check-runs", fmt.Sprintf(`{"name": "x", "head_sha": %q, "conclusion": "success"}`, head))
		}, false},
	}
	for _, tt := range tests {
		before := w.looks("acme/shop")
		tt.do()
		a.quiet(w.hub)
		if got := w.looks("acme/shop") - before; (got > 0) != tt.look {
			t.Errorf("%s: %d looks", tt.name, got)
		}
	}
}

// post calls GitHub as the App does, or as one of its installations, and returns
// what it answers.
func (w *world) post(installation int64, path, body string) map[string]any {
	w.t.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(w.hub.App.PrivateKey))
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: strconv.FormatInt(w.hub.App.ID, 10), IssuedAt: jwt.NewNumericDate(w.hub.Now().Add(-time.Minute)),
		ExpiresAt: jwt.NewNumericDate(w.hub.Now().Add(5 * time.Minute)),
	}).SignedString(key)
	if err != nil {
		w.t.Fatal(err)
	}
	if installation != 0 {
		made := w.send(token, fmt.Sprintf("app/installations/%d/access_tokens", installation), "null")
		token, _ = made["token"].(string)
	}
	return w.send(token, path, body)
}

func (w *world) send(token, path, body string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.hub.APIURL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("User-Agent", "a test")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode >= http.StatusBadRequest {
		w.t.Fatalf("%s: %d, %v, %v", path, res.StatusCode, answer, err)
	}
	return answer
}

// TestPushWhileALookRuns has one more look, which sees the newest head.
func TestPushWhileALookRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.shop("acme/shop")
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	held := w.hub.Fault(githubtest.Held("git/get-tree"))
	before := w.looks("acme/shop")
	for n := range 5 {
		repo.Commit("main", "push", map[string]string{"web.yaml": w.web("1.1.0") + fmt.Sprintf("# %d\n", n)})
		if n == 0 {
			<-held.Reached()
		}
	}
	w.hub.Settle()
	until(t, "the pushes were handled", func() bool {
		_, text := a.call("GET", "/metrics", "", "")
		return !jobsLeft(text, `kind="delivery"`)
	})
	held.Remove()
	a.quiet(w.hub)
	if got := a.ends("acme/shop", run.Planned); got.Result.Head != repo.Branch("main") {
		t.Errorf("the last look saw %s, want %s", got.Result.Head, repo.Branch("main"))
	}
	if got := w.looks("acme/shop") - before; got != 2 {
		t.Errorf("%d looks, want 2", got)
	}
}

// TestDisorder has ten thousand webhooks come twice and in any order.
func TestDisorder(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{Deliverers: 8})
			w.serve()
			accounts := map[string]*githubtest.Installation{}
			repos := map[string]*githubtest.Repository{}
			a := w.start("")
			w.hub.Hold()
			for n := range 10 {
				account := fmt.Sprintf("account-%d", n)
				first := w.current(account + "/shop-0")
				first.Collaborate("alice", "admin")
				accounts[account] = w.hub.Install(account, grants(), first)
				repos[first.FullName()] = first
				for m := range 4 {
					r := w.current(fmt.Sprintf("%s/shop-%d", account, m+1))
					r.Collaborate("alice", "admin")
					accounts[account].AddTo(r)
					repos[r.FullName()] = r
				}
			}
			names := slices.Sorted(maps.Keys(repos))
			random := rand.New(rand.NewPCG(1, 2))
			for n := range 60 {
				name := names[random.IntN(len(names))]
				repos[name].Commit("main", "push", map[string]string{"web.yaml": w.web("1.1.0") + fmt.Sprintf("# %d\n", n)})
			}
			for n, name := range names[:10] {
				repos[name].Rename("alice", fmt.Sprintf("renamed-%d", n))
				repos[name].Archive("alice", true)
				repos[name].Archive("alice", n%2 == 0)
			}
			accounts["account-8"].Suspend(true)
			accounts["account-8"].Suspend(false)
			accounts["account-9"].Uninstall()
			sent := 0
			w.hub.Release(func(held []githubtest.Delivery) []githubtest.Delivery {
				total := 2_000
				if os.Getenv(everything) != "" {
					total = 10_000
				}
				times := total/len(held) + 1
				sent = times * len(held)
				return githubtest.Shuffled(3, times)(held)
			})
			a.quiet(w.hub)
			w.hub.Advance(time.Hour) // what was undone by what came late is found by listing
			a.Housekeep(t.Context())
			a.quiet(w.hub)
			for _, name := range names {
				r := repos[name]
				switch {
				case r.Owner == "account-9":
					if got := a.shown(r.FullName()).Status; got != http.StatusNotFound {
						t.Errorf("%s is still there: %d", r.FullName(), got)
					}
					continue
				case slices.Index(names[:10], name)%2 == 0:
					a.ends(r.FullName(), run.Archived)
				default:
					if got := a.ends(r.FullName(), run.Planned); got.Result.Head != r.Branch("main") || got.ID != r.ID {
						t.Errorf("%s: %+v", r.FullName(), got)
					}
				}
			}
			looks := w.looks("")
			t.Logf("%d webhooks made %d looks at %d repositories", sent, looks, len(names))
			if looks > 500 {
				t.Errorf("%d looks", looks)
			}
		})
	}
}

// TestLostWebhooks are found in GitHub's log, at the start and every hour.
func TestLostWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{Events: []string{"push"}})
	w.serve()
	repo := w.current("acme/shop")
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	lose := func(what string) {
		w.hub.Disorder(githubtest.Disorder{Lose: 1})
		repo.Commit("main", "lost", map[string]string{"web.yaml": w.web("1.1.0") + "# " + what})
		w.hub.Settle()
		w.hub.Disorder(githubtest.Disorder{})
	}
	again := func() int { return len(w.hub.Calls(githubtest.Of("apps/redeliver-webhook-delivery"))) }
	seen := func(what string) {
		t.Helper()
		a.quiet(w.hub)
		if got := a.ends("acme/shop", run.Planned); got.Result.Head != repo.Branch("main") {
			t.Errorf("%s: the last look saw %s, want %s", what, got.Result.Head, repo.Branch("main"))
		}
	}

	lose("first")
	a.Housekeep(t.Context())
	if again() != 0 {
		t.Error("asked for what may be on its way")
	}
	w.hub.Advance(time.Hour)
	a.Housekeep(t.Context())
	seen("after an hour")
	if again() != 1 {
		t.Errorf("asked %d times, want once", again())
	}
	for range 3 {
		w.hub.Advance(time.Hour)
		a.Housekeep(t.Context())
	}
	if again() != 1 {
		t.Errorf("asked %d times for what arrived", again()-1)
	}

	lose("second")
	w.hub.Advance(time.Hour)
	w.hub.Disorder(githubtest.Disorder{Lose: 1})
	a.Housekeep(t.Context())
	w.hub.Settle()
	w.hub.Disorder(githubtest.Disorder{})
	w.hub.Advance(time.Hour)
	a.Housekeep(t.Context())
	seen("lost twice")
	if again() != 3 {
		t.Errorf("asked %d times, want 3", again())
	}

	a.stop()
	repo.Commit("main", "while nobody hears", map[string]string{"web.yaml": w.web("1.1.0") + "# x\n"})
	w.hub.Settle()
	w.hub.Advance(5 * time.Minute)
	a = w.start("")
	until(t, "it is asked for at the start", func() bool { return again() == 4 })
	seen("at the start")

	looks := w.looks("acme/shop")
	for _, d := range w.hub.Deliveries() {
		if d.OK() && d.Event == "push" {
			w.post(0, fmt.Sprintf("app/hook/deliveries/%d/attempts", d.ID), "")
		}
	}
	a.quiet(w.hub)
	if got := w.looks("acme/shop"); got != looks {
		t.Errorf("what arrived before made %d looks when it came again", got-looks)
	}
}

// TestSchedule follows what repositories want, and the server allows.
func TestSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	tests := map[string]struct {
		text        string
		least, most func(now time.Time) time.Time
	}{
		"hourly":  {"schedule: 1h\n", after(57 * time.Minute), after(63 * time.Minute)},
		"default": {"", after(57 * time.Minute), after(63 * time.Minute)},
		"daily":   {"schedule: 24h\n", after(1368 * time.Minute), after(1512 * time.Minute)},
		"hasty":   {"schedule: 5m\n", after(30 * time.Minute), after(33 * time.Minute)},
		"cron":    {"schedule: \"30 4 * * *\"\n", halfPastFour("UTC", 0), halfPastFour("UTC", time.Minute)},
		"berlin":  {"schedule: \"30 4 * * *\"\ntimezone: Europe/Berlin\n", halfPastFour("Europe/Berlin", 0), halfPastFour("Europe/Berlin", time.Minute)},
		"often":   {"schedule: \"*/5 * * * *\"\n", after(30 * time.Minute), after(36 * time.Minute)},
	}
	var repos []*githubtest.Repository
	for name, tt := range tests {
		repos = append(repos, w.hub.AddRepository("acme/"+name, map[string]string{
			".imageupdater.yaml": "version: 1\n" + tt.text, "web.yaml": w.web("1.0.0"),
		}))
	}
	a := w.start("schedule: {least: 30m}\n")
	installation := w.hub.Install("acme", grants(), repos...)
	a.quiet(w.hub)
	distinct := map[time.Duration]bool{}
	for name, tt := range tests {
		got := a.ends("acme/"+name, run.Planned)
		// The API tells times to the millisecond.
		if least, most := tt.least(got.Result.At).Add(-time.Second), tt.most(got.Result.At).Add(time.Second); got.NextLook.Before(least) || got.NextLook.After(most) {
			t.Errorf("%s: looked at %s, the next time is %s, want %s to %s", name, got.Result.At, got.NextLook, least, most)
		}
		distinct[got.NextLook.Sub(*got.LastLook)] = true
	}
	if len(distinct) < 5 {
		t.Errorf("the times are not spread: %v", distinct)
	}
	looks := func() map[string]int {
		all := map[string]int{}
		for name := range tests {
			all[name] = w.looks("acme/" + name)
		}
		return all
	}
	before := looks()
	w.hub.Advance(29 * time.Minute)
	a.tick(w.hub)
	if got := looks(); !maps.Equal(got, before) {
		t.Errorf("looked before it was due: %v, %v", before, got)
	}
	w.hub.Advance(8 * time.Minute)
	a.tick(w.hub)
	a.tick(w.hub)
	if got := looks(); got["hasty"] != before["hasty"]+1 || got["often"] != before["often"]+1 || got["hourly"] != before["hourly"] {
		t.Errorf("after 37 minutes: %v, %v", before, got)
	}
	w.hub.Advance(30 * time.Minute)
	a.tick(w.hub)
	if got := looks(); got["hourly"] != before["hourly"]+1 || got["default"] != before["default"]+1 || got["daily"] != before["daily"] {
		t.Errorf("after 67 minutes: %v, %v", before, got)
	}
	installation.Suspend(true)
	a.quiet(w.hub)
	before = looks()
	w.hub.Advance(48 * time.Hour)
	a.tick(w.hub)
	if got := looks(); !maps.Equal(got, before) {
		t.Errorf("looked while suspended: %v, %v", before, got)
	}
	installation.Suspend(false)
	a.quiet(w.hub)
	for name, n := range looks() {
		// Both the event and the schedule want one, which are two when one ended
		// before the other was asked for.
		if n -= before[name]; n < 1 || n > 2 {
			t.Errorf("%s: %d looks after the suspension, want 1 or 2", name, n)
		}
	}
}

func after(d time.Duration) func(time.Time) time.Time {
	return func(now time.Time) time.Time { return now.Add(d) }
}

// halfPastFour is the next time that a clock in some zone shows 4:30, and some
// more.
func halfPastFour(zone string, more time.Duration) func(time.Time) time.Time {
	return func(now time.Time) time.Time {
		in, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		local := now.In(in)
		next := time.Date(local.Year(), local.Month(), local.Day(), 4, 30, 0, 0, in)
		if next.Before(now.Add(30 * time.Minute)) {
			next = next.AddDate(0, 0, 1)
		}
		return next.Add(more)
	}
}
