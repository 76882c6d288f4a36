package server

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// Metric is a number that /metrics tells, for the documentation.
type Metric struct {
	Name, Type, Help string
	Labels           []string
}

// Metrics are all numbers of the server's own, in order.
func Metrics() []Metric {
	all := newMetrics().all
	slices.SortFunc(all, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// metrics are what the server counts.
type metrics struct {
	registry *prometheus.Registry
	all      []Metric

	webhooks    *prometheus.CounterVec
	lag         *prometheus.HistogramVec
	redelivered *prometheus.CounterVec
	looks       *prometheus.HistogramVec
	fields      *prometheus.CounterVec
	updates     *prometheus.CounterVec
	problems    *prometheus.CounterVec
	calls       *prometheus.CounterVec
	callTime    *prometheus.HistogramVec
	asks        *prometheus.CounterVec
	standing    standing

	mu        sync.Mutex
	hosts     map[string]bool // those that are told apart
	callsLeft map[limit]left
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), hosts: map[string]bool{}, callsLeft: map[limit]left{}}
	m.webhooks = m.counter("webhooks_total", "Webhooks by event and outcome: stored, known, ignored, refused or failed.", "event", "outcome")
	m.lag = m.histogram("webhook_lag_seconds", "From a webhook's arrival until it had its effect: looks were asked for, or nothing was to do.", 0.01, 4)
	m.redelivered = m.counter("webhooks_redelivered_total", "Webhooks that were lost and asked for again.")
	m.looks = m.histogram("look_seconds", "Looks at repositories by how they ended.", 0.05, 3, "state")
	m.fields = m.counter("fields_total", "Image fields of ended looks by how they ended.", "status")
	m.updates = m.counter("updates_total", "Updates found by ended looks, by kind.", "kind")
	m.problems = m.counter("problems_total", "Problems found by ended looks, by code.", "code")
	m.calls = m.counter("github_requests_total", "Requests to GitHub by endpoint and status.", "endpoint", "status")
	m.callTime = m.histogram("github_request_seconds", "How long requests to GitHub took.", 0.01, 3)
	m.asks = m.counter("registry_requests_total", "Requests to registries by host and outcome: a status, or error.", "host", "outcome")
	m.standing = standing{
		callsLeft: m.gauge("github_requests_left", "Requests that GitHub still allows, for the installations that have the fewest.", "installation", "resource"),
		jobs:      m.gauge("jobs", "Jobs by kind and state.", "kind", "state"),
		oldest:    m.gauge("job_oldest_seconds", "The age of the oldest job by kind and state.", "kind", "state"),
		parked:    m.gauge("repositories_parked", "Repositories whose looks failed so often that they are given up for some hours, or until somebody asks for one."),
		size:      m.gauge("database_bytes", "The size of the database."),
		asksLeft:  m.gauge("registry_requests_left", "What registries say is left of their limits; of several accounts the one with the least.", "host"),
		pullsLeft: m.gauge("registry_pulls_left", "What is left of the budget of pulls; of several accounts the one with the least.", "host"),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// named notes a metric and gives its whole name.
func (m *metrics) named(kind, name, help string, labels []string) string {
	name = "imageupdater_" + name
	m.all = append(m.all, Metric{Name: name, Type: kind, Help: help, Labels: labels})
	return name
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.named("counter", name, help, labels), Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// histogram has nine buckets, each so many times the one before.
func (m *metrics) histogram(name, help string, first, factor float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.named("histogram", name, help, labels), Help: help, Buckets: prometheus.ExponentialBuckets(first, factor, 9),
	}, labels)
	m.registry.MustRegister(h)
	return h
}

// gauge is for what is asked for when the metrics are read.
func (m *metrics) gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(m.named("gauge", name, help, labels), help, labels, nil)
}

// called counts a request to GitHub.
func (m *metrics) called(c forge.Call) {
	status := strconv.Itoa(c.Status)
	if c.Status == 0 {
		status = "none"
	}
	m.calls.WithLabelValues(c.Endpoint, status).Inc()
	m.callTime.WithLabelValues().Observe(c.Elapsed.Seconds())
	if c.Remaining < 0 || c.Resource == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.callsLeft[limit{c.Installation, c.Resource}] = left{c.Remaining, c.Reset}
}

// handled notes how long a webhook took from its arrival.
func (m *metrics) handled(took time.Duration) {
	m.lag.WithLabelValues().Observe(max(took, 0).Seconds())
}

// mostHosts is how many hosts are told apart: repositories name them.
const mostHosts = 200

func (m *metrics) host(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.hosts[name] {
		if len(m.hosts) >= mostHosts {
			return "other"
		}
		m.hosts[name] = true
	}
	return name
}

// outcomeOf is a status, or the hundred of one that no registry has reason to
// give: registries may belong to anybody.
func outcomeOf(status int) string {
	switch {
	case status == 0:
		return "error"
	case http.StatusText(status) != "":
		return strconv.Itoa(status)
	case status >= 600 || status < 100:
		return "other"
	}
	return strconv.Itoa(status/100) + "xx"
}

// asked counts a request to a registry.
func (m *metrics) asked(e registry.Exchange) {
	host := "other"
	if at, err := url.Parse(e.URL); err == nil {
		host = m.host(at.Host)
	}
	m.asks.WithLabelValues(host, outcomeOf(e.Status)).Inc()
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
