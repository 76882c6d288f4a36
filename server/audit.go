package server

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server/store"
)

// shownDecision is a decision as the API tells it, and the audit log.
type shownDecision struct {
	ID           string          `json:"id"`
	At           time.Time       `json:"at"`
	Repository   string          `json:"repository"` // owner/name as it was then
	RepositoryID int64           `json:"repositoryId"`
	Kind         string          `json:"kind"`
	What         json.RawMessage `json:"what"`
}

func showDecision(d store.Decision) shownDecision {
	shown := shownDecision{ID: d.ID, At: d.At, Repository: d.Repository, RepositoryID: d.RepositoryID, Kind: d.Kind, What: json.RawMessage(d.What)}
	if !json.Valid(shown.What) { // one that is broken does not keep people from the others
		shown.What, _ = json.Marshal(d.What) // a string never fails
	}
	return shown
}

// auditLine is a line of the audit log.
type auditLine struct {
	Audit bool `json:"audit"` // always: by it the lines are found among others
	shownDecision
}

// audit writes lines, each at once and one after the other.
type audit struct {
	mu sync.Mutex
	to io.Writer
}

func (a *audit) write(line string) error {
	if a.to == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := io.WriteString(a.to, line+"\n")
	return err
}

// Decided is part of run.Decisions. What was done is told first and stored then:
// all that is in the database was told, and what could not be stored, too. A merge that
// was told is not told again: the look that ends what another one began cannot know.
func (s *Server) Decided(ctx context.Context, repository int64, d proposal.Done) {
	if d.What == merging.Merged && s.toldMerge(ctx, repository, &d) {
		return
	}
	what, err := json.Marshal(d)
	if err != nil {
		s.log.Error().Err(err).Int64("github_repository_id", repository).Int("github_pr_num", d.Number).Str("what", d.What).
			Msg("what was done could not be written down")
		return
	}
	id, err := store.NewDecisionID()
	if err != nil {
		s.log.Warn().Err(err).Msg("what was done has no id yet")
	}
	decision := store.Decision{
		ID: id, At: s.now().UTC().Truncate(time.Millisecond), RepositoryID: repository, Repository: s.nameOf(ctx, repository),
		Kind: d.What, What: s.redact.text(string(what)),
	}
	s.tell(decision)
	s.state.write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Log(ctx, decision) })
}

// lately is how many merges of a repository are looked through for one.
const lately = 100

// toldMerge says whether a merge is in the log.
func (s *Server) toldMerge(ctx context.Context, repository int64, d *proposal.Done) bool {
	all, err := s.db.Reading().Decisions(ctx, store.Sought{RepositoryID: repository, Kind: d.What, Limit: lately})
	if err != nil {
		s.log.Warn().Err(err).Int64("github_repository_id", repository).Msg("the log of decisions could not be read")
	}
	for _, one := range all {
		var told proposal.Done
		if json.Unmarshal([]byte(one.What), &told) == nil && told.Number == d.Number && told.Head == d.Head {
			return true
		}
	}
	return false
}

// tell writes a decision to the audit log.
func (s *Server) tell(d store.Decision) {
	line, err := json.Marshal(auditLine{true, showDecision(d)})
	if err == nil {
		err = s.audit.write(s.redact.text(string(line)))
	}
	if err != nil {
		s.log.Error().Err(err).Int64("github_repository_id", d.RepositoryID).Msg("the audit log could not be written")
	}
}

// repositoryKey is for the repository that is looked at.
type repositoryKey struct{}

// withRepository lets Decided know what the repository is called without asking the
// database, which may not answer.
func withRepository(ctx context.Context, r store.Repository) context.Context {
	return context.WithValue(ctx, repositoryKey{}, r)
}

// nameOf is owner/name of a repository; "" if that cannot be found out.
func (s *Server) nameOf(ctx context.Context, id int64) string {
	r, is := ctx.Value(repositoryKey{}).(store.Repository)
	if !is || r.ID != id {
		var err error
		if r, err = s.db.Reading().Repository(context.WithoutCancel(ctx), id); s.state.missed(err) {
			return ""
		}
	}
	return r.Owner + "/" + r.Name
}
