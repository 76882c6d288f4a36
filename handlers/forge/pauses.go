package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// leastSecondary is what GitHub wants waited after a secondary limit that
	// tells no time; it doubles while the limit goes on.
	leastSecondary = time.Minute
	// longestPause is longer than GitHub's hour; what is told beyond is a mistake.
	longestPause = 2 * time.Hour
)

// pauses are the cooldowns of one installation: what is known here, and what
// other replicas know.
type pauses struct {
	installation int64
	shared       Cooldowns
	now          func() time.Time

	mu      sync.Mutex
	until   time.Time
	strikes int       // secondary limits without a good call between them
	struck  time.Time // when the last of them ends
}

// check fails while a cooldown lasts.
func (p *pauses) check(ctx context.Context) error {
	if err := p.here(); err != nil {
		return err
	}
	until, err := p.shared.Until(ctx, p.installation)
	if err != nil {
		return fmt.Errorf("reading the cooldown of installation %d: %w", p.installation, err)
	}
	return p.before(until)
}

// here is check by what this process knows.
func (p *pauses) here() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.before(p.until)
}

func (p *pauses) before(until time.Time) error {
	if p.now().Before(until) {
		return &LimitedError{until, "cooldown"}
	}
	return nil
}

// extend makes it a cooldown for all. What fails there does not hide the limit.
func (p *pauses) extend(ctx context.Context, limited *LimitedError) error {
	p.mu.Lock()
	if limited.Until.After(p.until) {
		p.until = limited.Until
	}
	p.mu.Unlock()
	// A caller who gave up must not keep the others from knowing.
	if err := p.shared.Extend(context.WithoutCancel(ctx), p.installation, limited.Until); err != nil {
		return errors.Join(limited, fmt.Errorf("sharing the cooldown of installation %d: %w", p.installation, err))
	}
	return limited
}

// relax forgets strikes after a good call.
func (p *pauses) relax() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.now().Before(p.struck) {
		p.strikes = 0
	}
}

// read says whether an answer is one over a limit, which, and until when.
func (p *pauses) read(resp *http.Response, text string) (until time.Time, why string) {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return time.Time{}, ""
	}
	_, told := retryAfter(resp.Header, p.now())
	exhausted := resp.Header.Get("X-Ratelimit-Remaining") == "0"
	if told || exhausted || resp.StatusCode == http.StatusTooManyRequests || speaksOfLimits(text) {
		return p.over(resp, false)
	}
	return time.Time{}, ""
}

// over is until when a limit lasts, and which it is. primary is set where an
// answer has said so by itself.
func (p *pauses) over(resp *http.Response, primary bool) (until time.Time, why string) {
	exhausted := resp.Header.Get("X-Ratelimit-Remaining") == "0"
	if wait, told := retryAfter(resp.Header, p.now()); told {
		return p.after(wait), named(exhausted || primary)
	}
	if exhausted {
		reset, _ := number(resp.Header, "X-Ratelimit-Reset")
		return p.after(time.Unix(reset, 0).Sub(p.now())), "primary"
	}
	return p.after(p.strike()), named(primary)
}

func named(exhausted bool) string {
	if exhausted {
		return "primary"
	}
	return "secondary"
}

func (p *pauses) after(wait time.Duration) time.Time {
	return p.now().Add(min(max(wait, time.Second), longestPause))
}

// strike is how long to wait when GitHub does not say: longer each time. Calls
// that were under way together are one strike.
func (p *pauses) strike() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.struck) {
		return p.struck.Sub(now)
	}
	wait := min(leastSecondary<<min(p.strikes, 10), time.Hour)
	p.strikes++
	p.struck = now.Add(wait)
	return wait
}

func speaksOfLimits(text string) bool {
	text = strings.ToLower(text)
	for _, words := range []string{"rate limit", "rate-limit", "abuse"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// retryAfter is in seconds or a date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now), true
	}
	return 0, false
}

func number(h http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	return n, err == nil
}
