package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Defaults of SharedOptions.
const (
	defaultInterval = 10 * time.Minute
	defaultSettled  = 6 * time.Hour
	defaultBytes    = 128 << 20
	defaultBudget   = 300
)

// ErrIncomplete is a question about a tag that was not sent, because in one
// interval no more tags of an image are asked what they are. What was learnt is
// kept, and the next interval goes on from there.
var ErrIncomplete = errors.New("not yet complete")

// Incomplete is ErrIncomplete with the time at which it goes on.
type Incomplete struct { //nolint:errname // read as registry.Incomplete
	// Next is when the next interval begins; zero where nobody knows.
	Next time.Time
}

// Error is that of ErrIncomplete.
func (i *Incomplete) Error() string { return ErrIncomplete.Error() }

// Unwrap gives ErrIncomplete.
func (i *Incomplete) Unwrap() error { return ErrIncomplete }

// Source is what Shared asks: a Client, or what decorates one.
type Source interface {
	List(ctx context.Context, repo image.Repository) ([]Tag, error)
	Digest(ctx context.Context, repo image.Repository, tag string) (string, error)
	Manifest(ctx context.Context, repo image.Repository, reference string) (Manifest, error)
	Details(ctx context.Context, repo image.Repository, reference string, platform *Platform) (Details, error)
	About(ctx context.Context, repo image.Repository, reference string, platform *Platform) (About, error)
	Provenance(ctx context.Context, repo image.Repository, attestation string) (Provenance, error)
}

// SharedOptions configure a Shared. Now is needed; zero values of the others
// mean their defaults.
type SharedOptions struct {
	Now func() time.Time
	// Identity tells what a repository is asked with, see Credential; nil means
	// that all are anonymous. It is called with each question, and again when it
	// was answered, and should be quick. When it fails nothing is asked, nor answered
	// from memory.
	Identity func(ctx context.Context, repo image.Repository) (string, error)
	// Store keeps what stays true beyond the life of the process; nil keeps
	// nothing.
	Store Store
	// Interval is how long a listing, and what a moving tag stands for, is taken
	// for true: 10 minutes, and up to 10 % more or less so that images which
	// were met together part.
	Interval time.Duration
	// Settled is the same for what a tag stands for that by its name is never
	// moved: 6 hours.
	Settled time.Duration
	// MaxBytes is how much is remembered, as far as it can be told: 128 MiB.
	MaxBytes int64
	// Budget is how many tags of an image are asked in an interval what they
	// are: 300. See Details and About.
	Budget int
}

// Shared asks a source on behalf of many and gives all of them the same answers,
// so that an image costs the same however many repositories use it. What is asked
// several times at once is asked once.
//
// An answer is for those alone who ask with the same credential: a private image
// is a secret even where only its digest is known, and to prove access by asking
// again would cost what the memory saves. Public images are asked for without
// a credential, and so shared by all.
//
// Facts that a digest names are kept for ever. A tag is asked again after
// SharedOptions.Interval if it moves, as "latest" does and "1.25" where there is
// a 1.25.3; and after SharedOptions.Settled if it names one build. Errors are
// kept for a short time, or for as long as the registry asked to be left alone.
//
// It may be used from several goroutines. What it returns belongs to all who
// asked and must not be changed. Its errors are those of the source.
type Shared struct {
	source  Source
	options SharedOptions

	mu      sync.Mutex
	memory  *memory
	flights map[question]*flight
	marks   map[image.Repository]*mark
	budgets map[owner]*budget
	swept   time.Time // when budgets were last looked through
}

// NewShared makes a Shared that knows nothing yet.
func NewShared(source Source, options SharedOptions) *Shared {
	options.Interval = cmp.Or(options.Interval, defaultInterval)
	options.Settled = cmp.Or(options.Settled, defaultSettled)
	options.MaxBytes = cmp.Or(options.MaxBytes, defaultBytes)
	options.Budget = cmp.Or(options.Budget, defaultBudget)
	return &Shared{
		source: source, options: options, memory: newMemory(options.MaxBytes),
		flights: map[question]*flight{}, marks: map[image.Repository]*mark{}, budgets: map[owner]*budget{},
	}
}

