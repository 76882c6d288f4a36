package proposal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Reader is what the past is read from.
type Reader interface {
	// Pulls gives the pull requests that changed last.
	Pulls(ctx context.Context) (forge.Pulls, error)
	// PullsOf gives further ones, from page 2 on.
	PullsOf(ctx context.Context, page int) (forge.Pulls, error)
	// PullsBy gives the numbers of all that somebody opened.
	PullsBy(ctx context.Context, login string) ([]int, error)
	// Pull gives one.
	Pull(ctx context.Context, number int) (forge.Pull, error)
	// Commit reads a commit.
	Commit(ctx context.Context, sha string) (forge.Commit, error)
	// Contains says whether a commit is in the history of a branch.
	Contains(ctx context.Context, branch, sha string) (bool, error)
	// Tree lists the files of a commit.
	Tree(ctx context.Context, sha string) ([]forge.Entry, error)
	// Blob reads a file of at most so many bytes.
	Blob(ctx context.Context, sha string, most int64) ([]byte, error)
	// ClosedBy is who closed a pull request.
	ClosedBy(ctx context.Context, number int) (forge.Account, error)
}

// Memory keeps what is true for ever. It may forget.
type Memory interface {
	Fact(ctx context.Context, name string) ([]byte, bool)
	KeepFact(ctx context.Context, name string, value []byte)
}

// Archive keeps the past of repositories between runs. It may forget: then the
// past is read again from GitHub, at some cost.
type Archive interface {
	Past(ctx context.Context, repository int64) ([]byte, bool)
	KeepPast(ctx context.Context, repository int64, value []byte)
}

// Historian reads what became of proposals.
type Historian struct {
	Memory  Memory
	Archive Archive
	// Bot is as whom the App wrote when this began: its name may change.
	Bot string
	// Keys are those of markers: the first one signs, any of them did.
	Keys [][]byte
	// Signed is set where GitHub signs the App's commits: github.com.
	Signed bool

	botID atomic.Int64 // the number of that user, which stays; 0 while it is not known
}

// IsBot says whether an account is the App's.
func (h *Historian) IsBot(ctx context.Context, a forge.Account) bool {
	if id := h.botID.Load(); id != 0 && a.ID != 0 {
		return a.ID == id
	}
	if a.Login == h.Bot {
		h.learn(ctx, a)
		return true
	}
	// Another replica may have written under the new name already.
	id, _ := h.Memory.Fact(ctx, h.known())
	return a.ID != 0 && string(id) == strconv.FormatInt(a.ID, 10)
}

// learn notes which account the App's is.
func (h *Historian) learn(ctx context.Context, a forge.Account) {
	if a.ID != 0 && h.botID.CompareAndSwap(0, a.ID) {
		h.Memory.KeepFact(ctx, h.known(), strconv.AppendInt(nil, a.ID, 10))
	}
}

// known is under what the number is kept for all who know the App by this name.
func (h *Historian) known() string { return "bot " + h.Bot }

// maxPages is how far back everybody's pull requests are read the first time. What
// is older is asked for by its author.
const maxPages = 50

// chronicle is what the archive has of a repository.
type chronicle struct {
	// Until is when the newest change happened of which all older ones are known;
	// zero until the oldest pull request was reached once.
	Until time.Time
	// Ours are the App's own pull requests. Those of others are read past.
	Ours map[int]stored
	// Lifted is what people let go of.
	Lifted []Lift `json:",omitempty"`
}

// stored is a pull request of the App as the archive has it.
type stored struct {
	// Sum tells whether it changed.
	Sum string
	// Existing is nil where it proposes no updates.
	Existing *Existing `json:",omitempty"`
	// Unread is the pull request itself, where a commit of it could not be found
	// so many times: that is tried again.
	Unread *forge.Pull `json:",omitempty"`
	Tries  int         `json:",omitempty"`
}

// Read gives the past of a repository. What did not change since the last time is
// not read again.
func (h *Historian) Read(ctx context.Context, repository int64, r Reader) (Past, error) {
	t := &telling{Historian: h, Reader: r, repository: repository, known: h.recall(ctx, repository)}
	err := t.again(ctx)
	if err == nil {
		err = t.catchUp(ctx)
	}
	if t.changed {
		h.keep(ctx, repository, t.known)
	}
	if err != nil {
		return Past{}, err
	}
	past := Past{Lifted: t.known.Lifted}
	for _, s := range t.known.Ours {
		switch e := s.Existing; {
		case e == nil:
		case e.Record != nil && e.Record.Edit != nil:
			past.Edits = append(past.Edits, e)
		default:
			past.All = append(past.All, e)
		}
	}
	return past, nil
}

