package changes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// changelogs reads the notes of all steps. What was read before is read again only
// after its time, and what this target shows no more is forgotten.
func (w *reading) changelogs(ctx context.Context, steps []Step, images map[string]seen) {
	if w.target.Source == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, notesTime)
	defer cancel()
	w.found.Changelogs = map[string]proposal.Changelog{}
	before := w.recall(ctx)
	now := map[string]kept{}
	each(len(steps), func(i int) {
		s := &steps[i]
		before := before[s.Key()]
		if !before.shows(w.target) {
			before = kept{}
		}
		got := w.changelog(ctx, s, images, before)
		if got.Tries > 0 {
			w.wake(got.until())
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		now[s.Key()] = got
		if got.Known {
			w.found.Changelogs[s.Key()] = got.Changelog
		}
	})
	w.keep(ctx, now)
}

// changelog reads the notes of a step, unless it is not their time.
func (w *reading) changelog(ctx context.Context, s *Step, images map[string]seen, before kept) kept {
	from, to := s.from(), s.to()
	old, knowsOld := images[from.key()]
	proposed, knowsNew := images[to.key()]
	if !knowsNew || proposed.silent {
		return before.lacking(w.Now(), w.target)
	}
	asked, toldOld, toldNew := w.request(ctx, s, images, changelog.Repository{})
	if !toldNew && before.Known {
		return before.lacking(w.Now(), w.target)
	}
	key := keyOf(&asked, old.Manifest.Digest, proposed.Manifest.Digest, s.Beside)
	if before.Key == key && w.Now().Before(before.until()) {
		return before
	}
	other := func(lacks changelog.Repository) (changelog.Request, bool) {
		again, toldOld, toldNew := w.request(ctx, s, images, lacks)
		return again, toldOld && toldNew
	}
	got := w.read(ctx, &asked, other, before, s.Beside, knowsOld && !old.silent && toldOld && toldNew)
	got.Key = key
	return got
}

// request is for the notes between two images, as far as is told where their sources
// are. What lacks the commit of the new image is no source of the old one either, whose
// tag may tell its commit.
func (w *reading) request(ctx context.Context, s *Step, images map[string]seen, lacks changelog.Repository) (asked changelog.Request, toldOld, toldNew bool) {
	from, to := s.from(), s.to()
	old, proposed := images[from.key()], images[to.key()]
	asked = changelog.Request{
		Image: s.Repository, From: changelog.Side{Tag: s.From.Tag}, To: changelog.Side{Tag: s.To.Tag},
		Target: w.target.Visibility, AllowPrivate: w.target.AllowPrivate,
	}
	asked.From.Origin, toldOld = w.origin(ctx, s, from, &old.About, lacks)
	asked.To.Origin, toldNew = w.origin(ctx, s, to, &proposed.About, lacks)
	if !lacks.IsZero() && asked.From.Origin.Repository.Same(lacks) {
		asked.From.Origin = changelog.Origin{}
	}
	return asked, toldOld, toldNew
}

// read asks the source, and where that does not have the image's commit the other one
// that is named, if there is one. Where it does not answer, what it gave before of the same step
// stays. Where not all is told of the images, more may come: of an old one that is not
// known its tag alone counts.
func (w *reading) read(
	ctx context.Context, asked *changelog.Request, other func(lacks changelog.Repository) (changelog.Request, bool), before kept, beside int, told bool,
) kept {
	source, from := &listening{Source: w.target.Source}, asked.To.Origin.Repository
	notes, err := changelog.Collect(ctx, source, asked, bounds(beside))
	if notes.Doubt == changelog.NoCommit {
		again, answered := other(from)
		told = told && answered
		if !again.To.Origin.Repository.Same(from) {
			asked = &again
			notes, err = changelog.Collect(ctx, source, asked, bounds(beside))
		}
	}
	w.trouble(source.troubles())
	notes.Pending = notes.Pending || !told || err != nil // the time ran out
	got := kept{At: w.Now(), Known: true, Rights: w.target.rights(), Source: from.URL()}
	got.Changelog = proposal.Changelog{Notes: notes, From: revision(&asked.From), To: revision(&asked.To)}
	if !notes.Pending {
		return got
	}
	got.Tries = before.Tries + 1
	if before.Known && !before.Changelog.Pending && before.Source == got.Source {
		got.Changelog = before.Changelog
	}
	return got
}

func (w *reading) trouble(all []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, err := range all {
		if !slices.ContainsFunc(w.found.Troubles, func(known error) bool { return known.Error() == err.Error() }) && len(w.found.Troubles) < mostTroubles {
			w.found.Troubles = append(w.found.Troubles, err)
		}
	}
}

// mostTroubles is how many are told of one look.
const mostTroubles = 10

// revision is what an image was built from, by what it says or by its tag.
func revision(s *changelog.Side) string {
	if s.Origin.Revision != "" {
		return s.Origin.Revision
	}
	commit, _ := changelog.CommitOf(s.Tag)
	return commit
}

// bounds share the room of a text between its steps, roughly: what is read stays the
// same when one more comes.
func bounds(beside int) changelog.Options {
	switch {
	case beside <= 4:
		return changelog.Options{}
	case beside <= 16:
		return changelog.Options{Bytes: 20_000, Entry: 10_000}
	}
	return changelog.Options{Bytes: 5_000, Entry: 3_000, Commits: 20}
}

// keyOf names all that notes depend on, but for what stands in the source.
func keyOf(asked *changelog.Request, old, proposed string, beside int) string {
	text, err := json.Marshal(struct {
		Asked   *changelog.Request
		Digests [2]string
		Bounds  changelog.Options
	}{asked, [2]string{old, proposed}, bounds(beside)})
	if err != nil { // it is plain data
		return ""
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
