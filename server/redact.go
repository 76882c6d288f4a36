package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// redactor takes secrets out of all that leaves the server: its log, its errors,
// its answers and what it keeps of failed jobs. It knows the server's own secrets,
// and how those of others look. Its methods may be called from several goroutines.
type redactor struct {
	shapes []shape

	mu      sync.RWMutex
	kept    []string // for ever
	known   []string // oldest first
	replace *strings.Replacer
}

// shape is what a kind of secret looks like, and what stands in its place.
type shape struct {
	// marks are in small letters: without one of them nothing fits, which is
	// seen much quicker than by looks.
	marks []string
	looks *regexp.Regexp
	then  string
}

func (s shape) mayFit(lower string) bool {
	return slices.ContainsFunc(s.marks, func(mark string) bool { return strings.Contains(lower, mark) })
}

const (
	masked = "[secret]"
	// shortestMasked is how many bytes a secret has at least to be known by its
	// value: what is shorter stands in ordinary words, too.
	shortestMasked = 6
	// mostKnown is how many secrets are known by their value besides the server's
	// own: those that are made anew every few hours would become ever more.
	mostKnown = 1000
)

// newRedactor knows shapes alone. They also fit where a text was quoted, as JSON
// or by %q.
func newRedactor() *redactor {
	return &redactor{replace: strings.NewReplacer(), shapes: []shape{
		{[]string{"-----begin"}, regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[A-Za-z0-9+/=\s:,-]|\\+[nrt])*`), masked},
		{[]string{"gh", "github_pat_"}, regexp.MustCompile(`(?:gh[a-z]_|github_pat_)[A-Za-z0-9._-]+`), masked},
		{[]string{"eyj"}, regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+`), masked}, // a JWT
		{[]string{"bearer", "basic"}, regexp.MustCompile(`(?i)(bearer|basic)((?:\s|\\+[nrt])+)[A-Za-z0-9._~+/=-]{8,}`), "${1}${2}" + masked},
		{[]string{"@"}, regexp.MustCompile(`://[^/@\s"'<>\\]+@`), "://" + masked + "@"},
		{[]string{"?", "&", "u0026"}, regexp.MustCompile(`(?i)((?:[?&]|\\u0026)(?:[a-z_-]*(?:secret|token|password|signature))=)[^&\s"'<>\\]+`), "${1}" + masked},
	}}
}

// keep makes secrets known by their value for as long as the server runs, in all
// the ways in which a value is written.
func (r *redactor) keep(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.add(&r.kept, secrets) {
		r.spell()
	}
}

// learn is keep for secrets that change: the oldest ones are forgotten when there
// are too many.
func (r *redactor) learn(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.add(&r.known, secrets) {
		r.known = r.known[max(0, len(r.known)-mostKnown):]
		r.spell()
	}
}

// add adds those that are not known, and tells whether there are any.
func (r *redactor) add(to *[]string, secrets []string) bool {
	before := len(*to)
	for _, secret := range secrets {
		if len(secret) >= shortestMasked && !slices.Contains(r.kept, secret) && !slices.Contains(*to, secret) {
			*to = append(*to, secret)
		}
	}
	return len(*to) > before
}

func (r *redactor) spell() {
	var spellings []string
	for _, secret := range slices.Concat(r.kept, r.known) {
		spellings = append(spellings, spellingsOf(secret)...)
	}
	// A secret may be part of another one: the longest is taken first.
	slices.SortFunc(spellings, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, spelling := range spellings {
		pairs = append(pairs, spelling, masked)
	}
	r.replace = strings.NewReplacer(pairs...)
}

// keepLines is keep for each line of a text, as of a key, that is long enough to
// be no word.
func (r *redactor) keepLines(text string) {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) >= 20 && !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	r.keep(lines...)
}

// keepURL is keep for a URL and the passwords in it.
func (r *redactor) keepURL(text string) {
	at, err := url.Parse(text)
	if err != nil {
		return
	}
	if password, is := at.User.Password(); is {
		r.keep(text, password)
	}
	if password := at.Query().Get("password"); password != "" {
		r.keep(text, password)
	}
}

// spellingsOf are how a value stands in texts, in JSON, in Go's quotes and in URLs,
// and how those stand in JSON: an error that quotes is logged as JSON.
func spellingsOf(secret string) []string {
	quoted := strconv.Quote(secret)
	all := []string{secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret)}
	for _, spelling := range slices.Clone(all) {
		all = append(all, inJSON(spelling, true), inJSON(spelling, false))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func inJSON(text string, html bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(html)
	_ = encoder.Encode(text) // a buffer and a string never fail
	quoted := bytes.TrimSpace(out.Bytes())
	return string(quoted[1 : len(quoted)-1])
}

// text is a text without secrets.
func (r *redactor) text(from string) string {
	r.mu.RLock()
	replace := r.replace
	r.mu.RUnlock()
	from = replace.Replace(from)
	lower := strings.ToLower(from)
	for _, s := range r.shapes {
		if s.mayFit(lower) {
			from = s.looks.ReplaceAllString(from, s.then)
		}
	}
	return from
}

// redactedError is an error whose text is without secrets. What it wraps is there
// for errors.Is and errors.As, and not to be shown.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// error gives an error whose text is without secrets.
func (r *redactor) error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if safe := r.text(text); safe != text {
		return &redactedError{safe, err}
	}
	return err
}

// writer writes without secrets. What it is given at once is taken as a whole, as
// the log's lines are.
func (r *redactor) writer(to io.Writer) io.Writer { return redacting{r, to} }

type redacting struct {
	redactor *redactor
	to       io.Writer
}

func (w redacting) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.redactor.text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
