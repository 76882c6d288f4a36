package registry

import (
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"
)

// use is what a request is for.
type use int

const (
	useOther use = iota
	useList
	useHead
	useManifest
	useBlob
)

// useOf goes by what was asked first: a redirect may lead to any path.
func useOf(req *http.Request) use {
	chain := append([]*http.Request{req}, before(req)...)
	first := chain[len(chain)-1].URL.Path
	switch folder := path.Base(path.Dir(first)); {
	case !strings.HasPrefix(first, "/v2/"):
		return useOther
	case strings.HasSuffix(first, "/tags/list"):
		return useList
	case folder == "manifests" && req.Method == http.MethodHead:
		return useHead
	case folder == "manifests":
		return useManifest
	case folder == "blobs":
		return useBlob
	}
	return useOther
}

// bodyLimit is how many bytes an answer may have.
func (u use) bodyLimit() int64 {
	switch u {
	case useList:
		return 16 << 20
	case useManifest:
		return 4 << 20 // the limit that the specification names
	case useBlob:
		return maxConfig // no other blob is asked for
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
	case useManifest, useBlob:
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
