package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

const rawType = "application/vnd.github.raw"

// contents is what GitHub has at a place.
func (v *visit) contents(p at, accept string) ([]byte, error) {
	return v.answer(githubtest.Question{
		Operation: "repos/get-content", Params: params{"path": p.Path}, Query: url.Values{"ref": {p.Ref}}, Accept: accept,
	})
}

// Larger files are cut where they are shown, but not where they are read raw.
const (
	maxLines = 5000
	maxShown = 512 << 10
)

// file is one file as it is shown.
type file struct {
	at

	Lines             []string
	Size              int
	Binary, Cut       bool
	Markdown          template.HTML
	Submodule, Target string
}

func showFile(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	answer, err := v.contents(p, "")
	if err != nil {
		return nil, err
	}
	var e entry
	if json.Unmarshal(answer, &e) != nil { // a folder's answer is a list
		return nil, elsewhere(v.link("tree", p.Ref, p.Path))
	}
	f := file{at: p, Size: e.Size, Target: e.Target}
	if e.Type == "submodule" {
		f.Submodule = e.SHA
	}
	if e.Type != "file" {
		return f, nil
	}
	text, err := v.contents(p, rawType)
	if err != nil {
		return nil, err
	}
	if f.Binary = !utf8.Valid(text) || strings.Contains(string(text), "\x00"); f.Binary {
		return f, nil
	}
	f.Lines, f.Cut = lines(string(text))
	if strings.EqualFold(path.Ext(p.Path), ".md") && !f.Cut && v.r.URL.Query().Get("plain") == "" {
		f.Markdown = v.file(at{Ref: p.Ref, Path: strings.TrimPrefix(path.Dir(p.Path), ".")}, string(text))
	}
	return f, nil
}

// lines is a text's, as many as are shown, each as much as is.
func lines(text string) (shown []string, cut bool) {
	if len(text) > maxShown {
		text, cut = strings.ToValidUTF8(text[:maxShown], ""), true
	}
	for line := range strings.Lines(text) {
		if len(shown) == maxLines {
			return shown, true
		}
		short, was := shorten(strings.TrimRight(line, "\r\n"), maxLine)
		shown, cut = append(shown, short), cut || was
	}
	return shown, cut
}

// maxLine is how many bytes of a line are shown.
const maxLine = 2000

func shorten(text string, most int) (short string, cut bool) {
	if len(text) <= most {
		return text, false
	}
	return strings.ToValidUTF8(text[:most], "") + " …", true
}

func (s *Site) serveRaw(w http.ResponseWriter, r *http.Request) {
	v, err := s.enter(r)
	var p at
	var text []byte
	if err == nil {
		p, err = v.place()
	}
	if err == nil {
		text, err = v.contents(p, rawType)
	}
	if err != nil {
		s.refuse(w, v, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(text) //nolint:gosec // it is no page: see the type, and nosniff in guarded
}

// editing is the form for a file.
type editing struct {
	at

	Text, SHA string
	New       bool
}

func editFile(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	var e entry
	answer, err := v.contents(p, "")
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(answer, &e) != nil || e.Type != "file" || e.Encoding != "base64" {
		return nil, &githubtest.RefusalError{Status: http.StatusUnprocessableEntity, Message: "Only files of less than a megabyte are edited here."}
	}
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(e.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.Path, err)
	}
	return editing{at: p, Text: string(text), SHA: e.SHA}, nil
}

func newFile(v *visit) (any, error) {
	p, err := v.place()
	if p.Path != "" {
		p.Path += "/"
	}
	return editing{at: p, New: true}, err
}
