package githubtest

import (
	"net/http"
	"time"
)

// GitHub's secondary limits. A minute's points: 1 for a read and 5 for a write.
const (
	maxConcurrent  = 100
	maxPoints      = 900
	maxGraphPoints = 2000
	maxContent     = 80
	maxContentHour = 500
)

// Usage is the most that a caller has asked of GitHub at any time, on the
// server's clock. GitHub's secondary limits are 100 calls at once, 900 points a
// minute for REST and 2,000 for GraphQL, 80 pieces of content a minute and 500
// an hour.
type Usage struct {
	// Calls is all calls, Free those of them that cost nothing: answered by
	// 304, and of the rate limit itself.
	Calls, Free int
	// Concurrent is how many were under way at once.
	Concurrent int
	// Points and GraphQLPoints are of the busiest minute.
	Points, GraphQLPoints int
	// Writes is how many there were in the busiest minute; MinSpacing is the
	// shortest time between two of them, 0 when there were fewer than two.
	Writes     int
	MinSpacing time.Duration
	// Content and ContentHour are how many things that notify people were made
	// in the busiest minute and hour.
	Content, ContentHour int
}

// mark is a call as the windows remember it.
type mark struct {
	at     time.Time
	points int
}

// window is the calls of a span, no older ones.
type window struct {
	span  time.Duration
	marks []mark
	sum   int
}

func (w *window) add(at time.Time, points int) int {
	w.until(at)
	w.marks = append(w.marks, mark{at, points})
	w.sum += points
	return w.sum
}

func (w *window) until(now time.Time) int {
	old := 0
	for old < len(w.marks) && !w.marks[old].at.After(now.Add(-w.span)) {
		w.sum -= w.marks[old].points
		old++
	}
	w.marks = w.marks[old:]
	return w.sum
}

// activity is what a caller does.
type activity struct {
	usage                                         Usage
	running                                       int
	points, graph, writes, content, contentByHour window
	written                                       time.Time
	twice                                         bool
}

// active is the caller's, with the meter's lock held.
func (m *meter) active(caller string) *activity {
	a := m.activity[caller]
	if a == nil {
		a = &activity{contentByHour: window{span: time.Hour}}
		for _, w := range []*window{&a.points, &a.graph, &a.writes, &a.content} {
			w.span = time.Minute
		}
		m.activity[caller] = a
	}
	return a
}

// enter notes that a call has come; what it returns notes that it is answered.
func (m *meter) enter(x *exchange) (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.active(x.by.key())
	a.running++
	a.usage.Calls++
	a.usage.Concurrent = max(a.usage.Concurrent, a.running)
	x.excess = m.enforce && a.excess(m.now(), x)
	a.note(m.now(), x)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		a.running--
	}
}

// points is what a call costs of a minute.
func (x *exchange) points() int {
	if x.writes {
		return 5
	}
	return 1
}

// excess says whether the call is one too many, before it is noted.
func (a *activity) excess(now time.Time, x *exchange) bool {
	points, most := a.points.until(now), maxPoints
	if x.graph {
		points, most = a.graph.until(now), maxGraphPoints
	}
	return a.running > maxConcurrent || points+x.points() > most ||
		(x.content && (a.content.until(now) >= maxContent || a.contentByHour.until(now) >= maxContentHour))
}

func (a *activity) note(now time.Time, x *exchange) {
	u := &a.usage
	if x.graph {
		u.GraphQLPoints = max(u.GraphQLPoints, a.graph.add(now, x.points()))
	} else {
		u.Points = max(u.Points, a.points.add(now, x.points()))
	}
	if x.content {
		u.Content = max(u.Content, a.content.add(now, 1))
		u.ContentHour = max(u.ContentHour, a.contentByHour.add(now, 1))
	}
	if !x.writes {
		return
	}
	u.Writes = max(u.Writes, a.writes.add(now, 1))
	if gap := now.Sub(a.written); !a.written.IsZero() && (!a.twice || gap < u.MinSpacing) {
		u.MinSpacing, a.twice = gap, true
	}
	a.written = now
}

// overSecondary refuses what is too much at once.
func (x *exchange) overSecondary() *reply {
	if !x.excess {
		return nil
	}
	r := secondary(x.meter.status)
	r.header = http.Header{"Retry-After": {"60"}}
	return &r
}

// aboutSecondary is the address by which clients know the limit.
const aboutSecondary = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"

func secondary(status int) reply {
	r := failure(status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	if body, isObject := r.body.(object); isObject {
		body["documentation_url"] = aboutSecondary
	}
	return r
}

// EnforceLimits says whether what is over the secondary limits is refused.
func (s *Server) EnforceLimits(enforce bool) {
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	s.meter.enforce = enforce
}

// Usage is the installation's.
func (i *Installation) Usage() Usage {
	m := i.server.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.active(i.key()).usage
}

// Limits is the usage of every caller: "installation 1004", "app" for the
// App's own calls by JWT, "user NAME" and "anonymous".
func (s *Server) Limits() map[string]Usage {
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	all := map[string]Usage{}
	for key, a := range s.meter.activity {
		all[key] = a.usage
	}
	return all
}

// Worst is each figure of the caller for whom it is worst: the most of all, and
// the shortest spacing. Calls and Free are summed up.
func (s *Server) Worst() Usage {
	var worst Usage
	for _, u := range s.Limits() {
		worst.Calls += u.Calls
		worst.Free += u.Free
		worst.Concurrent = max(worst.Concurrent, u.Concurrent)
		worst.Points = max(worst.Points, u.Points)
		worst.GraphQLPoints = max(worst.GraphQLPoints, u.GraphQLPoints)
		worst.Writes = max(worst.Writes, u.Writes)
		worst.Content = max(worst.Content, u.Content)
		worst.ContentHour = max(worst.ContentHour, u.ContentHour)
		if u.Writes > 1 && (worst.MinSpacing == 0 || u.MinSpacing < worst.MinSpacing) {
			worst.MinSpacing = u.MinSpacing
		}
	}
	return worst
}
