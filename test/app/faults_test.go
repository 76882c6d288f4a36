package app_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// token is the call that makes an installation's token.
const token = "apps/create-installation-access-token"

// lookCalls are the calls that a look makes, and where of an account they are.
func lookCalls(account string, installation int64) map[string]string {
	repository := "/repos/" + account + "/shop"
	return map[string]string{
		token:               fmt.Sprintf("/app/installations/%d/access_tokens", installation),
		"git/get-ref":       repository + "/git/ref/heads/main",
		"repos/get":         repository,
		"git/get-tree":      repository + "/git/trees/*",
		"git/get-blob":      repository + "/git/blobs/*",
		"repos/get-content": "/repos/" + account + "/.imageupdater/contents/.imageupdater.yaml",
	}
}

// form is a fault, of whatever operation.
type form func(operation string) githubtest.Fault

// limits are the ways in which GitHub says that it is too much.
func limits() map[string]form {
	return map[string]form{
		"429 with a time":    func(o string) githubtest.Fault { return githubtest.TooManyRequests(o, 5*time.Minute) },
		"429 without a time": func(o string) githubtest.Fault { return githubtest.TooManyRequests(o, -1) },
		"403 with a time": func(o string) githubtest.Fault {
			return githubtest.SecondaryLimit(o, http.StatusForbidden, time.Minute)
		},
		"403 known by the page": func(o string) githubtest.Fault { return githubtest.SecondaryLimit(o, http.StatusForbidden, -1) },
		"403 known by its words": func(o string) githubtest.Fault {
			return githubtest.Undocumented(githubtest.SecondaryLimit(o, http.StatusForbidden, -1))
		},
		"the hour's calls": func(o string) githubtest.Fault {
			f := githubtest.Forbidden(o)
			f.Message = "API rate limit exceeded for installation"
			f.Func = func(x *githubtest.Exchange) {
				x.Header.Set("X-RateLimit-Remaining", "0")
				x.Header.Set("X-RateLimit-Reset", strconv.FormatInt(x.At.Add(30*time.Minute).Unix(), 10))
			}
			return f
		},
	}
}

// refusals are answers that stay.
func refusals() map[string]form {
	return map[string]form{
		"403": githubtest.Forbidden,
		"404": githubtest.NotFound,
		"409": func(o string) githubtest.Fault { return githubtest.Conflict(o, "Conflict") },
		"422": func(o string) githubtest.Fault { return githubtest.Unprocessable(o, "Validation Failed") },
	}
}

// outages are what has nothing to do with what was asked.
func outages() map[string]form {
	return map[string]form{
		"401":              githubtest.BadCredentials,
		"500":              githubtest.ServerError,
		"502 in HTML":      func(o string) githubtest.Fault { return githubtest.BadGateway(o, githubtest.BeforeWork) },
		"reset before":     func(o string) githubtest.Fault { return githubtest.ConnectionReset(o, githubtest.BeforeWork) },
		"reset after":      func(o string) githubtest.Fault { return githubtest.ConnectionReset(o, githubtest.AfterWork) },
		"half an answer":   func(o string) githubtest.Fault { return githubtest.Truncated(o, 5) },
		"a slow answer":    func(o string) githubtest.Fault { return githubtest.Fault{Operation: o, Slow: 100 * time.Millisecond} },
		"no JSON":          func(o string) githubtest.Fault { return githubtest.Fault{Operation: o, Status: 200, Body: "<html>"} },
		"a 404 of a proxy": func(o string) githubtest.Fault { return githubtest.Fault{Operation: o, Status: 404, Body: "<html>"} },
	}
}

// struck is an account of which one call fails.
type struck struct {
	account, operation, form string
	installation             *githubtest.Installation
	fault                    *githubtest.Injected
}

func (s *struck) repository() string { return s.account + "/shop" }
func (s *struck) String() string     { return s.operation + " by " + s.form }

// strike installs the App on an account for each call of a look, of those that are
// wanted, and each form, and lets that call fail in that form, so many times.
func strike(w *world, forms map[string]form, times int, wanted func(operation string) bool) []*struck {
	var all []*struck
	w.hub.Hold()
	for operation := range lookCalls("", 0) {
		if !wanted(operation) {
			continue
		}
		for name, form := range forms {
			s := &struck{account: strings.NewReplacer(" ", "-", "'", "", "/", "-").Replace(operation + " " + name), operation: operation, form: name}
			s.installation = w.hub.Install(s.account, grants(), w.shop(s.repository()))
			f := form(operation)
			f.Path, f.Times = lookCalls(s.account, s.installation.ID)[operation], times
			s.fault = w.hub.Fault(f)
			all = append(all, s)
		}
	}
	w.hub.Release(nil)
	w.hub.Settle()
	return all
}

