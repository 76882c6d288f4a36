package app_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/server"
)

// numbers are what /metrics tells, by name and labels as they stand there.
type numbers map[string]float64

func (a *app) numbers() numbers {
	a.t.Helper()
	status, text := a.call("GET", "/metrics", "", "")
	if status != 200 {
		a.t.Fatalf("%d %s", status, text)
	}
	return parseNumbers(a.t, string(text))
}

// numbersOf is numbers of a server that may have no listener.
func numbersOf(t *testing.T, s *server.Server) numbers {
	t.Helper()
	answer := &answered{header: http.Header{}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler().ServeHTTP(answer, req)
	return parseNumbers(t, answer.body.String())
}

func parseNumbers(t *testing.T, text string) numbers {
	t.Helper()
	all := numbers{}
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasSuffix(series, `"`) {
			series, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[series] += n
	}
	return all
}

// sum adds what a name has with all of some labels.
func sum(of numbers, name string, labels ...string) float64 {
	var n float64
	for series, value := range of {
		of, told, _ := strings.Cut(series, "{")
		if of != name {
			continue
		}
		fits := true
		for _, l := range labels {
			fits = fits && strings.Contains(","+told+",", ","+l+",")
		}
		if fits {
			n += value
		}
	}
	return n
}