// Lift lets go of what was closed and rolled back, in the past that was read and
// for all runs to come.
func (h *Historian) Lift(ctx context.Context, repository int64, past *Past, lifts []Lift) {
	all, changed := laid(slices.Clone(past.Lifted), lifts)
	if !changed {
		return
	}
	past.Lifted = all
	known := h.recall(ctx, repository)
	known.Lifted = all
	h.keep(ctx, repository, known)
}

func (h *Historian) recall(ctx context.Context, repository int64) *chronicle {
	known := &chronicle{}
	text, found := h.Archive.Past(ctx, repository)
	if !found || json.Unmarshal(text, known) != nil || known.Ours == nil {
		return &chronicle{Ours: map[int]stored{}}
	}
	return known
}

func (h *Historian) keep(ctx context.Context, repository int64, known *chronicle) {
	if text, err := json.Marshal(known); err == nil {
		h.Archive.KeepPast(ctx, repository, text)
	}
}

// telling is the past of one repository while it is read. What was read before it
// failed is kept.
type telling struct {
	*Historian
	Reader

	repository int64
	known      *chronicle
	changed    bool
}

// again reads what could not be read the last time.
func (t *telling) again(ctx context.Context) error {
	for _, number := range slices.Sorted(maps.Keys(t.known.Ours)) {
		if p := t.known.Ours[number].Unread; p != nil {
			if err := t.read(ctx, *p); err != nil {
				return err
			}
		}
	}
	return nil
}

// catchUp reads what is new, page by page. The list has what changed last at its
// top, so that it ends where all is older than what is known.
func (t *telling) catchUp(ctx context.Context) error {
	pulls, err := t.Pulls(ctx)
	until := latest(pulls.All)
	for page := 1; err == nil; page++ {
		if err = t.take(ctx, pulls.All); err != nil {
			break
		}
		if !pulls.More || len(pulls.All) > 0 && pulls.All[len(pulls.All)-1].Updated.Before(t.known.Until) {
			t.note(until)
			return nil
		}
		if page == maxPages {
			err = t.farBack(ctx)
			if err == nil {
				t.note(until)
			}
			if !notListed(err) {
				return err
			}
		}
		pulls, err = t.PullsOf(ctx, page+1)
	}
	return err
}

// notListed says whether GitHub gives no list by author, as it may where a
// repository has no issues. Then all pages are read.
func notListed(err error) bool {
	_, refused := errors.AsType[*forge.RefusedError](err)
	return refused || errors.Is(err, forge.ErrNotFound)
}

// latest is when the newest of some pull requests changed.
func latest(pulls []forge.Pull) time.Time {
	var at time.Time
	for i := range pulls {
		if pulls[i].Updated.After(at) {
			at = pulls[i].Updated.UTC()
		}
	}
	return at
}

// note notes that all is known until a time.
func (t *telling) note(until time.Time) {
	if until.After(t.known.Until) {
		t.known.Until, t.changed = until, true
	}
}