// owner is whose answers are about what.
type owner struct {
	repo     image.Repository
	identity string
}

func (s *Shared) owner(ctx context.Context, repo image.Repository) (owner, error) {
	if s.options.Identity == nil {
		return owner{repo: repo}, nil
	}
	identity, err := s.options.Identity(ctx, repo)
	if err != nil {
		return owner{}, fmt.Errorf("finding what to ask %s with: %w", repo, err)
	}
	return owner{repo, identity}, nil
}

// sent asks the source. Who logs in as somebody else meanwhile may have asked as
// that, and the answer would be kept for the wrong one.
func sent[T any](ctx context.Context, s *Shared, o owner, ask func() (T, error)) (T, error) {
	answer, err := ask()
	if err != nil {
		return answer, err
	}
	now, err := s.owner(ctx, o.repo)
	var none T
	switch {
	case err != nil:
		return none, err
	case now != o:
		return none, fmt.Errorf("asking for %s: other credentials came while it was asked", o.repo)
	}
	return answer, nil
}

// about is what a question is about.
type about int

const (
	aboutTags         about = iota // all of a repository
	aboutDigest                    // of a tag
	aboutManifest                  // of a tag or a digest
	aboutDetails                   // of a digest
	aboutDetailsOfTag              // of a tag that is settled
	aboutAbsence                   // of a tag that was no image
	aboutImage                     // of a digest: all it says of itself
	aboutImageAbsence              // of a tag that was none, not even without a config
	aboutProvenance                // of a digest
)

// question is what is asked at most once at a time.
type question struct {
	owner

	about     about
	reference string
	platform  string // as spelt by platformKey
}

// lasting tells whether the answer stays true whatever is pushed.
func (q question) lasting() bool {
	return q.about == aboutDetailsOfTag || image.ValidDigest(q.reference)
}

// platformKey tells apart what can be asked for: nil is something else than
// anything.
func platformKey(p *Platform) string {
	if p == nil {
		return ""
	}
	return strings.Join([]string{"for", p.OS, p.Architecture, p.Variant, p.OSVersion, p.Digest}, "\x00")
}

// List lists all tags of a repository.
func (s *Shared) List(ctx context.Context, repo image.Repository) ([]Tag, error) {
	owner, err := s.owner(ctx, repo)
	if err != nil {
		return nil, err
	}
	found, err := ask(ctx, s, listingOf(owner), func(ctx context.Context) (*listing, error) {
		tags, err := sent(ctx, s, owner, func() ([]Tag, error) { return s.source.List(ctx, repo) })
		if err != nil {
			return nil, err
		}
		return newListing(tags), nil
	})
	if err != nil {
		return nil, err
	}
	return found.tags, nil
}

func listingOf(o owner) question { return question{owner: o, about: aboutTags} }

// Digest resolves a tag.
func (s *Shared) Digest(ctx context.Context, repo image.Repository, tag string) (string, error) {
	owner, err := s.owner(ctx, repo)
	if err != nil {
		return "", err
	}
	return s.digest(ctx, owner, tag)
}

func (s *Shared) digest(ctx context.Context, o owner, tag string) (string, error) {
	q := digestOf(o, tag)
	return ask(ctx, s, q, func(ctx context.Context) (string, error) {
		digest, err := sent(ctx, s, o, func() (string, error) { return s.source.Digest(ctx, o.repo, tag) })
		if err == nil {
			s.storeDigest(ctx, q, digest)
		}
		return digest, err
	})
}

func digestOf(o owner, tag string) question {
	return question{owner: o, about: aboutDigest, reference: tag}
}

