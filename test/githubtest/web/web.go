// Package web is the pages of the GitHub stand-in, for people to look at and to
// act on: plain ones, under GitHub's own paths. They know no rule of their own;
// all that they show and do, the stand-in is asked for as one of its people.
package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

//go:embed templates style.css news.js
var files embed.FS

// maxForm is the largest form that is taken, in bytes: a file in it may be large.
const maxForm = 4 << 20

// Site is the pages of one stand-in.
type Site struct {
	hub    *githubtest.Server
	people []string // as whom pages are looked at; the first one at first
	pages  map[string]*template.Template
	links  []Link
	routed http.Handler
}

// Link leads to a page beside these, of the same address.
type Link struct{ Text, Path string }

// New is the pages of a stand-in, to be given to its Pages. Whoever looks at them is
// one of the people, and may choose which; those who are not known yet are made.
func New(hub *githubtest.Server, people ...string) (*Site, error) {
	if len(people) == 0 {
		people = []string{"visitor"}
	}
	for _, login := range people {
		hub.Person(login)
	}
	s := &Site{hub: hub, people: slices.Clone(people)}
	var err error
	if s.pages, err = templates(hub.Now); err != nil {
		return nil, err
	}
	s.routed = s.guarded(s.routes())
	return s, nil
}

// ServeHTTP answers whatever GitHub's own host would.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routed.ServeHTTP(w, r) }

// AddLink shows a link on top of each page. It is to be called before the first one
// is asked for.
func (s *Site) AddLink(text, path string) { s.links = append(s.links, Link{text, path}) }

func (s *Site) routes() http.Handler {
	mux := http.NewServeMux()
	for _, name := range []string{"style.css", "news.js"} {
		mux.HandleFunc("GET /-/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, name) })
	}
	mux.HandleFunc("GET /-/news", s.serveNews)
	mux.HandleFunc("POST /-/as", s.choose)
	s.show(mux, "/{$}", view{"home", home})
	s.show(mux, "/{owner}", view{"account", ownedBy})
	for path, v := range repositoryPages() {
		s.show(mux, "/{owner}/{repo}"+path, v)
	}
	for path, a := range acts() {
		mux.HandleFunc("POST /{owner}/{repo}"+path, func(w http.ResponseWriter, r *http.Request) { s.serveAct(w, r, a) })
	}
	mux.HandleFunc("GET /apps/{slug}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, join(r.PathValue("slug")), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{owner}/{repo}/raw/{rest...}", s.serveRaw)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, s.visit(r), &githubtest.RefusalError{Status: http.StatusNotFound, Message: "There is no such page."})
	})
	return mux
}

func repositoryPages() map[string]view {
	return map[string]view{
		"":                       {"folder", showFolder},
		"/tree/{rest...}":        {"folder", showFolder},
		"/blob/{rest...}":        {"file", showFile},
		"/edit/{rest...}":        {"edit", editFile},
		"/new/{rest...}":         {"edit", newFile},
		"/commits":               {"log", showLog},
		"/commits/{rest...}":     {"log", showLog},
		"/commit/{sha}":          {"commit", showCommit},
		"/compare/{rest...}":     {"compare", showCompare},
		"/pulls":                 {"pulls", listPulls},
		"/pull/{number}":         {"pull", showPull},
		"/pull/{number}/files":   {"pull", inPull("files")},
		"/pull/{number}/commits": {"pull", inPull("commits")},
		"/pull/{number}/checks":  {"pull", inPull("checks")},
		"/issues":                {"issues", listIssues},
		"/issues/new":            {"newissue", newIssue},
		"/issues/{number}":       {"issue", showIssue},
		"/runs/{id}":             {"check", showCheck},
	}
}

// guarded lets nobody in but from the pages themselves: who acts is chosen, not
// proved, and another site must not act through somebody's browser.
func (s *Site) guarded(next http.Handler) http.Handler {
	own := ""
	if at, err := url.Parse(s.hub.URL); err == nil {
		own = at.Host
	}
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if r.Host != own && !strings.HasPrefix(r.Host, "localhost:") { // a name that leads here is another site's
			http.Error(w, "these pages are at "+s.hub.URL, http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// view is a page: the name of its template, and what finds its content.
type view struct {
	name string
	find func(*visit) (any, error)
}

func (s *Site) show(mux *http.ServeMux, path string, v view) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		at, err := s.enter(r)
		if err != nil {
			s.refuse(w, at, err)
			return
		}
		s.render(w, at, v, nil)
	})
}

// elsewhere is an error that is none: the page is at another address.
type elsewhere string

func (e elsewhere) Error() string { return "see " + string(e) }

// render answers a page; refused is what GitHub had against the act that led to it.
func (s *Site) render(w http.ResponseWriter, at *visit, v view, refused error) {
	at.Moment = s.hub.Moment() // before what is found, so that nothing is missed
	content, err := v.find(at)
	if err != nil {
		s.refuse(w, at, err)
		return
	}
	s.write(w, at, v.name, content, refused)
}

// refuse answers with what is wrong, and nothing else; or the page is elsewhere.
func (s *Site) refuse(w http.ResponseWriter, at *visit, err error) {
	if to, moved := errors.AsType[elsewhere](err); moved {
		http.Redirect(w, at.r, string(to), http.StatusSeeOther) //nolint:gosec // made by join
		return
	}
	s.write(w, at, "refused", nil, err)
}

func (s *Site) write(w http.ResponseWriter, at *visit, name string, content any, refused error) {
	p := page{visit: at, Content: content}
	status := http.StatusOK
	if refused != nil {
		status, p.Refused = statusOf(refused), refused.Error()
	}
	var text bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&text, "layout", &p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser may be gone
}

func statusOf(err error) int {
	if refusal, is := errors.AsType[*githubtest.RefusalError](err); is {
		return refusal.Status
	}
	return http.StatusInternalServerError
}

// serveNews tells the moment, by which a page sees that it is old.
func (s *Site) serveNews(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, s.hub.Moment()) // as above
}
