package registry

import (
	"context"
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
	useProvenance
	useNative
)

type useKey struct{}

// using tells what requests are for where their paths do not: all of them, or of
// blobs which one it is.
func using(ctx context.Context, told use) context.Context {
	return context.WithValue(ctx, useKey{}, told)
}

// useOf goes by what was asked first: a redirect may lead to any path.
func useOf(req *http.Request) use {
	told, _ := req.Context().Value(useKey{}).(use)
	if told == useNative {
		return told
	}
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
	case folder == "blobs" && told == useProvenance:
		return told
	case folder == "blobs":
		return useBlob
	}
	return useOther
}

// isContent tells whether answers are bytes that a digest names, or a tag.
func (u use) isContent() bool { return u == useManifest || u == useBlob || u == useProvenance }

// bodyLimit is how many bytes an answer may have.
func (u use) bodyLimit() int64 {
	switch u {
	case useList:
		return 16 << 20
	case useManifest:
		return 4 << 20 // the limit that the specification names
	case useNative:
		return 4 << 20 // a hundred tags of dozens of platforms each
	case useBlob:
		return maxConfig
	case useProvenance:
		return maxProvenance
	default:
		return 1 << 20
	}
}

// shape is what an answer may look like.
func (u use) shape() shape {
	switch u {
	case useList:
		return shape{run: 64 << 10} // it is read value by value
	case useManifest:
		return shape{parts: 50_000} // it may hold a config as one value
	case useBlob:
		return shape{parts: 100_000}
	default:
		return shape{parts: 100_000}
	}
}

// maxCounted is of how many hosts requests are counted one by one. Redirects can
// name any number of them.
const (
	maxCounted = 1000
	uncounted  = "(others)"
)

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
	if _, known := r.byHost[host]; !known && len(r.byHost) >= maxCounted {
		host = uncounted
	}
	counts := r.byHost[host]
	switch useOf(req) {
	case useList, useNative:
		counts.List++
	case useHead:
		counts.Head++
	case useManifest, useBlob, useProvenance:
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
