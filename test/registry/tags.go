package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
)

type tagList struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

// serveTags answers a page of tags in byte order with a Link to the next one.
// The store cannot be asked for pages: it sends no Link, and everything again
// when last is past the end.
func (r *Registry) serveTags(w http.ResponseWriter, req *http.Request, repo string) {
	answer := r.ask(req.Context(), http.MethodGet, req.URL.Path, "", nil)
	var all tagList
	if answer.status != http.StatusOK || json.Unmarshal(answer.body.Bytes(), &all) != nil {
		answer.copyTo(w)
		return
	}
	query := req.URL.Query()
	size, err := r.sizeOfPage(query.Get("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	page, more := cutPage(all.Tags, query.Get("last"), size)
	if more {
		next := url.Values{"n": {strconv.Itoa(size)}, "last": {page[len(page)-1]}}
		w.Header().Set("Link", fmt.Sprintf("</v2/%s/tags/list?%s>; rel=%q", repo, next.Encode(), "next"))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(tagList{Name: repo, Tags: page})
}

func (r *Registry) sizeOfPage(asked string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if asked == "" {
		return r.pageSize, nil
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("n=%q is no page size", asked)
	}
	return min(n, r.pageSize), nil
}

// cutPage is the page of sorted tags behind last, and whether there are more.
func cutPage(tags []string, last string, size int) (page []string, more bool) {
	slices.Sort(tags)
	from := sort.Search(len(tags), func(i int) bool { return tags[i] > last })
	rest := tags[from:]
	if len(rest) <= size {
		return append([]string{}, rest...), false
	}
	return rest[:size], true
}

// answer is a response kept in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(data []byte) (int, error) { return a.body.Write(data) }

func (a *answer) copyTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) //nolint:gosec // no browser reads it
}