func everyCall(string) bool     { return true }
func ofTheApp(o string) bool    { return o == token }
func notOfTheApp(o string) bool { return o != token }

// recovered checks that the repositories ended as if nothing had been.
func recovered(t *testing.T, a *app, all []*struck, good string) {
	t.Helper()
	want := a.ends(good, run.Planned).Result
	for _, s := range all {
		got := a.shown(s.repository())
		if got.Parked != "" || got.Looking || got.Result == nil {
			t.Errorf("%s: afterwards %+v", s, got)
			continue
		}
		ignore := cmp.FilterPath(func(p cmp.Path) bool {
			return strings.HasSuffix(p.String(), "At") || strings.HasSuffix(p.String(), "Next") || strings.HasSuffix(p.String(), "Head")
		}, cmp.Ignore())
		if diff := cmp.Diff(want, got.Result, ignore); diff != "" {
			t.Errorf("%s: afterwards (-want +got):\n%s", s, diff)
		}
	}
}

// TestLimits has each call of a look answered by each form of a limit. The
// installation is left alone until then, and nothing else comes of it.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			w.serve()
			a := w.start("")
			w.hub.Install("good", grants(), w.shop("good/shop"))
			a.quiet(w.hub)
			forms := limits()
			if name != "sqlite" {
				forms = map[string]form{"429 with a time": forms["429 with a time"]}
			}
			limited(t, w, a, strike(w, forms, 0, notOfTheApp))
			// A limit of the App's own calls is one for all installations.
			for name, one := range forms {
				limited(t, w, a, strike(w, map[string]form{name: one}, 0, ofTheApp))
			}
		})
	}
}

// limited waits until all looks wait for a limit, checks that they do no more, and
// lets the limit end.
func limited(t *testing.T, w *world, a *app, all []*struck) {
	t.Helper()
	until(t, "all looks wait", func() bool {
		for _, s := range all {
			if w.logged("a look waits", s.repository()) == 0 {
				return false
			}
		}
		return true
	})
	for _, s := range all {
		if got := a.shown(s.repository()); got.Parked != "" || !got.Looking {
			t.Errorf("%s: meanwhile %+v", s, got)
		}
		by := func(e githubtest.Exchange) bool {
			return e.Installation == s.installation.ID || strings.Contains(e.Path, fmt.Sprintf("/installations/%d/", s.installation.ID))
		}
		after := -1
		for _, call := range w.hub.Calls(by) {
			if after >= 0 || call.Fault {
				after++
			}
		}
		if after > 3 { // what was under way
			t.Errorf("%s: %d more calls", s, after)
		}
		s.fault.Remove()
	}
	if n := w.logged("a look failed", ""); n > 0 {
		t.Errorf("%d looks failed", n)
	}
	w.hub.Advance(2 * time.Hour)
	a.quiet(w.hub)
	recovered(t, a, all, "good/shop")
}

// TestRefusals has each call of a look answered by what does not change by asking
// again. Each is a state that says so, and ends when it ends.
func TestRefusals(t *testing.T) {
	t.Parallel()
	states := map[string]run.State{"403": run.Forbidden, "404": run.Refused, "409": run.Refused, "422": run.Refused}
	special := map[string]run.State{
		token + " by 404": run.Gone, "repos/get by 404": run.Gone,
		"repos/get-content by 404": run.Planned, "repos/get-content by 403": run.Planned,
	}
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	a := w.start("")
	w.hub.Install("good", grants(), w.shop("good/shop"))
	a.quiet(w.hub)
	all := strike(w, refusals(), 0, everyCall)
	a.quiet(w.hub)
	for _, s := range all {
		want, is := special[s.String()]
		if !is {
			want = states[s.form]
		}
		got := a.shown(s.repository())
		if got.Result == nil || got.Result.State != want || got.Parked != "" || want != run.Planned && got.Result.Detail == "" {
			t.Errorf("%s: %+v, %+v, want %q", s, got, got.Result, want)
		}
		s.fault.Remove()
	}
	if n := w.logged("a look failed", ""); n > 0 {
		t.Errorf("%d looks failed", n)
	}
	w.hub.Advance(26 * time.Hour)
	a.tick(w.hub)
	recovered(t, a, all, "good/shop")
}

