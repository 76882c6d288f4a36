package server

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// limit is one of GitHub's: each installation has one for each resource.
type limit struct {
	installation int64
	resource     string
}

// left is what GitHub said is left of a limit, and when all of it is there again.
type left struct {
	remaining int
	reset     time.Time
}

// mostInstallations is how many installations' limits are told: an App that
// anybody may install has many, and those matter that have nearly nothing left.
const mostInstallations = 100

// scrape is how long the database may take to answer.
const scrape = 5 * time.Second

// standing are the metrics that are asked for when they are read.
type standing struct {
	server                                                     *Server
	callsLeft, jobs, oldest, parked, size, asksLeft, pullsLeft *prometheus.Desc
}

// watch adds what the server knows when it is asked.
func (m *metrics) watch(s *Server) {
	c := m.standing
	c.server = s
	for _, r := range s.o.Config.Registries {
		m.host(r.Name) // told apart, however many others repositories name
	}
	m.registry.MustRegister(&c)
}

// Describe is part of prometheus.Collector.
func (c *standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.callsLeft, c.jobs, c.oldest, c.parked, c.size, c.asksLeft, c.pullsLeft} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *standing) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrape)
	defer cancel()
	c.collectJobs(ctx, to)
	if parked, err := c.server.db.Reading().Parked(ctx); err == nil {
		to <- gauge(c.parked, float64(parked))
	} else {
		c.server.log.Warn().Err(err).Msg("counting the repositories that are parked failed")
	}
	if bytes, err := c.server.db.Size(ctx); err == nil {
		to <- gauge(c.size, float64(bytes))
	}
	c.collectCallsLeft(to)
	c.collectAsksLeft(to)
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (c *standing) collectJobs(ctx context.Context, to chan<- prometheus.Metric) {
	jobs, err := c.server.db.Reading().Jobs(ctx, c.server.now())
	if err != nil {
		c.server.log.Warn().Err(err).Msg("counting the jobs failed")
		return
	}
	for _, j := range jobs {
		to <- gauge(c.jobs, float64(j.Count), j.Kind, j.State)
		to <- gauge(c.oldest, j.Oldest.Seconds(), j.Kind, j.State)
	}
}

// collectCallsLeft tells of the limits that still hold.
func (c *standing) collectCallsLeft(to chan<- prometheus.Metric) {
	for _, l := range c.server.metrics.fewest(c.server.now()) {
		to <- gauge(c.callsLeft, float64(l.remaining), strconv.FormatInt(l.installation, 10), l.resource)
	}
}

type limitLeft struct {
	limit
	left
}

// fewest are the limits with the fewest requests left. Those that are whole again
// are forgotten.
func (m *metrics) fewest(now time.Time) []limitLeft {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []limitLeft
	for of, is := range m.callsLeft {
		if !is.reset.IsZero() && is.reset.Before(now) {
			delete(m.callsLeft, of)
			continue
		}
		all = append(all, limitLeft{of, is})
	}
	slices.SortFunc(all, func(a, b limitLeft) int {
		return cmp.Or(a.remaining-b.remaining, cmp.Compare(a.installation, b.installation), cmp.Compare(a.resource, b.resource))
	})
	return all[:min(len(all), mostInstallations)]
}

func (c *standing) collectAsksLeft(to chan<- prometheus.Metric) {
	asks, pulls := map[string]int{}, map[string]int{}
	for _, l := range c.server.clients.LimitsLeft() {
		host := c.server.metrics.host(l.Host)
		if l.Limit >= 0 {
			keepLeast(asks, host, l.Remaining)
		}
		if l.Budget > 0 {
			keepLeast(pulls, host, l.BudgetLeft)
		}
	}
	for host, n := range asks {
		to <- gauge(c.asksLeft, float64(n), host)
	}
	for host, n := range pulls {
		to <- gauge(c.pullsLeft, float64(n), host)
	}
}

func keepLeast(of map[string]int, host string, n int) {
	if known, is := of[host]; !is || n < known {
		of[host] = n
	}
}
