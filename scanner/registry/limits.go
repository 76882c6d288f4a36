package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Limits that hold where an operator sets none. A burst covers a run over 50
// images of one host, with four requests each; what goes on for longer gets along
// with few requests a second.
//
//nolint:gochecknoglobals // tables, never written
var (
	publicLimits  = Limits{PerSecond: 5, Burst: 250, Concurrent: 4}
	privateLimits = Limits{PerSecond: 100, Burst: 1000, Concurrent: 16} // the operator's own
	knownLimits   = map[string]Limits{
		// 100 pulls in 6 hours for all who share an address: some are left to them.
		image.DockerHub: {PerSecond: 5, Burst: 250, Concurrent: 4, Budget: 60, BudgetWindow: 6 * time.Hour},
		// Said to slow down above a few requests a second.
		"quay.io":        {PerSecond: 5, Burst: 50, Concurrent: 4},
		"public.ecr.aws": {PerSecond: 2, Burst: 50, Concurrent: 2},
	}
)

const (
	// maxLanes and maxPayers bound what is remembered of hosts and identities. Those
	// that are idle are forgotten first; where none is, the one whose pause or
	// budget ends first, so that whoever makes many hosts want a pause can neither
	// fill the memory nor shut out a new host.
	maxLanes  = 1000
	maxPayers = 100
	// usualPause is for a registry that says 429 and not for how long; each
	// further one in a row doubles it.
	usualPause = 30 * time.Second
	// pullPause is how long no manifest is got where the pulls are used up: they
	// come back one by one over hours.
	pullPause = 15 * time.Minute
	usedUp    = "its pulls are used up"
	// usualWindow is for a budget without one.
	usualWindow = 6 * time.Hour
)

// limitsOf are the limits for a host: its operator's, where there are none the
// usual ones. Below zero there is no limit.
func limitsOf(s *site) Limits {
	usual := publicLimits
	if s.private() {
		usual = privateLimits
	}
	if known, ok := knownLimits[s.Name]; ok {
		usual = known
	}
	return Limits{
		PerSecond:    cmp.Or(s.Limits.PerSecond, usual.PerSecond),
		Burst:        cmp.Or(s.Limits.Burst, usual.Burst),
		Concurrent:   cmp.Or(s.Limits.Concurrent, usual.Concurrent),
		Budget:       cmp.Or(s.Limits.Budget, usual.Budget),
		BudgetWindow: cmp.Or(s.Limits.BudgetWindow, usual.BudgetWindow, usualWindow),
	}
}

// Cooldowns are the times until which hosts want to be left alone, by a name of the
// host and of who asks it. They may fail, and may be behind: a host that is asked
// all the same says so again.
type Cooldowns interface {
	Until(ctx context.Context, name string) time.Time
	// Extend makes one last until a time, or longer if it does already.
	Extend(ctx context.Context, name string, until time.Time)
}

// limiting keeps to the limits of each host: at most so many requests at once and
// in a second, none while it wants to be left alone or has failed again and again,
// and no more pulls than it gives. What waits for one host waits for no other.
type limiting struct {
	next  http.RoundTripper
	sites *sites
	now   func() time.Time
	// shared is nil where this process is alone.
	shared Cooldowns

	mu    sync.Mutex
	lanes *recent[string, *lane]
}

func newLimiting(next http.RoundTripper, listed *sites, now func() time.Time, shared Cooldowns) *limiting {
	l := &limiting{next: next, sites: listed, now: now, shared: shared, lanes: newRecent[string, *lane](maxLanes)}
	l.lanes.matters = (*lane).matters
	return l
}

// RoundTrip waits for its turn, or fails at once where that would be no use.
func (l *limiting) RoundTrip(req *http.Request) (*http.Response, error) {
	lane := l.lane(req)
	defer lane.riders.Add(-1)
	r := &ride{lane: lane, payer: payerOf(req, lane.site), pull: useOf(req) == useManifest && len(before(req)) == 0}
	resp, err := r.send(req, l.next)
	if err != nil {
		return nil, asFailed(err)
	}
	return resp, nil
}

// lane is the one that a request takes, as one of its riders.
func (l *limiting) lane(req *http.Request) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, foreign := address(req.URL.Scheme, req.URL.Host), false
	if c := visitOf(req.Context()); c != nil && !c.site.owns(req.URL) && !c.site.ownsTokens(req.URL) {
		// Who sends us to another host must not have it shut for all.
		key, foreign = c.site.Name+" "+key, true
	}
	lane := l.lanes.get(key, func() *lane {
		made := newLane(l.sites.of(req.URL.Host), l.now)
		made.foreign = foreign
		if !foreign { // what a stranger says counts here alone
			made.shared = l.shared
		}
		return made
	})
	lane.riders.Add(1)
	return lane
}