// TestOutages has each call of a look fail in each way that has nothing to do with
// the repository: so often that it is tried again at once, and more often.
func TestOutages(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 4} {
		t.Run(strconv.Itoa(times), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, file(t), githubtest.Options{})
			w.serve()
			a := w.start("")
			w.hub.Install("good", grants(), w.shop("good/shop"))
			a.quiet(w.hub)
			all := strike(w, outages(), times, everyCall)
			until(t, "all have been looked at", func() bool {
				w.hub.Advance(time.Minute)
				for _, s := range all {
					if got := a.shown(s.repository()); got.Result == nil || got.Looking {
						return false
					}
				}
				return true
			})
			recovered(t, a, all, "good/shop")
			if n := w.logged("a look failed and is given up for now", ""); n > 0 {
				t.Errorf("%d repositories were parked", n)
			}
		})
	}
}

// TestGitHubIsDown for an hour, in which people go on to push and to install.
func TestGitHubIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	a := w.start("")
	var repos []*githubtest.Repository
	for n := range 5 {
		account := fmt.Sprintf("account-%d", n)
		var mine []*githubtest.Repository
		for m := range 4 {
			mine = append(mine, w.shop(fmt.Sprintf("%s/shop-%d", account, m)))
		}
		w.hub.Install(account, grants(), mine...)
		repos = append(repos, mine...)
	}
	a.quiet(w.hub)

	mark := w.hub.Mark()
	down := w.hub.Fault(githubtest.BadGateway("", githubtest.BeforeWork))
	for _, r := range repos {
		r.Commit("main", "while GitHub is down", map[string]string{"web.yaml": w.web("1.1.0")})
	}
	w.hub.Install("newcomer", grants(), w.shop("newcomer/shop"))
	w.hub.Settle()
	for range 12 {
		before := down.Fired()
		w.hub.Advance(5 * time.Minute)
		a.Housekeep(t.Context())
		if err := a.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "somebody tries", func() bool { return down.Fired() > before })
	}
	calls := len(w.hub.Since(mark))
	t.Logf("%d calls in an hour, for %d repositories", calls, len(repos))
	if calls > 150 {
		t.Errorf("%d calls while GitHub was down", calls)
	}
	for _, d := range w.hub.Deliveries() {
		if !d.OK() {
			t.Errorf("a webhook was not taken: %s, %s", d.Event, d.Status)
		}
	}
	for _, r := range repos {
		if got := a.shown(r.FullName()); got.Parked != "" || !got.Looking {
			t.Errorf("%s: meanwhile %+v", r.FullName(), got)
		}
	}
	down.Remove()
	w.hub.Advance(6 * time.Minute)
	a.quiet(w.hub)
	for _, r := range repos {
		if got := a.ends(r.FullName(), run.Planned); updates(got) != "" || got.Result.Head != r.Branch("main") {
			t.Errorf("%s: afterwards %+v", r.FullName(), got.Result)
		}
	}
	a.ends("newcomer/shop", run.Planned)
}

// TestChoresFail has each call of the chores fail in each form, and the next time
// succeed.
func TestChoresFail(t *testing.T) {
	t.Parallel()
	broken := outages()
	delete(broken, "a slow answer") // which is none
	for name, forms := range map[string]map[string]form{"limits": limits(), "refusals": refusals(), "outages": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, file(t), githubtest.Options{})
			a := w.start("")
			w.hub.Install("acme", grants(), w.hub.AddEmptyRepository("acme/empty"))
			a.quiet(w.hub)
			for name, form := range forms {
				for _, operation := range []string{
					"apps/list-installations", "apps/list-repos-accessible-to-installation", "apps/list-webhook-deliveries",
				} {
					fault := w.hub.Fault(form(operation))
					w.hub.Advance(25 * time.Hour)
					a.Housekeep(t.Context())
					fault.Remove()
					mark := w.hub.Mark()
					for range 3 {
						w.hub.Advance(time.Hour)
						a.Housekeep(t.Context())
					}
					if len(w.hub.Since(mark, githubtest.Of(operation), githubtest.Answered(http.StatusOK))) == 0 {
						t.Errorf("%s by %s: not called again", operation, name)
					}
				}
			}
			a.tick(w.hub)
			a.ends("acme/empty", run.Empty)
		})
	}
}
