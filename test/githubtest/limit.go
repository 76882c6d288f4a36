package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hourly is how many calls, or points of GraphQL, each caller has in an hour;
// anonymously is what all have together who do not say who they are.
const (
	hourly      = 5000
	anonymously = 60
)

// searching is how many searches each caller has in a minute.
const searching = 30

// Rates change how the server limits calls.
type Rates struct {
	// Status is that of an answer over a limit: 403 when 0, or 429. GitHub
	// gives either.
	Status int
	// Enforce refuses what is over the secondary limits; without it they are
	// only counted.
	Enforce bool
}

// budget is what is left of an hour.
type budget struct {
	limit, used int
	reset       time.Time
}

// meter counts calls and points, for each caller apart.
type meter struct {
	now    func() time.Time
	status int

	mu       sync.Mutex
	enforce  bool
	budgets  map[string]*budget // by caller and resource
	limits   map[string]int     // where a test has changed one
	activity map[string]*activity
}

func newMeter(now func() time.Time, l Rates) *meter {
	m := &meter{
		now: now, status: http.StatusForbidden, enforce: l.Enforce,
		budgets: map[string]*budget{}, limits: map[string]int{}, activity: map[string]*activity{},
	}
	if l.Status != 0 {
		m.status = l.Status
	}
	return m
}

// key tells callers apart.
func (c caller) key() string {
	switch {
	case c.app:
		return "app"
	case c.token != nil && c.token.install != nil:
		return c.token.install.key()
	case c.user != nil:
		return "user " + c.user.login
	}
	return "anonymous"
}

func (i *Installation) key() string { return fmt.Sprintf("installation %d", i.ID) }

func (x *exchange) resource() string {
	switch {
	case x.graph:
		return "graphql"
	case strings.HasPrefix(x.name, "search/"):
		return "search"
	}
	return "core"
}

// budget is the caller's of a resource, with the meter's lock held.
func (m *meter) budget(caller, resource string) *budget {
	key := caller + " " + resource
	b := m.budgets[key]
	if b == nil {
		b = &budget{}
		m.budgets[key] = b
	}
	window := time.Hour
	b.limit = hourly
	switch {
	case resource == "search":
		window, b.limit = time.Minute, searching
	case caller == "anonymous":
		b.limit = anonymously
	}
	if now := m.now(); !now.Before(b.reset) {
		b.reset, b.used = now.Add(window).Truncate(time.Second), 0
	}
	if limit, changed := m.limits[key]; changed {
		b.limit = limit
	}
	return b
}

// charge takes a call from the caller's budget. A query or a mutation is one
// point.
func (m *meter) charge(x *exchange, free bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if free {
		m.active(x.by.key()).usage.Free++
		return
	}
	b := m.budget(x.by.key(), x.resource())
	b.used = min(b.used+1, b.limit)
}

func (m *meter) headers(x *exchange) http.Header {
	h := http.Header{}
	if x.by.app || x.table[x.name].needs == "app" { // GitHub counts them without a word
		return h
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.budget(x.by.key(), x.resource())
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(b.limit-b.used, 0)))
	h.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", x.resource())
	return h
}

func (m *meter) show(caller, resource string) object {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.budget(caller, resource)
	return object{"limit": b.limit, "used": b.used, "remaining": max(b.limit-b.used, 0), "reset": b.reset.Unix()}
}

// overPrimary refuses a caller whose hour is used up.
func (x *exchange) overPrimary() *reply {
	if x.name == "rate-limit/get" {
		return nil
	}
	x.meter.mu.Lock()
	defer x.meter.mu.Unlock()
	b := x.meter.budget(x.by.key(), x.resource())
	if b.used < b.limit {
		return nil
	}
	message := fmt.Sprintf("API rate limit exceeded for %s.", x.by.called())
	if x.graph { // 200, as GitHub's GraphQL has it
		return &reply{status: http.StatusOK, body: object{"errors": []object{{"type": "RATE_LIMITED", "message": message}}}}
	}
	r := failure(x.meter.status, "%s", message)
	if body, isObject := r.body.(object); isObject {
		body["documentation_url"] = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	}
	return &r
}

// called is the caller in GitHub's message.
func (c caller) called() string {
	switch {
	case c.app:
		return "app"
	case c.token != nil && c.token.install != nil:
		return fmt.Sprintf("installation ID %d", c.token.install.ID)
	case c.user != nil:
		return fmt.Sprintf("user ID %d", c.user.id)
	}
	return "127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)"
}

// SetLimit changes how many calls the installation has in an hour.
func (i *Installation) SetLimit(limit int) { i.setLimit("core", limit) }

// SetGraphQLLimit changes how many points of GraphQL it has in an hour.
func (i *Installation) SetGraphQLLimit(limit int) { i.setLimit("graphql", limit) }

func (i *Installation) setLimit(resource string, limit int) {
	i.server.meter.limit(i.key(), resource, limit)
}

func (m *meter) limit(caller, resource string, limit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limits[caller+" "+resource] = limit
}

func getRateLimit(c *call) reply {
	resources := object{}
	for _, name := range []string{"core", "search", "graphql", "integration_manifest", "source_import"} {
		resources[name] = c.meter.show(c.by.key(), name)
	}
	return ok(object{"resources": resources, "rate": resources["core"]})
}
