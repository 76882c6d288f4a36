package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

func errorAs[E error](err error) (E, bool) { return errors.AsType[E](err) }

// head is the least that asks GitHub anything.
func (w *world) head(ctx context.Context, g *forge.GitHub) error {
	return third(g.As(w.installation.ID).Repo(w.ref).Head(ctx, "main"))
}

// TestPrimaryLimit uses an hour up.
func TestPrimaryLimit(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		w := newWorld(t, githubtest.Options{Rates: githubtest.Rates{Status: status}})
		w.installation.SetLimit(20)
		g := w.github(t, forge.Options{})
		var err error
		for range 30 {
			if err = w.head(t.Context(), g); err != nil {
				break
			}
		}
		l, is := errorAs[*forge.LimitedError](err)
		if !is || l.Why != "primary" || !l.Until.After(w.hub.Now()) || l.Until.After(w.hub.Now().Add(time.Hour)) {
			t.Fatalf("over the limit: %v", err)
		}
		mark := w.hub.Mark()
		if _, is := errorAs[*forge.LimitedError](w.head(t.Context(), g)); !is || len(w.hub.Since(mark)) != 0 {
			t.Errorf("it went on:\n%s", w.hub.Dump(3))
		}
		w.hub.Advance(time.Hour)
		if err := w.head(t.Context(), g); err != nil {
			t.Errorf("a new hour: %v", err)
		}
	}
}

// TestSharedCooldown keeps another replica from what one has learnt, and no other
// installation.
func TestSharedCooldown(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	shared := &cooldowns{}
	one, two := w.github(t, forge.Options{Cooldowns: shared}), w.github(t, forge.Options{Cooldowns: shared})
	other := w.hub.Install("globex", grants(), w.hub.AddRepository("globex/site", map[string]string{"a": "b"}))
	fault := w.hub.Fault(once(func(string) githubtest.Fault { return githubtest.TooManyRequests("git/get-ref", time.Minute) })(""))
	limited(time.Minute, "secondary")(t, w, w.head(t.Context(), one))
	limited(time.Minute, "cooldown")(t, w, w.head(t.Context(), two))
	if fault.Fired() != 1 {
		t.Errorf("asked %d times", fault.Fired())
	}
	if _, _, err := two.As(other.ID).Repo(forge.Ref{Owner: "globex", Name: "site"}).Head(t.Context(), "main"); err != nil {
		t.Errorf("another installation: %v", err)
	}
	w.hub.Advance(time.Minute)
	isNothing(t, w, w.head(t.Context(), two))

	shared.err = errors.New("the database is gone")
	is(shared.err)(t, w, w.head(t.Context(), one))
	shared.err = nil
}

// TestCooldownNotShared says the limit even when it cannot be shared.
func TestCooldownNotShared(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	broken := errors.New("the database is gone")
	g := w.github(t, forge.Options{Cooldowns: deaf{broken}})
	w.hub.Fault(githubtest.TooManyRequests("git/get-ref", time.Minute))
	err := w.head(t.Context(), g)
	is(broken)(t, w, err)
	limited(time.Minute, "secondary")(t, w, err)
	limited(time.Minute, "cooldown")(t, w, w.head(t.Context(), g))
}

type deaf struct{ err error }

func (deaf) Until(context.Context, int64) (time.Time, error)  { return time.Time{}, nil }
func (d deaf) Extend(context.Context, int64, time.Time) error { return d.err }

// TestStrikes waits longer each time that GitHub does not say how long.
func TestStrikes(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	fault := w.hub.Fault(githubtest.SecondaryLimit("git/get-ref", http.StatusForbidden, -1))
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		limited(wait, "secondary")(t, w, w.head(t.Context(), g))
		w.hub.Advance(wait)
	}
	fault.Remove()
	isNothing(t, w, w.head(t.Context(), g))
	w.hub.Fault(githubtest.SecondaryLimit("git/get-ref", http.StatusForbidden, -1))
	limited(time.Minute, "secondary")(t, w, w.head(t.Context(), g))
}

// TestReserve leaves the last tenth of an hour to people.
func TestReserve(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.installation.SetLimit(100)
	g := w.github(t, forge.Options{})
	background := forge.Background(t.Context())
	var err error
	for range 100 {
		if err = w.head(background, g); err != nil {
			break
		}
	}
	l, is := errorAs[*forge.LimitedError](err)
	if !is || l.Why != "reserve" || !l.Until.After(w.hub.Now()) {
		t.Fatalf("in the background: %v", err)
	}
	if used := w.installation.Usage(); used.Calls != 91 {
		t.Errorf("%d calls were made", used.Calls)
	}
	isNothing(t, w, w.head(t.Context(), g))
	w.hub.Advance(time.Hour)
	isNothing(t, w, w.head(background, g))
}

