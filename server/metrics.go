package server

import (
	"context"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// metrics are what the server counts.
type metrics struct {
	registry *prometheus.Registry

	webhooks    *prometheus.CounterVec
	lag         prometheus.Histogram
	redelivered prometheus.Counter
	looks       *prometheus.HistogramVec
	fields      *prometheus.CounterVec
	updates     *prometheus.CounterVec
	problems    *prometheus.CounterVec
	calls       *prometheus.CounterVec
	callTime    prometheus.Histogram
	callsLeft   *prometheus.GaugeVec
	asks        *prometheus.CounterVec

	mu    sync.Mutex
	hosts map[string]bool // those that are told apart
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "imageupdater_" + name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(), hosts: map[string]bool{},
		webhooks: counter("webhooks_total", "Webhooks by event and outcome: stored, known, refused or failed.", "event", "outcome"),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "imageupdater_webhook_lag_seconds", Help: "From a webhook's arrival to its effect.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 9),
		}),
		redelivered: prometheus.NewCounter(prometheus.CounterOpts{Name: "imageupdater_webhooks_redelivered_total", Help: "Webhooks that were lost and asked for again."}),
		looks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imageupdater_look_seconds", Help: "Looks at repositories by how they ended.", Buckets: prometheus.ExponentialBuckets(0.05, 3, 9),
		}, []string{"state"}),
		fields:   counter("fields_total", "Image fields of ended looks by how they ended.", "status"),
		updates:  counter("updates_total", "Updates found by ended looks, by kind.", "kind"),
		problems: counter("problems_total", "Problems found by ended looks, by code.", "code"),
		calls:    counter("github_requests_total", "Requests to GitHub by endpoint and status.", "endpoint", "status"),
		callTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "imageupdater_github_request_seconds", Help: "How long requests to GitHub took.", Buckets: prometheus.ExponentialBuckets(0.01, 3, 8),
		}),
		callsLeft: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "imageupdater_github_requests_left", Help: "Requests that GitHub allows until the hour ends, by installation and resource.",
		}, []string{"installation", "resource"}),
		asks: counter("registry_requests_total", "Requests to registries by host and outcome.", "host", "outcome"),
	}
	m.registry.MustRegister(m.webhooks, m.lag, m.redelivered, m.looks, m.fields, m.updates, m.problems, m.calls, m.callTime,
		m.callsLeft, m.asks, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// called counts a request to GitHub.
func (m *metrics) called(c forge.Call) {
	status := strconv.Itoa(c.Status)
	if c.Status == 0 {
		status = "none"
	}
	m.calls.WithLabelValues(c.Endpoint, status).Inc()
	m.callTime.Observe(c.Elapsed.Seconds())
	if c.Remaining >= 0 {
		m.callsLeft.WithLabelValues(strconv.FormatInt(c.Installation, 10), c.Resource).Set(float64(c.Remaining))
	}
}

// mostHosts is how many hosts are told apart: repositories name them.
const mostHosts = 200

func (m *metrics) host(of string) string {
	at, err := url.Parse(of)
	if err != nil {
		return "other"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.hosts[at.Host] {
		if len(m.hosts) >= mostHosts {
			return "other"
		}
		m.hosts[at.Host] = true
	}
	return at.Host
}

// asked counts a request to a registry.
func (m *metrics) asked(e registry.Exchange) {
	host := m.host(e.URL)
	outcome := "error"
	if e.Status != 0 {
		outcome = strconv.Itoa(e.Status)
	}
	m.asks.WithLabelValues(host, outcome).Inc()
}

// looked counts a look.
func (m *metrics) looked(out *run.Outcome, took time.Duration) {
	m.looks.WithLabelValues(string(out.State)).Observe(took.Seconds())
	if out.Plan == nil {
		return
	}
	for i := range out.Plan.Results {
		result := &out.Plan.Results[i]
		m.fields.WithLabelValues(string(result.Status)).Inc()
		for _, u := range result.Updates {
			m.updates.WithLabelValues(string(u.Kind)).Inc()
		}
		if result.Reason != nil && result.Status == "problem" {
			m.problems.WithLabelValues(string(result.Reason.Code)).Inc()
		}
	}
	m.problems.WithLabelValues("unreadable").Add(float64(len(out.Plan.Problems)))
}

// watch adds what is asked for when the metrics are read.
func (m *metrics) watch(s *Server) { m.registry.MustRegister(&standing{server: s}) }

// standing is what the database and the registries' clients know.
type standing struct{ server *Server }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("imageupdater_"+name, help, labels, nil)
}

// Describe is part of prometheus.Collector: it says nothing before it is asked,
// as what there is depends on the database.
func (*standing) Describe(chan<- *prometheus.Desc) {}

// scrape is how long the database may take to answer.
const scrape = 5 * time.Second

// Collect is part of prometheus.Collector.
func (c *standing) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrape)
	defer cancel()
	c.collectJobs(ctx, to)
	if bytes, err := c.server.db.Size(ctx); err == nil {
		to <- prometheus.MustNewConstMetric(describe("database_bytes", "The size of the database."), prometheus.GaugeValue, float64(bytes))
	}
	hosts := map[string]registry.Left{}
	for _, l := range c.server.clients.LimitsLeft() {
		if known, is := hosts[l.Host]; !is || l.Remaining < known.Remaining {
			hosts[l.Host] = l // that of the identity that has the least
		}
	}
	left := describe("registry_requests_left", "What registries say is left of their limits, by host; of several accounts the one with the least.", "host")
	budget := describe("registry_pulls_left", "What is left of the budget of pulls, by host.", "host")
	for host, l := range hosts {
		if l.Limit >= 0 {
			to <- prometheus.MustNewConstMetric(left, prometheus.GaugeValue, float64(l.Remaining), host)
		}
		if l.Budget > 0 {
			to <- prometheus.MustNewConstMetric(budget, prometheus.GaugeValue, float64(l.BudgetLeft), host)
		}
	}
}

func (c *standing) collectJobs(ctx context.Context, to chan<- prometheus.Metric) {
	jobs, err := c.server.db.Reading().Jobs(ctx, c.server.now())
	if err != nil {
		c.server.log.Warn().Err(err).Msg("counting the jobs failed")
		return
	}
	count := describe("jobs", "Jobs by kind and state.", "kind", "state")
	age := describe("job_oldest_seconds", "The age of the oldest job by kind and state.", "kind", "state")
	for _, j := range jobs {
		to <- prometheus.MustNewConstMetric(count, prometheus.GaugeValue, float64(j.Count), j.Kind, j.State)
		to <- prometheus.MustNewConstMetric(age, prometheus.GaugeValue, j.Oldest.Seconds(), j.Kind, j.State)
	}
}