// payerOf is the identity that a registry counts a request for.
func payerOf(req *http.Request, at *site) string {
	c := visitOf(req.Context())
	if c == nil || c.site.Name != at.Name {
		return ""
	}
	return c.identity
}

// lane is the way to one host.
type lane struct {
	site   *site
	limits Limits
	now    func() time.Time
	rate   *rate.Limiter // nil without a limit
	slots  chan struct{} // nil without a limit
	// foreign is a host to which another registry sends us.
	foreign bool
	shared  Cooldowns    // nil without any
	riders  atomic.Int32 // requests that wait or are under way

	mu      sync.Mutex
	breaker breaker
	quiet   pause
	pauses  int // in a row, without a time that the host told
	payers  *recent[string, *payer]
}

func newLane(at *site, now func() time.Time) *lane {
	l := &lane{site: at, limits: limitsOf(at), now: now, payers: newRecent[string, *payer](maxPayers)}
	l.payers.matters = func(p *payer) time.Time { return p.matters(l) }
	if l.limits.PerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(l.limits.PerSecond), max(1, l.limits.Burst))
	}
	if l.limits.Concurrent > 0 {
		l.slots = make(chan struct{}, l.limits.Concurrent)
	}
	return l
}

// matters is until when it makes a difference to remember the lane: requests are
// under way, the host is left alone, pulls are counted, or the rate would begin
// with a new burst. Zero is for one that is idle.
func (l *lane) matters() time.Time {
	now := l.now()
	if l.riders.Load() > 0 {
		return now.Add(forEver)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	until := later(l.quiet.until, l.breaker.until)
	for _, item := range l.payers.items {
		until = later(until, item.value.matters(l))
	}
	if l.rate != nil {
		missing := float64(l.rate.Burst()) - l.rate.TokensAt(now)
		until = later(until, now.Add(time.Duration(missing/l.limits.PerSecond*float64(time.Second))))
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pause is a time in which nothing is asked, and why.
type pause struct {
	until time.Time
	why   string
	pulls bool // it is about pulls alone
}

// over is the error of a pause; nil when it is over.
func (p pause) over(host string, now time.Time) error {
	if !now.Before(p.until) {
		return nil
	}
	return &RateLimited{Host: host, RetryAfter: wholeSeconds(p.until.Sub(now)), Next: p.until, Why: p.why, Pulls: p.pulls}
}

// wholeSeconds rounds up: who comes back too early is sent away again.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// enter waits for its turn and then for a free slot, as long as the context
// allows.
func (l *lane) enter(ctx context.Context) (leave func(), err error) {
	if err := l.await(ctx); err != nil {
		return nil, err
	}
	if l.slots == nil {
		return func() {}, nil
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *lane) await(ctx context.Context) error {
	if l.rate == nil {
		return nil
	}
	now := l.now()
	turn := l.rate.ReserveN(now, 1)
	delay := turn.DelayFrom(now)
	if deadline, ok := ctx.Deadline(); ok && delay > max(0, time.Until(deadline)) {
		turn.CancelAt(now)
		return &RateLimited{Host: l.site.Name, RetryAfter: wholeSeconds(delay), Next: now.Add(delay), Why: fmt.Sprintf("it is asked %g times a second, and others are first", l.limits.PerSecond)}
	}
	if delay == 0 {
		return nil
	}
	if err := wait(ctx, delay); err != nil {
		turn.CancelAt(l.now())
		return err
	}
	return nil
}

// ride is one request on its way.
type ride struct {
	*lane

	payer string
	pull  bool // it may count as one
	spare bool // it leaves something to others
	probe bool
}

func (r *ride) send(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	r.hear(req.Context())
	r.spare = req.Context().Value(spareKey{}) != nil
	if err := r.mayGo(); err != nil {
		return nil, err
	}
	leave, err := r.enter(req.Context())
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := r.start(); err != nil {
		return nil, err
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		r.failed(req, err)
		return nil, err
	}
	err = r.answered(req, resp)
	r.tell(req.Context(), err)
	return resp, err
}

// coolingName is under what others know of a pause of the host, or of the pulls of
// who pays. Of that no more than a hash is told.
func (r *ride) coolingName(pulls bool) string {
	if !pulls {
		return r.site.Name
	}
	sum := sha256.Sum256([]byte(r.payer))
	return r.site.Name + " pulls " + hex.EncodeToString(sum[:8])
}

// hear takes over pauses that others met.
func (r *ride) hear(ctx context.Context) {
	if r.shared == nil {
		return
	}
	host, pulls := r.shared.Until(ctx, r.coolingName(false)), time.Time{}
	if r.pull {
		pulls = r.shared.Until(ctx, r.coolingName(true))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if host.After(r.quiet.until) {
		r.quiet = pause{until: host}
	}
	if r.pull && pulls.After(r.paying().quiet.until) {
		r.paying().quiet = pause{pulls, usedUp, true}
	}
}

// tell lets others know of a pause that was met here.
func (r *ride) tell(ctx context.Context, err error) {
	limited, is := errors.AsType[*RateLimited](err)
	if is && r.shared != nil && limited.Next.After(r.now()) {
		r.shared.Extend(context.WithoutCancel(ctx), r.coolingName(limited.Pulls), limited.Next)
	}
}

// mayGo fails without waiting in vain.
func (r *ride) mayGo() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refusal(r.now())
}

func (r *ride) refusal(now time.Time) error {
	if err := r.quiet.over(r.site.Name, now); err != nil {
		return err
	}
	if err := r.breaker.rest(r.site.Name, now); err != nil {
		return err
	}
	if r.pull {
		return r.paying().refusal(r.lane, now, r.spare)
	}
	return nil
}

// start looks a second time, after the wait, and takes what there is to take.
func (r *ride) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if err := r.refusal(now); err != nil {
		return err
	}
	r.probe = r.breaker.try(now)
	if r.pull {
		r.paying().take(r.lane, now)
	}
	return nil
}

// paying is who pays, under the lock of the lane.
func (r *ride) paying() *payer {
	return r.payers.get(r.payer, func() *payer { return &payer{identity: r.payer, limit: -1} })
}

// failed takes a request without an answer, or with one that the guard refused.
func (r *ride) failed(req *http.Request, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := outcomeAnswered
	switch _, isBroken := errors.AsType[*broken](err); {
	case errors.Is(err, ErrRefusedAddress) || errors.Is(err, errRedirects) || req.Context().Err() != nil:
		what = outcomeNone
	case isBroken || errors.Is(err, ErrTimeout):
		what = outcomeBroken
	}
	r.breaker.done(r.now(), what, repositoryOf(req), explain(req.Context(), err), r.probe)
}

// answered takes an answer, and makes an error of those that want us to wait.
func (r *ride) answered(req *http.Request, resp *http.Response) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	use := useOf(req)
	if use == useManifest || use == useHead {
		r.paying().learn(resp.Header, now)
	}
	told := retryAfter(resp.Header, now)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		r.breaker.done(now, outcomeAnswered, "", nil, r.probe)
		return r.tooMany(resp, told, now)
	case resp.StatusCode == http.StatusServiceUnavailable && told > longestStumble:
		r.breaker.done(now, outcomeAnswered, "", nil, r.probe)
		return r.keepQuiet(now, told)
	case resp.StatusCode >= http.StatusInternalServerError && resp.StatusCode != http.StatusNotImplemented:
		r.breaker.done(now, outcomeError, repositoryOf(req), statusError(resp.StatusCode), r.probe)
	default:
		if use != useOther {
			r.pauses = 0
		}
		r.breaker.done(now, outcomeAnswered, "", nil, r.probe)
	}
	return nil
}

// tooMany tells the two kinds of 429 apart: where the pulls are used up, all that
// is no pull goes on.
func (r *ride) tooMany(resp *http.Response, told time.Duration, now time.Time) error {
	if r.pull && pullsUsedUp(resp) {
		paying := r.paying()
		paying.quiet = pause{now.Add(cmp.Or(told, pullPause)), usedUp, true}
		return paying.quiet.over(r.site.Name, now)
	}
	if told == 0 {
		told = min(usualPause<<min(r.pauses, 10), maxPause)
		if !now.Before(r.quiet.until) {
			r.pauses++ // and not once for each of those that were under way
		} else {
			told = 0
		}
	}
	return r.keepQuiet(now, told)
}

// keepQuiet leaves the host alone for a time, if not longer already.
func (r *ride) keepQuiet(now time.Time, told time.Duration) error {
	if until := now.Add(told); until.After(r.quiet.until) {
		r.quiet = pause{until: until}
	}
	return r.quiet.over(r.site.Name, now)
}

// repositoryOf is whose failure it is.
func repositoryOf(req *http.Request) string {
	if c := visitOf(req.Context()); c != nil {
		return c.repo.String()
	}
	return ""
}
