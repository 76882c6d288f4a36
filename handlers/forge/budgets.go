package forge

import (
	"net/http"
	"sync"
	"time"
)

// reserve is the part of an hour's calls, one in so many, that background reads
// leave to others.
const reserve = 10

// budgets are what GitHub said was left of the hour.
type budgets struct {
	now   func() time.Time
	whole bool // there are no others: all may be used up

	mu          sync.Mutex // of REST; GraphQL's has a budget of its own
	told        bool
	left, limit int
	reset       time.Time
}

// note reads the numbers of an answer.
func (b *budgets) note(seen *Call, resp *http.Response) {
	seen.Status = resp.StatusCode
	seen.NotModified = resp.StatusCode == http.StatusNotModified
	seen.Resource = resp.Header.Get("X-Ratelimit-Resource")
	left, told := number(resp.Header, "X-Ratelimit-Remaining")
	limit, _ := number(resp.Header, "X-Ratelimit-Limit")
	reset, _ := number(resp.Header, "X-Ratelimit-Reset")
	if !told {
		return
	}
	seen.Remaining, seen.Limit, seen.Reset = int(left), int(limit), time.Unix(reset, 0).UTC()
	if seen.Resource != "core" && seen.Resource != "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told, b.left, b.limit, b.reset = true, seen.Remaining, seen.Limit, seen.Reset
}

// reserved refuses when what is left is for others.
func (b *budgets) reserved() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.told, !b.now().Before(b.reset):
		return nil
	case b.left == 0:
		return &LimitedError{b.reset, "primary"}
	case !b.whole && b.left*reserve < b.limit:
		return &LimitedError{b.reset, "reserve"}
	}
	return nil
}