// Manifest tells what a tag or a digest stands for. A tag that was met before is
// asked for its digest alone, which registries do not count as a pull.
func (s *Shared) Manifest(ctx context.Context, repo image.Repository, reference string) (Manifest, error) {
	owner, err := s.owner(ctx, repo)
	switch {
	case err != nil:
		return Manifest{}, err
	case image.ValidDigest(reference):
		return s.manifestOf(ctx, owner, reference)
	}
	if last, _ := s.lastDigest(ctx, owner, reference); last == "" {
		return s.manifestOfTag(ctx, owner, reference)
	}
	digest, err := s.digest(ctx, owner, reference)
	if err != nil {
		return Manifest{}, err
	}
	manifest, err := s.manifestOf(ctx, owner, digest)
	if errors.Is(err, ErrNotFound) {
		// The tag has moved since, and what it stood for is gone.
		return s.manifestOfTag(ctx, owner, reference)
	}
	return manifest, err
}

func (s *Shared) manifestOf(ctx context.Context, o owner, digest string) (Manifest, error) {
	q := question{owner: o, about: aboutManifest, reference: digest}
	is := func(m Manifest) bool { return m.Digest == digest }
	return ask(ctx, s, q, func(ctx context.Context) (Manifest, error) {
		return stored(ctx, s, q, is, func() (Manifest, error) {
			return sent(ctx, s, o, func() (Manifest, error) { return s.source.Manifest(ctx, o.repo, digest) })
		})
	})
}

// manifestOfTag keeps the answer as the tag's digest and the digest's manifest.
func (s *Shared) manifestOfTag(ctx context.Context, o owner, tag string) (Manifest, error) {
	q := question{owner: o, about: aboutManifest, reference: tag}
	return ask(ctx, s, q, func(ctx context.Context) (Manifest, error) {
		asked := s.options.Now()
		manifest, err := sent(ctx, s, o, func() (Manifest, error) { return s.source.Manifest(ctx, o.repo, tag) })
		if err == nil {
			s.keepManifest(ctx, o, tag, manifest, asked)
		}
		return manifest, err
	})
}

func (s *Shared) keepManifest(ctx context.Context, o owner, tag string, manifest Manifest, asked time.Time) {
	named := question{owner: o, about: aboutManifest, reference: manifest.Digest}
	s.keep(digestOf(o, tag), answer{value: manifest.Digest, asked: asked})
	s.keep(named, answer{value: manifest, asked: asked})
	s.storeDigest(ctx, digestOf(o, tag), manifest.Digest)
	s.store(ctx, named, manifest)
}

// Details reads what one image says of itself. What it once said of a tag that is
// settled, with platform nil, stands for ever, and Refresh does not change that:
// to find the newest among thousands of tags each must be asked, and none twice.
// From the second time on Details.Manifest is then empty: what the tag stands for
// now is for Manifest to tell. Even so no more than SharedOptions.Budget tags of
// an image are asked in an interval; beyond that it fails with an Incomplete.
func (s *Shared) Details(ctx context.Context, repo image.Repository, reference string, platform *Platform) (Details, error) {
	owner, err := s.owner(ctx, repo)
	switch {
	case err != nil:
		return Details{}, err
	case image.ValidDigest(reference):
		return s.detailsOf(ctx, owner, reference, platform)
	case platform == nil:
		return s.detailsByTag(ctx, owner, reference)
	}
	digest, err := s.digest(ctx, owner, reference)
	if err != nil {
		return Details{}, err
	}
	return s.detailsOf(ctx, owner, digest, platform)
}

func (s *Shared) detailsByTag(ctx context.Context, o owner, tag string) (Details, error) {
	q := question{owner: o, about: aboutAbsence, reference: tag}
	return unlessAbsent(ctx, s, q, "reading the details of", func() (Details, error) {
		if s.moves(o, tag) {
			return s.detailsOfMoving(ctx, o, tag)
		}
		return s.detailsOfSettled(ctx, o, tag)
	})
}

func (s *Shared) detailsOf(ctx context.Context, o owner, digest string, platform *Platform) (Details, error) {
	q := question{owner: o, about: aboutDetails, reference: digest, platform: platformKey(platform)}
	return ask(ctx, s, q, func(ctx context.Context) (Details, error) {
		return stored(ctx, s, q, anyDetails, func() (Details, error) {
			return sent(ctx, s, o, func() (Details, error) { return s.source.Details(ctx, o.repo, digest, platform) })
		})
	})
}

