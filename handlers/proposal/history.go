package proposal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Reader is what the past is read from.
type Reader interface {
	// Pulls gives the pull requests that changed last.
	Pulls(ctx context.Context) (forge.Pulls, error)
	// PullsOf gives further ones, from page 2 on.
	PullsOf(ctx context.Context, page int) (forge.Pulls, error)
	// Commit reads a commit.
	Commit(ctx context.Context, sha string) (forge.Commit, error)
	// Tree lists the files of a commit.
	Tree(ctx context.Context, sha string) ([]forge.Entry, error)
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

// isBot says whether an account is the App's.
func (h *Historian) isBot(ctx context.Context, a forge.Account) bool {
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

// maxPages bounds how far back pull requests are read the first time.
const maxPages = 50

// longestWalk is how many commits of others are passed over to find ours.
const longestWalk = 20

// chronicle is what the archive has of a repository.
type chronicle struct {
	// Complete is set when the oldest pull request was reached once.
	Complete bool
	Pulls    map[int]stored
}

// stored is a pull request as the archive has it.
type stored struct {
	Pull     forge.Pull
	Existing *Existing
}

// Read gives the past of a repository. What did not change since the last time is
// not read again.
func (h *Historian) Read(ctx context.Context, repository int64, r Reader) (Past, error) {
	known := h.recall(ctx, repository)
	changed, err := h.catchUp(ctx, repository, r, known)
	if changed {
		h.keep(ctx, repository, known)
	}
	if err != nil {
		return Past{}, err
	}
	var past Past
	for _, s := range known.Pulls {
		if s.Existing != nil {
			past.All = append(past.All, s.Existing)
		}
	}
	return past, nil
}

// catchUp reads what is new, page by page. The list has what changed last at its
// top, so that it ends where something is known, once all was read. What was read
// before it failed is kept.
func (h *Historian) catchUp(ctx context.Context, repository int64, r Reader, known *chronicle) (changed bool, err error) {
	pulls, err := r.Pulls(ctx)
	for page := 1; ; page++ {
		if err != nil {
			known.Complete = known.Complete && !changed
			return changed, err
		}
		fresh, failed := h.take(ctx, repository, r, pulls.All, known.Pulls)
		changed = changed || fresh > 0
		if err = failed; err != nil {
			continue
		}
		if known.Complete && fresh < len(pulls.All) || !pulls.More || page == maxPages {
			changed = changed || !known.Complete
			known.Complete = true
			return changed, nil
		}
		pulls, err = r.PullsOf(ctx, page+1)
	}
}

func (h *Historian) recall(ctx context.Context, repository int64) *chronicle {
	known := &chronicle{}
	text, found := h.Archive.Past(ctx, repository)
	if !found || json.Unmarshal(text, known) != nil || known.Pulls == nil {
		return &chronicle{Pulls: map[int]stored{}}
	}
	return known
}

func (h *Historian) keep(ctx context.Context, repository int64, known *chronicle) {
	if text, err := json.Marshal(known); err == nil {
		h.Archive.KeepPast(ctx, repository, text)
	}
}

// take reads those of a page that are new or changed, and tells how many.
func (h *Historian) take(ctx context.Context, repository int64, r Reader, pulls []forge.Pull, known map[int]stored) (int, error) {
	changed := 0
	for _, p := range pulls {
		was, is := known[p.Number]
		if is && was.same(p) {
			continue
		}
		existing, err := h.existing(ctx, repository, r, p, was.Existing)
		if err != nil {
			return changed, err
		}
		changed++
		known[p.Number] = stored{essence(p), existing}
	}
	return changed, nil
}

// same says whether a pull request is as it was. The time of the last change is
// not enough: it is of whole seconds.
func (s *stored) same(p forge.Pull) bool {
	if s.Existing != nil && s.Existing.Open && s.Existing.Body != p.Body {
		return false
	}
	was, wasErr := json.Marshal(essence(s.Pull))
	is, isErr := json.Marshal(essence(p))
	return wasErr == nil && isErr == nil && bytes.Equal(was, is)
}

// essence leaves out what changes with the base, and what is long.
func essence(p forge.Pull) forge.Pull {
	p.Body, p.Base.SHA, p.MergeCommit = "", "", ""
	p.Created, p.Updated, p.Closed, p.Merged = p.Created.UTC(), p.Updated.UTC(), p.Closed.UTC(), p.Merged.UTC()
	return p
}

// existing is a pull request as Desire sees it, nil where it is not of ours. was
// is what it was when it was last read.
func (h *Historian) existing(ctx context.Context, repository int64, r Reader, p forge.Pull, was *Existing) (*Existing, error) {
	if !h.isBot(ctx, p.Author) || p.Head.Repository != 0 && p.Head.Repository != repository {
		return nil, nil //nolint:nilnil // it is nobody's business
	}
	e := &Existing{
		Number: p.Number, NodeID: p.NodeID, Branch: p.Head.Name, Base: p.Base.Name, HeadSHA: p.Head.SHA, Title: p.Title,
		Labels: p.Labels, Draft: p.Draft, Open: p.Open, Created: p.Created, Closed: p.Closed, Merged: p.Merged,
	}
	if err := h.judge(ctx, repository, r, p, e); err != nil {
		return nil, err
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
		e.ClosedByUs = h.isBot(ctx, by)
	}
	return e, nil
}

// judge finds our commit of a branch, and whose the branch is by now.
func (h *Historian) judge(ctx context.Context, repository int64, r Reader, p forge.Pull, e *Existing) error {
	sha := p.Head.SHA
	if m := ReadMarker(p.Body, Seat{RepositoryID: repository, Base: p.Base.Name, Branch: p.Head.Name}, h.Keys...); m != nil && m.Commit == sha {
		e.Record, e.OwnSHA, e.BuiltOn = m.Record, sha, m.BuiltOn
		return nil
	}
	for range longestWalk {
		c, err := h.commit(ctx, r, sha)
		if errors.Is(err, forge.ErrNotFound) || err == nil && len(c.Parents) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the branch %s: %w", p.Head.Name, err)
		}
		if h.ours(c, p.Author.ID) {
			e.Record, e.OwnSHA = ReadRecord(c.Message, repository), sha
			if e.BuiltOn == "" {
				e.BuiltOn = c.Parents[0]
			}
			return nil
		}
		if e.Foreign == "" {
			if e.Foreign, err = h.foreign(ctx, r, c, p, e); err != nil {
				return err
			}
		}
		sha = c.Parents[0]
	}
	return nil
}

// made says whether the App made a commit, as far as is known who it is.
func (h *Historian) made(ctx context.Context, c forge.Commit) bool {
	if c.Author.Account.ID != 0 {
		return h.isBot(ctx, c.Author.Account) && h.ours(c, c.Author.Account.ID)
	}
	return !h.Signed && c.Author.Name == h.Bot && len(c.Parents) == 1
}

// ours says whether the App made a commit. An author is easily forged, what
// GitHub itself commits and signs in somebody's name is not.
func (h *Historian) ours(c forge.Commit, botID int64) bool {
	if h.Signed {
		return c.By(botID) && len(c.Parents) == 1
	}
	return strings.HasPrefix(c.Author.Email, strconv.FormatInt(botID, 10)+"+") && len(c.Parents) == 1
}

// foreign says why a commit on our branch makes it somebody else's. GitHub's own
// merge of the base into it does not, as long as our files stay as they were.
func (h *Historian) foreign(ctx context.Context, r Reader, c forge.Commit, p forge.Pull, e *Existing) (string, error) {
	theirs := c.Author.Name + " pushed to it"
	if len(c.Parents) != 2 || h.Signed && !c.Verified {
		return theirs, nil
	}
	first, err := h.commit(ctx, r, c.Parents[0])
	if err != nil || !h.ours(first, p.Author.ID) {
		return theirs, err
	}
	ours, err := r.Tree(ctx, c.Parents[0])
	if err != nil {
		return "", err
	}
	base, err := r.Tree(ctx, c.Parents[1])
	if err != nil {
		return "", err
	}
	merged, err := r.Tree(ctx, c.SHA)
	if err != nil {
		return "", err
	}
	record := ReadRecord(first.Message, repositoryOf(first.Message))
	if record == nil || !asWeLeftIt(record, blobs(ours), blobs(base), blobs(merged)) {
		return theirs, nil
	}
	e.BuiltOn = c.Parents[1]
	return "", nil
}

// asWeLeftIt says whether a merge has the base's files, and ours where we changed
// them.
func asWeLeftIt(record *Record, ours, base, merged map[string]string) bool {
	want := maps.Clone(base)
	for _, u := range record.Updates {
		want[u.Path] = ours[u.Path]
	}
	if len(want) != len(merged) {
		return false
	}
	for path, id := range want {
		if merged[path] != id {
			return false
		}
	}
	return true
}

func blobs(entries []forge.Entry) map[string]string {
	ids := map[string]string{}
	for _, e := range entries {
		if e.Type != "tree" {
			ids[e.Path] = e.Mode + e.SHA
		}
	}
	return ids
}

// repositoryOf is the repository that a record names, whose commit is known to be
// the App's.
func repositoryOf(message string) int64 {
	var r Record
	message = strings.TrimRight(message, "\n")
	text := strings.TrimPrefix(message[strings.LastIndexByte(message, '\n')+1:], trailer+": ")
	if json.Unmarshal([]byte(text), &r) != nil {
		return 0
	}
	return r.RepositoryID
}

// commit reads a commit, each once in its life.
func (h *Historian) commit(ctx context.Context, r Reader, sha string) (forge.Commit, error) {
	name := "commit " + sha
	var c forge.Commit
	if text, found := h.Memory.Fact(ctx, name); found && json.Unmarshal(text, &c) == nil && c.SHA == sha {
		return c, nil
	}
	c, err := r.Commit(ctx, sha)
	if err != nil {
		return forge.Commit{}, err
	}
	if text, err := json.Marshal(c); err == nil {
		h.Memory.KeepFact(ctx, name, text)
	}
	return c, nil
}