// farBack reads those of the App's pull requests that lie behind thousands of
// others. A list by author has only their numbers.
func (t *telling) farBack(ctx context.Context) error {
	numbers, err := t.PullsBy(ctx, t.Bot)
	if err != nil {
		return err
	}
	zerolog.Ctx(ctx).Info().Int("mine", len(numbers)).Msg("there are very many pull requests: the older ones of the App are read one by one")
	for _, number := range numbers {
		if _, is := t.known.Ours[number]; is {
			continue
		}
		p, err := t.Pull(ctx, number)
		if errors.Is(err, forge.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := t.take(ctx, []forge.Pull{p}); err != nil {
			return err
		}
	}
	return nil
}

// take reads those of a page that are the App's, and new or changed.
func (t *telling) take(ctx context.Context, pulls []forge.Pull) error {
	for i := range pulls {
		p := &pulls[i]
		was := t.known.Ours[p.Number]
		if !t.IsBot(ctx, p.Author) || was.same(p) {
			continue
		}
		if err := t.read(ctx, *p); err != nil {
			return err
		}
	}
	return nil
}

// mostTries is how many times in a row a closed pull request is waited for. Until
// then nothing is proposed: it may be a refusal. A commit that is still not found
// is gone.
const mostTries = 5

// read reads one.
func (t *telling) read(ctx context.Context, p forge.Pull) error {
	was := t.known.Ours[p.Number]
	existing, err := t.existing(ctx, t.repository, t.Reader, p, was.Existing)
	if errors.Is(err, errUnread) {
		return t.wait(ctx, p, was, err)
	}
	if err != nil {
		return err
	}
	t.known.Ours[p.Number], t.changed = stored{Sum: sum(&p), Existing: existing}, true
	return nil
}

// wait notes that a pull request could not be read, and fails unless that was tried
// many times.
func (t *telling) wait(ctx context.Context, p forge.Pull, was stored, err error) error {
	now := stored{Sum: sum(&p), Unread: &p, Tries: min(was.Tries+1, mostTries)}
	t.changed = t.changed || now.Tries != was.Tries
	t.known.Ours[p.Number] = now
	if p.Open || now.Tries < mostTries {
		return fmt.Errorf("finding out what became of pull request %d: %w", p.Number, err)
	}
	zerolog.Ctx(ctx).Warn().Err(err).Int("github_pr_num", p.Number).Msg("what became of a pull request cannot be known")
	return nil
}

// same says whether a pull request is as it was. The time of the last change is
// not enough: it is of whole seconds.
func (s *stored) same(p *forge.Pull) bool {
	if s.Existing != nil && s.Existing.Open && s.Existing.Body != p.Body {
		return false
	}
	return s.Sum == sum(p)
}

// sum is of all that matters of a pull request, but for its text. It leaves out
// what changes with the base.
func sum(pull *forge.Pull) string {
	p := *pull
	p.Body, p.Base.SHA, p.MergeCommit, p.Mergeable, p.MergeState = "", "", "", nil, ""
	p.Created, p.Updated, p.Closed, p.Merged = p.Created.UTC(), p.Updated.UTC(), p.Closed.UTC(), p.Merged.UTC()
	text, err := json.Marshal(p)
	if err != nil {
		return "" // not reached: it is made of texts and numbers
	}
	of := sha256.Sum256(text)
	return hex.EncodeToString(of[:16])
}

// edited is the record of a pull request for the configuration whose commit a person
// has amended: it is theirs now, and still what it was opened for.
func (h *Historian) edited(ctx context.Context, repository int64, p forge.Pull) *Record {
	record := &Record{}
	if text, found := h.Memory.Fact(ctx, editName(repository, p.Head.Name)); !found || json.Unmarshal(text, record) != nil {
		m := ReadMarker(p.Body, Seat{RepositoryID: repository, Base: p.Base.Name, Branch: p.Head.Name}, h.Keys...)
		if m == nil {
			return nil
		}
		record = m.Record
	}
	if record.Edit == nil {
		return nil
	}
	return record
}

// editName is under what is kept for what a branch was written that edits the
// configuration.
func editName(repository int64, branch string) string {
	return fmt.Sprintf("edit %d %s", repository, branch)
}

// existing is a pull request as Desire sees it, nil where it is not of ours. was
// is what it was when it was last read.
func (h *Historian) existing(ctx context.Context, repository int64, r Reader, p forge.Pull, was *Existing) (*Existing, error) {
	if p.Head.Repository != 0 && p.Head.Repository != repository {
		return nil, nil //nolint:nilnil // it is nobody's business
	}
	e := &Existing{
		Number: p.Number, NodeID: p.NodeID, Branch: p.Head.Name, Base: p.Base.Name, HeadSHA: p.Head.SHA, Title: p.Title,
		Labels: p.Labels, Draft: p.Draft, Open: p.Open, Created: p.Created, Closed: p.Closed, Merged: p.Merged,
	}
	if err := h.judge(ctx, repository, r, p, e); err != nil {
		return nil, err
	}
	if e.Record == nil && e.Foreign != "" {
		e.Record = h.edited(ctx, repository, p)
	}
	if e.Record == nil && e.Foreign == "" {
		return nil, nil //nolint:nilnil // none of those that propose updates
	}
	if e.Open {
		e.Body = p.Body
		return e, nil
	}
	switch {
	case !e.Merged.IsZero():
	case was != nil && was.Closed.Equal(e.Closed):
		e.ClosedByUs = was.ClosedByUs
	default:
		by, err := r.ClosedBy(ctx, p.Number)
		if err != nil {
			return nil, err
		}
		e.ClosedByUs = h.IsBot(ctx, by)
	}
	return e, nil
}