func (s *Shared) detailsOfSettled(ctx context.Context, o owner, tag string) (Details, error) {
	q := question{owner: o, about: aboutDetailsOfTag, reference: tag}
	if known, found := recall(ctx, s, q, anyDetails); found {
		return known, nil
	}
	return s.detailsOfTag(ctx, o, tag, func(ctx context.Context, details Details, asked time.Time) {
		details.Manifest = Manifest{}
		s.keep(q, answer{value: details, asked: asked})
		s.store(ctx, q, details)
	})
}

// detailsOfMoving asks what the tag stands for now. What is known already may
// take half of the budget, or a thousand such tags would never all be known.
func (s *Shared) detailsOfMoving(ctx context.Context, o owner, tag string) (Details, error) {
	digest, fresh := s.lastDigest(ctx, o, tag)
	known, found := recall(ctx, s, question{owner: o, about: aboutDetails, reference: digest}, anyDetails)
	switch {
	case !found:
		return s.detailsOfTag(ctx, o, tag, func(ctx context.Context, details Details, asked time.Time) {
			q := question{owner: o, about: aboutDetails, reference: details.Manifest.Digest}
			s.keep(q, answer{value: details, asked: asked})
			s.store(ctx, q, details)
		})
	case fresh || s.waitsItsTurn(o, tag) || !s.spend(o, s.options.Budget/2):
		return known, nil
	}
	digest, err := s.digest(ctx, o, tag)
	if err != nil {
		return Details{}, err
	}
	return s.detailsOf(ctx, o, digest, nil)
}

// waitsItsTurn tells whether other tags of the image are to be asked again first:
// of many that move the first ones must not use up what there is to ask.
func (s *Shared) waitsItsTurn(o owner, tag string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, list := s.memory.get(digestOf(o, tag)), s.memory.get(listingOf(o))
	if known == nil || known.err != nil || list == nil || list.err != nil {
		return false
	}
	listed, _ := list.value.(*listing) // a question has answers of one type
	// One more than it takes: who asks each interval asks a little later each time.
	rounds := len(listed.tags)/max(1, s.options.Budget/2) + 2
	if rounds == 2 {
		return false // all have room
	}
	return s.options.Now().Before(known.asked.Add(time.Duration(rounds) * s.options.Interval))
}

// detailsOfTag asks by the tag, which tells its digest as well, if that is within
// the budget.
func (s *Shared) detailsOfTag(ctx context.Context, o owner, tag string, keep func(context.Context, Details, time.Time)) (Details, error) {
	q := question{owner: o, about: aboutDetails, reference: tag}
	return ask(ctx, s, q, func(ctx context.Context) (Details, error) {
		if err := s.afford(o, tag, "reading the details of"); err != nil {
			return Details{}, err
		}
		asked := s.options.Now()
		details, err := sent(ctx, s, o, func() (Details, error) { return s.source.Details(ctx, o.repo, tag, nil) })
		if err == nil {
			s.keepManifest(ctx, o, tag, details.Manifest, asked)
			keep(ctx, details, asked)
		}
		return details, err
	})
}

// anyDetails tells whether something was read that can be details.
func anyDetails(d Details) bool { return image.ValidDigest(d.Digest) }

// Refresh makes an image stale from a moment on, for all who ask: what was asked
// before, or is under way, is no answer any more to a question that comes after
// it. An image is made stale at most once in 30 seconds; what comes sooner takes
// effect when they are over. Facts named by a digest stay.
func (s *Shared) Refresh(repo image.Repository, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	s.forgetMarks(now)
	if s.marks[repo] == nil {
		s.marks[repo] = &mark{}
	}
	s.marks[repo].set(at, now)
}

// Pending is when a Refresh that came too soon after another one takes effect; zero
// if there is none. Who asked before that asks again then.
func (s *Shared) Pending(repo image.Repository) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	mark := s.marks[repo]
	if mark == nil || mark.next.IsZero() || mark.looked.IsZero() {
		return time.Time{}
	}
	return mark.looked.Add(betweenLooks)
}
