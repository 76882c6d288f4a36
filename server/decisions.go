package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/server/store"
)

// shownDecisions is a page of the log. There may be more where Next is not "".
type shownDecisions struct {
	Decisions []shownDecision `json:"decisions"`
	Next      string          `json:"next,omitempty"`
}

// decisions tells what the log of decisions has.
func (s *Server) decisions(w http.ResponseWriter, r *http.Request, token *config.Token) {
	asked, err := readDecisionsQuery(r.URL.RawQuery)
	if err != nil {
		s.problem(w, http.StatusBadRequest, err.Error())
		return
	}
	if strings.Contains(asked.repository, "/") {
		found, ok := s.visible(w, r, token, config.ScopeDecisions, asked.repository)
		if !ok {
			return
		}
		asked.sought.RepositoryID = found.ID
	}
	if known, err := s.mayKnow(r.Context(), token, asked.sought.RepositoryID); err != nil {
		s.broken(w, err)
		return
	} else if !known {
		s.problem(w, http.StatusNotFound, "nothing is known of a repository with this id, or it is not for this token: see accounts and repositories in api.tokens of the server's configuration")
		return
	}
	page, err := s.pageOf(r.Context(), token, asked.sought)
	if err != nil {
		s.broken(w, err)
		return
	}
	s.answer(w, http.StatusOK, page)
}

// mayKnow tells whether a token may know that there is a repository of this id, or
// was. 0 is for all repositories, of which each has what it may know.
func (s *Server) mayKnow(ctx context.Context, token *config.Token, id int64) (bool, error) {
	if id == 0 {
		return true, nil
	}
	found, err := s.db.Reading().Repository(ctx, id)
	if err == nil {
		return token.Allows(config.ScopeDecisions, found.Owner+"/"+found.Name), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	last, err := s.db.Reading().Decisions(ctx, store.Sought{RepositoryID: id, Limit: 1})
	return len(last) > 0 && shows(token, last[0]), err
}

// shows tells whether a token may see a decision: by what its repository is called
// now, or was when it was last heard of.
func shows(token *config.Token, d store.Decision) bool {
	name := d.Now
	if name == "" {
		name = d.Repository
	}
	return token.Everywhere() || token.Allows(config.ScopeDecisions, name)
}

// A token may be for few of the decisions. For one answer this many are read at
// once, and this often at most.
const (
	readAtOnce = mostDecisions + 1
	mostReads  = 10
)

// pageOf reads as many decisions as are sought, of those that a token may see.
func (s *Server) pageOf(ctx context.Context, token *config.Token, sought store.Sought) (shownDecisions, error) {
	page, limit := shownDecisions{Decisions: []shownDecision{}}, sought.Limit
	sought.Limit = limit + 1
	if sought.RepositoryID == 0 && !token.Everywhere() {
		sought.Limit = readAtOnce
	}
	for range mostReads {
		found, err := s.db.Reading().Decisions(ctx, sought)
		if err != nil {
			return shownDecisions{}, err
		}
		for _, d := range found {
			shown := shows(token, d)
			if shown && len(page.Decisions) == limit {
				page.Next = cursorOf(sought)
				return page, nil
			}
			if shown {
				page.Decisions = append(page.Decisions, showDecision(d))
			}
			sought.BeforeAt, sought.BeforeID = d.At, d.ID
		}
		if len(found) < sought.Limit {
			return page, nil
		}
	}
	page.Next = cursorOf(sought)
	return page, nil
}

// cursorOf is the place in the log behind which is sought.
func cursorOf(s store.Sought) string {
	return fmt.Sprintf("%d-%s", s.BeforeAt.UnixMilli(), s.BeforeID)
}
