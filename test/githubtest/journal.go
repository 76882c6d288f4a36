package githubtest

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Exchange is a call and its answer. Authorization is not kept, nor are tokens.
type Exchange struct {
	At     time.Time
	Method string
	// Path is without the API's prefix: "/repos/o/r/pulls".
	Path  string
	Query string
	// Operation is GitHub's name of it, "pulls/create"; "" when there is none.
	// Of a GraphQL call it is the first field, "updateRefs".
	Operation string
	GraphQL   bool
	// Caller is "installation 1004", "app", "user NAME" or "anonymous";
	// Installation its id, 0 when it is none.
	Caller       string
	Installation int64
	// Scope is what a narrowed token of an installation is good for:
	// "contents:read metadata:read of acme/shop". It is "" of any other.
	Scope   string
	Request []byte
	Status  int
	Header  http.Header // of the answer
	// Answer is nil when it was longer than 64 KiB, or too long ago.
	Answer []byte
	// Length is the answer's, in bytes.
	Length int
	// Fault says that a fault befell the call.
	Fault bool

	writes bool
}

// Writes says whether the call may have changed something.
func (e Exchange) Writes() bool { return e.writes }

// Free says whether the call cost nothing of the hourly limit.
func (e Exchange) Free() bool {
	return e.Status == http.StatusNotModified || e.Operation == "rate-limit/get"
}

func (e Exchange) String() string {
	return fmt.Sprintf("%s %-22s %3d %6d %s %s %s", stamp(e.At), e.Caller, e.Status, e.Length, e.Operation, e.Method, e.Path)
}

// The journal keeps so many calls, and of these bodies of so many bytes: suites
// of some 100,000 calls shall fit into memory.
const (
	maxCalls  = 50_000
	maxBodies = 64 << 20
)

type journal struct {
	mu        sync.Mutex
	exchanges []Exchange
	dropped   int // exchanges before the first one kept
	bodies    int // bytes
	bare      int // how many of those kept have lost their bodies
	counts    map[string]Count
}

// Count is how often an operation was called; Free is how many of these calls
// cost nothing.
type Count struct{ Calls, Free int }

func (j *journal) add(e Exchange) {
	e.Length = len(e.Answer)
	e.Request, e.Answer = kept(e.Request), kept(e.Answer)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count(e)
	j.exchanges = append(j.exchanges, e)
	j.bodies += len(e.Request) + len(e.Answer)
	for j.bodies > maxBodies {
		old := &j.exchanges[j.bare]
		j.bodies -= len(old.Request) + len(old.Answer)
		old.Request, old.Answer = nil, nil
		j.bare++
	}
	if len(j.exchanges) > maxCalls {
		half := maxCalls / 2
		for _, old := range j.exchanges[:half] {
			j.bodies -= len(old.Request) + len(old.Answer)
		}
		j.exchanges = slices.Clone(j.exchanges[half:])
		j.dropped, j.bare = j.dropped+half, max(j.bare-half, 0)
	}
}

func (j *journal) count(e Exchange) {
	if j.counts == nil {
		j.counts = map[string]Count{}
	}
	c := j.counts[e.Operation]
	c.Calls++
	if e.Free() {
		c.Free++
	}
	j.counts[e.Operation] = c
}

// secret is any token of GitHub's.
var secret = regexp.MustCompile(`\bgh[a-z]_[A-Za-z0-9._-]+`)

// kept is a body without secrets; nil when it is too long to keep.
func kept(body []byte) []byte {
	switch {
	case len(body) > maxKept:
		return nil
	case bytes.Contains(body, []byte("gh")):
		return secret.ReplaceAll(body, []byte("***"))
	}
	return body
}

// Journal is every exchange so far, in the order of the answers; of very many
// only the last.
func (s *Server) Journal() []Exchange { return s.Calls() }

// Filter chooses among calls.
type Filter func(Exchange) bool

// Of chooses operations by their names.
func Of(operations ...string) Filter {
	return func(e Exchange) bool { return slices.Contains(operations, e.Operation) }
}

// By chooses the calls of an installation.
func By(i *Installation) Filter { return func(e Exchange) bool { return e.Installation == i.ID } }

// Answered chooses calls by their status.
func Answered(statuses ...int) Filter {
	return func(e Exchange) bool { return slices.Contains(statuses, e.Status) }
}

// Mark is a moment of the journal.
type Mark int

// Mark is now.
func (s *Server) Mark() Mark {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return Mark(s.journal.dropped + len(s.journal.exchanges))
}

// Calls is the exchanges that all filters choose, in the order of the answers.
func (s *Server) Calls(filters ...Filter) []Exchange {
	s.journal.mu.Lock()
	from := s.journal.dropped
	s.journal.mu.Unlock()
	return s.Since(Mark(from), filters...)
}

// Since is like Calls, of those after a mark. It fails the test when the
// journal has let go of some of them.
func (s *Server) Since(mark Mark, filters ...Filter) []Exchange {
	s.t.Helper()
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	from := int(mark) - s.journal.dropped
	if from < 0 {
		s.t.Errorf("githubtest: the journal has let go of the %d calls after the mark", -from)
		from = 0
	}
	var found []Exchange
	for _, e := range s.journal.exchanges[from:] {
		if !slices.ContainsFunc(filters, func(f Filter) bool { return !f(e) }) {
			found = append(found, e)
		}
	}
	return found
}

// Writes is the calls that may have changed something.
func (s *Server) Writes(filters ...Filter) []Exchange {
	return s.Calls(append(slices.Clone(filters), Exchange.Writes)...)
}

// Counts is how often each operation was called, from the start on.
func (s *Server) Counts() map[string]Count {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return maps.Clone(s.journal.counts)
}

// Dump is the last calls, a line each.
func (s *Server) Dump(last int) string {
	all := s.Calls()
	var text strings.Builder
	for _, e := range all[max(len(all)-last, 0):] {
		fmt.Fprintln(&text, e)
	}
	return text.String()
}

// dump tells a failing test what was called.
func (s *Server) dump() {
	t, can := s.t.(interface {
		Failed() bool
		Logf(format string, args ...any)
	})
	if can && t.Failed() {
		t.Logf("githubtest: the last calls:\n%s", s.Dump(40))
	}
}