// TestPace keeps below the points of a minute, whatever there is to read; without
// it GitHub puts an end to it.
func TestPace(t *testing.T) {
	for unpaced, good := range map[bool]bool{false: true, true: false} {
		w := newWorld(t, githubtest.Options{Rates: githubtest.Rates{Enforce: true}})
		w.installation.SetLimit(50_000)
		g := w.github(t, forge.Options{Unpaced: unpaced, Memory: newMemory()})
		began := w.hub.Now()
		var failed error
		for range 1200 {
			if failed = w.head(t.Context(), g); failed != nil {
				break
			}
		}
		if used := w.installation.Usage(); (failed == nil) != good || good != (used.Points <= 900) {
			t.Errorf("unpaced %v: %d points in a minute, %v", unpaced, used.Points, failed)
		}
		if took := w.hub.Now().Sub(began); good && took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	}
}

// TestConcurrentReads keeps to so many at once, and mints one token.
func TestConcurrentReads(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{Memory: newMemory()})
	mark := w.hub.Mark()
	held := w.hub.Fault(githubtest.Held("git/get-ref"))
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if err := w.head(t.Context(), g); err != nil {
				t.Error(err)
			}
		})
	}
	if err := held.Await(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	held.Release()
	group.Wait()
	if used := w.installation.Usage(); used.Concurrent > 10 {
		t.Errorf("%d at once", used.Concurrent)
	}
	if minted := w.hub.Since(mark, githubtest.Of("apps/create-installation-access-token")); len(minted) != 1 {
		t.Errorf("%d tokens were made", len(minted))
	}
}

// TestTokens renews them early, and once when GitHub takes one back.
func TestTokens(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	minted := func() int {
		return w.hub.Counts()["apps/create-installation-access-token"].Calls
	}
	before := minted()
	for _, step := range []struct {
		after time.Duration
		made  int
	}{{0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {0, 2}, {3 * time.Hour, 3}} {
		w.hub.Advance(step.after)
		isNothing(t, w, w.head(t.Context(), g))
		if made := minted() - before; made != step.made {
			t.Errorf("%s later: %d tokens made, want %d", step.after, made, step.made)
		}
	}
	token, err := g.As(w.installation.ID).Token(t.Context())
	if err != nil || token.Secret == "" || !token.Expires.After(w.hub.Now()) || strings.Contains(fmt.Sprintf("%v %+v %#v", token, token, token), token.Secret) {
		t.Errorf("a token for packages: %v %v", token, err)
	}
	poor := w.hub.Install("poor", map[string]string{"contents": "read"})
	if denied, is := errorAs[*forge.PermissionError](second(g.As(poor.ID).Token(t.Context()))); !is || denied.Needs != "packages=read" {
		t.Errorf("without the permission: %v", denied)
	}
}

// TestStatelessTokens takes tokens of any shape.
func TestStatelessTokens(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	long := "ghs_1234_" + strings.Repeat("eyJ.x-Y_z", 60)
	wire := &swapping{next: w.hub.Transport(), long: long}
	isNothing(t, w, w.head(t.Context(), w.github(t, forge.Options{Transport: wire})))
	if wire.used == 0 {
		t.Error("the token was not used")
	}
}

// swapping gives the client another token than GitHub's, and takes it for that.
type swapping struct {
	next       http.RoundTripper
	long, real string
	used       int
}

func (s *swapping) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") == "Bearer "+s.long {
		s.used++
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+s.real)
	}
	resp, err := s.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusCreated {
		s.real = swapToken(resp, s.long)
	}
	return resp, err
}

// TestSuspended says what has become of an installation, with a token and without.
func TestSuspended(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	g := w.github(t, forge.Options{})
	isNothing(t, w, w.head(t.Context(), g))
	w.installation.Suspend(true)
	is(forge.ErrSuspended)(t, w, w.head(t.Context(), g))
	is(forge.ErrSuspended)(t, w, w.head(t.Context(), w.github(t, forge.Options{})))
	if i, err := g.Installation(t.Context(), w.installation.ID); err != nil || i.Suspended.IsZero() {
		t.Errorf("seen by the App: %+v %v", i, err)
	}
	w.installation.Suspend(false)
	isNothing(t, w, w.head(t.Context(), g))
	is(forge.ErrUninstalled)(t, w, third(g.As(1).Repo(w.ref).Head(t.Context(), "main")))
}
