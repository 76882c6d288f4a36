package githubtest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Exchange is a call of the REST API and its answer. Authorization is not kept.
type Exchange struct {
	At     time.Time
	Method string
	// Path is without the API's prefix: "/repos/o/r/pulls".
	Path  string
	Query string
	// Operation is GitHub's name of it, "pulls/create"; "" when there is none.
	Operation string
	Request   []byte
	Status    int
	Header    http.Header // of the answer
	Answer    []byte
}

// Writes says whether the call may have changed something.
func (e Exchange) Writes() bool { return e.Method != http.MethodGet && e.Method != http.MethodHead }

type journal struct {
	mu        sync.Mutex
	exchanges []Exchange
}

func (j *journal) add(e Exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.exchanges = append(j.exchanges, e)
}

// Journal is every exchange so far, in the order of the answers.
func (s *Server) Journal() []Exchange {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.exchanges)
}
