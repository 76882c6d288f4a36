package changes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// How long notes are taken for all that there is. Releases are often written after
// their images are pushed, and seldom changed. Who does not answer is asked again after
// pendingFor, and each time after twice as long, mostDoubled times.
const (
	pendingFor  = 10 * time.Minute
	mostDoubled = 5
	thinFor     = time.Hour
	wholeFor    = 24 * time.Hour
)

// remembered is the name of the memory's entry; another form has another one.
const remembered = "changes 1"

// kept is what was read of one step.
type kept struct {
	At time.Time
	// Tries is how often in a row not all was answered.
	Tries     int
	Changelog proposal.Changelog
}

// until is when it is read again.
func (k *kept) until() time.Time {
	n := &k.Changelog.Notes
	switch {
	case n.Pending:
		return k.At.Add(pendingFor << min(max(k.Tries-1, 0), mostDoubled))
	case n.Outcome == changelog.Nothing, n.Outcome == changelog.ByCommits, whole(n):
		return k.At.Add(wholeFor)
	}
	return k.At.Add(thinFor)
}

// whole tells whether there is something of each version.
func whole(n *changelog.Notes) bool {
	for i := range n.Entries {
		if n.Entries[i].Text == "" {
			return false
		}
	}
	return len(n.Entries) > 0
}

// changelogs reads the notes of all steps whose new image is known. What was read
// before is read again only after its time; and all that this target shows no more is
// forgotten.
func (w *reading) changelogs(ctx context.Context, steps []Step, images map[string]seen) {
	if w.target.Source == nil {
		return
	}
	w.found.Changelogs = map[string]proposal.Changelog{}
	ctx, cancel := context.WithTimeout(ctx, notesTime)
	defer cancel()
	before := w.recall(ctx)
	target := w.visibility(ctx)
	now := map[string]kept{}
	each(len(steps), func(i int) {
		s := &steps[i]
		from, to := s.from(), s.to()
		old, knowsOld := images[from.key()]
		proposed, knowsNew := images[to.key()]
		if !knowsNew || proposed.silent {
			return
		}
		asked := w.request(ctx, s, &old.About, &proposed.About, target)
		key := keyOf(&asked, old.Manifest.Digest, proposed.Manifest.Digest, len(steps))
		got, known := before[key]
		if !known || !w.Now().Before(got.until()) {
			got = w.read(ctx, &asked, got, len(steps), !knowsOld || old.silent)
		}
		if got.Changelog.Pending {
			w.wake(got.until())
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		now[key] = got
		w.found.Changelogs[s.Key()] = got.Changelog
	})
	w.keep(ctx, now)
}

// visibility is who may see what is shown. It matters where private sources may be;
// who cannot be asked counts as everybody.
func (w *reading) visibility(ctx context.Context) changelog.Visibility {
	if !w.target.AllowPrivate {
		return changelog.Public
	}
	access, err := w.target.Source.Access(ctx, w.target.Repository)
	if err != nil {
		return changelog.Public
	}
	return access.Visibility
}

func (w *reading) request(ctx context.Context, s *Step, old, proposed *registry.About, target changelog.Visibility) changelog.Request {
	return changelog.Request{
		Image:  s.Repository,
		From:   changelog.Side{Tag: s.From.Tag, Origin: w.origin(ctx, s, s.from(), old)},
		To:     changelog.Side{Tag: s.To.Tag, Origin: w.origin(ctx, s, s.to(), proposed)},
		Target: target, AllowPrivate: w.target.AllowPrivate,
	}
}

// read asks the source. What it gave before stays where it gives less now because it
// does not answer.
//
// half says that of the old image no more than its tag is known.
func (w *reading) read(ctx context.Context, asked *changelog.Request, before kept, steps int, half bool) kept {
	notes, err := changelog.Collect(ctx, w.target.Source, asked, bounds(steps))
	notes.Pending = notes.Pending || half || err != nil // the time ran out
	got := kept{At: w.Now(), Changelog: proposal.Changelog{Notes: notes, From: revision(&asked.From), To: revision(&asked.To)}}
	if !notes.Pending {
		return got
	}
	if !before.At.IsZero() && !before.Changelog.Pending {
		got.Changelog = before.Changelog
		return got
	}
	got.Tries = before.Tries + 1
	return got
}

// revision is what an image was built from, by what it says or by its tag.
func revision(s *changelog.Side) string {
	if s.Origin.Revision != "" {
		return s.Origin.Revision
	}
	commit, _ := changelog.CommitOf(s.Tag)
	return commit
}

// bounds share the room of a body between the steps, roughly: what is read stays the
// same when one more comes.
func bounds(steps int) changelog.Options {
	switch {
	case steps <= 4:
		return changelog.Options{}
	case steps <= 16:
		return changelog.Options{Bytes: 20_000, Entry: 10_000}
	}
	return changelog.Options{Bytes: 5_000, Entry: 3_000, Commits: 20}
}

// keyOf names all that notes depend on, but for what stands in the source.
func keyOf(asked *changelog.Request, old, proposed string, steps int) string {
	text, err := json.Marshal(struct {
		Asked   *changelog.Request
		Digests [2]string
		Bounds  changelog.Options
	}{asked, [2]string{old, proposed}, bounds(steps)})
	if err != nil { // it is plain data
		return ""
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (w *reading) recall(ctx context.Context) map[string]kept {
	var all map[string]kept
	if text, found := w.Memory.Note(ctx, w.target.ID, remembered); found && json.Unmarshal(text, &all) != nil {
		return nil
	}
	return all
}

// keep replaces what is remembered, where it is something else.
func (w *reading) keep(ctx context.Context, now map[string]kept) {
	text, err := json.Marshal(now)
	if err != nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if had, found := w.Memory.Note(ctx, w.target.ID, remembered); found && string(had) == string(text) || !found && len(now) == 0 {
		return
	}
	w.Memory.KeepNote(ctx, w.target.ID, remembered, text)
}
