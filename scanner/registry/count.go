package registry

import (
	"maps"
	"net/http"
	"strings"
	"sync"
)

// use is what a request is for.
type use int

const (
	useOther use = iota
	useList
	useHead
	useGet
)

func useOf(req *http.Request) use {
	path := req.URL.Path
	object := strings.Contains(path, "/manifests/") || strings.Contains(path, "/blobs/")
	switch {
	case !strings.HasPrefix(path, "/v2/"):
		return useOther
	case strings.HasSuffix(path, "/tags/list"):
		return useList
	case object && req.Method == http.MethodHead:
		return useHead
	case object:
		return useGet
	}
	return useOther
}

// bodyLimit is how many bytes an answer may have.
func (u use) bodyLimit() int64 {
	switch u {
	case useList:
		return 16 << 20
	case useGet:
		return 4 << 20 // the limit for manifests that the specification names
	default:
		return 1 << 20
	}
}

// requests counts what was sent to each host.
type requests struct {
	mu     sync.Mutex
	byHost map[string]Counts
}

func newRequests() *requests { return &requests{byHost: map[string]Counts{}} }

func (r *requests) count(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	host := displayed(req.URL.Host)
	counts := r.byHost[host]
	switch useOf(req) {
	case useList:
		counts.List++
	case useHead:
		counts.Head++
	case useGet:
		counts.Get++
	default:
		counts.Other++
	}
	r.byHost[host] = counts
}

func (r *requests) snapshot() map[string]Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.byHost)
}
