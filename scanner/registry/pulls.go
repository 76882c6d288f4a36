package registry

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Left is what is left of a limit.
type Left struct {
	// Host is who counts, and Identity the credentials it counts for; "" is
	// anonymous.
	Host, Identity string
	// Limit and Remaining are what the registry said at last, and Window the
	// time they are for, where it said. Limit is -1 where it never did.
	Limit, Remaining int
	Window           time.Duration
	// At is when it said so, and Reset when all that was used by then is there
	// again; zero where it told no window. Pulls come back one by one before that.
	At, Reset time.Time
	// Budget is what we allow ourselves, and BudgetLeft what is left of that.
	// Budget is 0 where there is none.
	Budget, BudgetLeft int
	// BudgetReset is when the first of the pulls that count no longer does; zero
	// where none counts.
	BudgetReset time.Time
}

// left is what is left, by host and identity.
func (l *limiting) left() []Left {
	var all []Left
	for _, lane := range l.own() {
		all = append(all, lane.left()...)
	}
	slices.SortFunc(all, func(a, b Left) int {
		return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Identity, b.Identity))
	})
	return all
}

// own are the lanes to registries that were asked for themselves. Their locks are
// taken one after the other, so that no request waits for all.
func (l *limiting) own() []*lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	var own []*lane
	for _, item := range l.lanes.items {
		if !item.value.foreign {
			own = append(own, item.value)
		}
	}
	return own
}

// spareKey marks questions that can wait.
type spareKey struct{}

// Spare marks questions on which no update depends. They are refused as *RateLimited
// where half of what may be pulled is used, so that those have room on which one does.
func Spare(ctx context.Context) context.Context { return context.WithValue(ctx, spareKey{}, true) }

// pullsUsedUp goes by what Docker documents: the limit of pulls answers at length,
// and the one against abuse in three words.
func pullsUsedUp(resp *http.Response) bool {
	if limit, remaining, _ := limitHeaders(resp.Header); limit >= 0 && remaining == 0 {
		return true
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && (bytes.Contains(body, []byte("pull rate limit")) || bytes.Contains(body, []byte("increase-rate-limit")))
}

// payer is an identity, whose pulls a registry counts.
type payer struct {
	identity string

	// What the registry said.
	limit, remaining int
	window           time.Duration
	at               time.Time
	quiet            pause

	pulls []time.Time // within the window of the budget, the oldest first
}

// budget is what somebody may pull. The usual one is for who is anonymous: who
// has an account pays with what that has.
func (p *payer) budget(l *lane) int {
	if l.site.Limits.Budget == 0 && p.identity != "" {
		return 0
	}
	return max(0, l.limits.Budget)
}

// refusal says why nothing may be pulled. What is spare leaves half of what there is.
func (p *payer) refusal(l *lane, now time.Time, spare bool) error {
	p.forget(now.Add(-l.limits.BudgetWindow))
	budget := p.budget(l)
	half := max(1, budget/2)
	switch {
	case spare && budget > 0 && len(p.pulls) >= half:
		again := p.pulls[len(p.pulls)-half].Add(l.limits.BudgetWindow)
		return pause{again, fmt.Sprintf("half of the budget of %d pulls in %s is kept for finding versions", budget, l.limits.BudgetWindow), true}.over(l.site.Name, now)
	case spare && p.limit > 0 && p.remaining <= p.limit/2 && p.at.Add(pullPause).After(now):
		return pause{p.at.Add(pullPause), fmt.Sprintf("%d of its %d pulls are left, for finding versions", p.remaining, p.limit), true}.over(l.site.Name, now)
	case budget > 0 && len(p.pulls) >= budget:
		again := p.pulls[0].Add(l.limits.BudgetWindow)
		return pause{again, fmt.Sprintf("the budget of %d pulls in %s is used up", budget, l.limits.BudgetWindow), true}.over(l.site.Name, now)
	case p.scarce():
		return pause{p.at.Add(pullPause), fmt.Sprintf("%d of its %d pulls are left", p.remaining, p.limit), true}.over(l.site.Name, now)
	}
	return p.quiet.over(l.site.Name, now)
}

// matters is until when it makes a difference to remember the payer: something was
// pulled from a budget, or there is little left to pull.
func (p *payer) matters(l *lane) time.Time {
	until := p.quiet.until
	if len(p.pulls) > 0 {
		until = later(until, p.pulls[len(p.pulls)-1].Add(l.limits.BudgetWindow))
	}
	if p.scarce() {
		until = later(until, p.at.Add(pullPause))
	}
	return until
}

// scarce tells whether what is left is for others who share the address or the
// account: a tenth of what the registry gives.
func (p *payer) scarce() bool { return p.limit > 0 && p.remaining <= p.limit/10 }

func (p *payer) take(l *lane, now time.Time) {
	if p.budget(l) > 0 {
		p.pulls = append(p.pulls, now)
	}
}

func (p *payer) forget(before time.Time) {
	p.pulls = slices.DeleteFunc(p.pulls, func(at time.Time) bool { return !at.After(before) })
}

func (p *payer) learn(header http.Header, now time.Time) {
	if limit, remaining, window := limitHeaders(header); limit >= 0 {
		p.limit, p.remaining, p.window, p.at = limit, remaining, window, now
	}
}

// limitHeaders are what a registry says of pulls: "ratelimit-limit: 100;w=21600"
// and "ratelimit-remaining: 76;w=21600". limit is -1 where it does not.
func limitHeaders(header http.Header) (limit, remaining int, window time.Duration) {
	most, parameters, _ := strings.Cut(header.Get("Ratelimit-Limit"), ";")
	left, _, _ := strings.Cut(header.Get("Ratelimit-Remaining"), ";")
	limit, err := strconv.Atoi(strings.TrimSpace(most))
	remaining, err2 := strconv.Atoi(strings.TrimSpace(left))
	if err != nil || err2 != nil || limit < 0 || remaining < 0 {
		return -1, 0, 0
	}
	if seconds, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(parameters), "w="), 10, 32); err == nil {
		window = time.Duration(seconds) * time.Second
	}
	return limit, remaining, window
}

// left is what the payers of a host have left.
func (l *lane) left() []Left {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Left
	for _, item := range l.payers.items {
		p := item.value
		p.forget(l.now().Add(-l.limits.BudgetWindow))
		budget := p.budget(l)
		if budget == 0 && p.limit < 0 {
			continue
		}
		left := Left{
			Host: l.site.Name, Identity: p.identity,
			Limit: p.limit, Remaining: p.remaining, Window: p.window, At: p.at,
			Budget: budget, BudgetLeft: max(0, budget-len(p.pulls)),
		}
		if p.window > 0 {
			left.Reset = p.at.Add(p.window)
		}
		if len(p.pulls) > 0 {
			left.BudgetReset = p.pulls[0].Add(l.limits.BudgetWindow)
		}
		all = append(all, left)
	}
	return all
}
