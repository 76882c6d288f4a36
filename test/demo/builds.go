package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed builds.html
var buildsPage string

// buildsPath is where a person plays the build that pushes images.
const buildsPath = "/demo"

// hourPath is where a person lets an hour go by.
const hourPath = buildsPath + "/hour"

// pages puts the page for builds before those of GitHub.
func (w *world) pages(github http.Handler) (http.Handler, error) {
	page, err := template.New("builds").Parse(buildsPage)
	if err != nil {
		return nil, fmt.Errorf("reading the page for builds: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+buildsPath, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(rw, w.builds(r.URL.Query())) // the browser may be gone
	})
	mux.HandleFunc("POST "+buildsPath, w.build)
	mux.HandleFunc("POST "+hourPath, w.hour)
	mux.Handle("/", github)
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// shelf is an image in the registry, for the page.
type shelf struct {
	Image  string
	Tags   []string // the newest ones, the newest first
	Pushed bool     // just now
}

// shown is how many tags of an image are on the page.
const shown = 4

// builds is what the page shows.
func (w *world) builds(query url.Values) map[string]any {
	var shelves []shelf
	for _, image := range slices.Sorted(maps.Keys(images())) {
		tags := w.stock.list(image)
		slices.Reverse(tags)
		shelves = append(shelves, shelf{image, tags[:min(shown, len(tags))], image == query.Get("image")})
	}
	return map[string]any{
		"Registry": w.stock.Host(), "URL": w.hub.URL, "Shelves": shelves,
		"Image": query.Get("image"), "Tag": query.Get("tag"), "Told": query.Get("tell") != "",
		"HourPath": hourPath, "Later": query.Get("later") != "", "Now": w.hub.Now().Format(time.DateTime),
	}
}

// build pushes what the form says.
func (w *world) build(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, 1<<10)
	image, tag := strings.TrimSpace(r.PostFormValue("image")), strings.TrimSpace(r.PostFormValue("tag"))
	if err := w.mayPush(image, tag); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	err := w.push(image, tag) //nolint:contextcheck // it talks to a handler in this process
	if err == nil && r.PostFormValue("tell") != "" {
		err = w.announce(image, tag) //nolint:contextcheck // it goes on when the browser is gone
	}
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(rw, r, r.PostForm, "pushed")
}

// hour lets an hour go by.
func (w *world) hour(rw http.ResponseWriter, r *http.Request) {
	if err := w.passes(time.Hour); err != nil { //nolint:contextcheck // the App goes on when the browser is gone
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(rw, r, url.Values{"later": {"yes"}}, "an hour has passed")
}

// answer brings a browser back to the page, which tells what was done, and tells others in
// a line.
func answer(rw http.ResponseWriter, r *http.Request, done url.Values, line string) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(rw, r, buildsPath+"?"+done.Encode(), http.StatusSeeOther) //nolint:gosec // the path is our own
		return
	}
	_, _ = io.WriteString(rw, line+"\n") // nobody may be left to tell
}

// tagForm is what registries take for a tag.
var tagForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

var errNoTag = errors.New("a tag has letters, digits, and . _ - between them, as 1.6.0")

func (w *world) mayPush(image, tag string) error {
	if w.stock.list(image) == nil {
		return fmt.Errorf("there is no image %q: there are %s", image, strings.Join(slices.Sorted(maps.Keys(images())), ", "))
	}
	if !tagForm.MatchString(tag) {
		return errNoTag
	}
	return nil
}
