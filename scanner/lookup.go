package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const (
	// mostTimed is how many tags of an image may have to be told apart by when
	// they were built: 300 in ten minutes, it takes half a working day to know all.
	mostTimed = 10_000
	// mostChecked is how many tags are asked for one decision before it is given
	// up: a registry that lists what it does not have.
	mostChecked = 20
	// atOnce is how many questions about one image are asked at a time.
	atOnce = 4
)

// lookup is what is known of one image during a run. It is used by one
// goroutine, but for what runs below gather.
type lookup struct {
	*run
	repository image.Repository
	wishes     []*wish

	listed  bool
	tags    *version.Candidates
	names   []string
	listErr error
	seen    bool // first-seen times are among the facts

	mu        sync.Mutex
	facts     map[string]version.Facts
	digests   map[string]answer             // by tag
	manifests map[string]manifestAnswer     // by tag or digest
	singles   map[string]bool               // tags whose own config was asked for its platform
	required  map[string][]version.Platform // by family of tags
	choices   map[string]decision           // by current tag and policy
	warned    map[string]bool               // by policy
	warnings  config.Warnings
}

// decision is a choice, or why there is none.
type decision struct {
	choice version.Choice
	err    error
}

type answer struct {
	digest string
	err    error
}

type manifestAnswer struct {
	manifest registry.Manifest
	err      error
}

func newLookup(r *run, repository image.Repository) *lookup {
	return &lookup{
		run: r, repository: repository,
		facts: map[string]version.Facts{}, digests: map[string]answer{}, manifests: map[string]manifestAnswer{},
		singles: map[string]bool{}, required: map[string][]version.Platform{}, choices: map[string]decision{}, warned: map[string]bool{},
	}
}

// list asks for all tags, once.
func (l *lookup) list(ctx context.Context) error {
	if l.listed {
		return l.listErr
	}
	l.listed = true
	var tags []registry.Tag
	tags, l.listErr = l.Registry.List(ctx, l.repository)
	for _, tag := range tags {
		l.names = append(l.names, tag.Name)
		l.learn(tag)
	}
	l.tags = version.NewCandidates(l.names)
	return l.listErr
}

// learn keeps what a listing tells of a tag.
func (l *lookup) learn(tag registry.Tag) {
	l.know(tag.Name, func(f *version.Facts) { f.Pushed, f.FirstSeen = tag.Pushed, tag.Before })
	if tag.Manifest == nil {
		return
	}
	l.digests[tag.Name] = answer{digest: tag.Manifest.Digest}
	if !tag.Manifest.Index || len(tag.Manifest.Platforms) > 0 {
		l.manifests[tag.Name] = manifestAnswer{manifest: *tag.Manifest}
	}
}

func (l *lookup) digest(ctx context.Context, tag string) (string, error) {
	if known, found := l.manifests[tag]; found && known.err == nil {
		return known.manifest.Digest, nil
	}
	known, found := l.digests[tag]
	if !found {
		known.digest, known.err = l.Registry.Digest(ctx, l.repository, tag)
		l.digests[tag] = known
	}
	return known.digest, known.err
}

// manifest asks what a tag or a digest stands for, once.
func (l *lookup) manifest(ctx context.Context, reference string) (registry.Manifest, error) {
	l.mu.Lock()
	known, found := l.manifests[reference]
	l.mu.Unlock()
	if !found {
		known.manifest, known.err = l.Registry.Manifest(ctx, l.repository, reference)
		if known.err == nil {
			l.keep(reference, known.manifest)
			return known.manifest, nil
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.manifests[reference] = known
	}
	return known.manifest, known.err
}

// keep remembers what a reference stands for, and so what its digest does.
func (l *lookup) keep(reference string, manifest registry.Manifest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.manifests[reference] = manifestAnswer{manifest: manifest}
	l.manifests[manifest.Digest] = manifestAnswer{manifest: manifest}
}

// firstSeen adds to the facts when tags were first seen, where a policy wants to
// know and a history is kept.
func (l *lookup) firstSeen(ctx context.Context, p *version.Policy) error {
	if l.seen || l.History == nil || !ages(p) {
		return nil
	}
	var untold []string
	for _, tag := range l.names {
		if l.facts[tag].Pushed.IsZero() {
			untold = append(untold, tag)
		}
	}
	if len(untold) == 0 {
		return nil
	}
	times, err := l.History.FirstSeen(ctx, l.repository, untold)
	if err != nil {
		return fmt.Errorf("reading when tags of %s were first seen: %w", l.repository, err)
	}
	l.seen = true
	for tag, at := range times {
		l.know(tag, func(f *version.Facts) {
			if f.FirstSeen.IsZero() || at.Before(f.FirstSeen) {
				f.FirstSeen = at
			}
		})
	}
	return nil
}

// since is when a tag got what it stands for, as far as the registry has told.
func (l *lookup) since(tag string) time.Time {
	if facts := l.facts[tag]; facts.Pushed.IsZero() {
		return facts.Created
	}
	return l.facts[tag].Pushed
}

func ages(p *version.Policy) bool {
	for _, age := range p.MinAges {
		if age > 0 {
			return true
		}
	}
	return p.MinAge > 0
}

// know changes what is known of a tag.
func (l *lookup) know(tag string, change func(*version.Facts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	facts := l.facts[tag]
	change(&facts)
	l.facts[tag] = facts
}

// gather asks something of several tags, a few at a time.
func gather(ctx context.Context, tags []string, ask func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, tag := range tags {
		group.Go(func() error { return ask(ctx, tag) })
	}
	return group.Wait()
}

// timing asks for the creation times that a choice needs. That of the current
// tag, if it is gone, is asked for by the digest that a field has. Where a registry
// may not be asked about all at once nothing is chosen: the newest may be among the
// rest.
func (l *lookup) timing(ctx context.Context, w *wish, choice version.Choice) error {
	var left atomic.Int64
	var again atomic.Pointer[registry.Incomplete]
	err := gather(ctx, choice.Needs, func(ctx context.Context, tag string) error {
		reference := tag
		current := w.result.Field.Ref
		if tag == current.Tag && current.Digest != "" && !slices.Contains(l.names, tag) {
			reference = current.Digest
		}
		details, err := l.Registry.Details(ctx, l.repository, reference, nil)
		switch {
		case errors.Is(err, registry.ErrIncomplete):
			left.Add(1)
			again.Store(&registry.Incomplete{Next: registry.Next(err)})
			return nil
		case err != nil && !absent(err):
			return err
		case err == nil && reference == tag && details.Manifest.Digest != "":
			l.keep(tag, details.Manifest)
		}
		l.know(tag, func(f *version.Facts) {
			f.Timed, f.Created = true, details.Created
			if err != nil {
				f.Checked, f.Unpullable = true, unpullable(err)
			}
		})
		return nil
	})
	if err == nil && left.Load() > 0 {
		return fmt.Errorf("telling the newest tag of %s: %w: %d of %d were looked at; the rest follow when it is asked again",
			l.repository, again.Load(), int64(choice.Timed)-left.Load(), choice.Timed)
	}
	return err
}

// absent tells whether there is nothing to pull, which is an answer.
func absent(err error) bool {
	return errors.Is(err, registry.ErrNotFound) || errors.Is(err, registry.ErrNoImage)
}

func unpullable(err error) string {
	if errors.Is(err, registry.ErrNotFound) {
		return "the registry lists it and has no manifest of it"
	}
	return err.Error()
}

// check asks whether tags can be pulled, and for what platforms they are.
func (l *lookup) check(ctx context.Context, tags []string) error {
	return gather(ctx, tags, func(ctx context.Context, tag string) error {
		manifest, err := l.manifest(ctx, tag)
		if err != nil && !absent(err) {
			return err
		}
		l.know(tag, func(f *version.Facts) {
			f.Checked = true
			if platforms := platformsOf(manifest); platforms != nil {
				f.Platforms = platforms
			}
			if err != nil {
				f.Unpullable = unpullable(err)
			}
		})
		return nil
	})
}

// single asks for the platform of a tag that is no index: only its config tells.
func (l *lookup) single(ctx context.Context, tag string) error {
	l.singles[tag] = true
	details, err := l.Registry.Details(ctx, l.repository, l.manifests[tag].manifest.Digest, &registry.Platform{})
	switch {
	case absent(err):
		l.know(tag, func(f *version.Facts) { f.Unpullable = unpullable(err) })
		return nil
	case err != nil:
		return err
	}
	if details.Platform.OS == "" {
		return nil // nobody told
	}
	l.know(tag, func(f *version.Facts) { f.Platforms = []version.Platform{platform(details.Platform)} })
	return nil
}

func platformsOf(m registry.Manifest) []version.Platform {
	var platforms []version.Platform
	for _, p := range m.Platforms {
		if p.OS != "" { // nobody told
			platforms = append(platforms, platform(p))
		}
	}
	return platforms
}

func platform(p registry.Platform) version.Platform {
	return version.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}
}

// platforms are those that the image has now and a target must have: those of
// the newest of its tags that are in use, if that is an index. To ask for all that
// are in use would cost a request for each. Tags of other flavours are other
// images, and so is each tag that is no version.
func (l *lookup) platforms(ctx context.Context, w *wish) ([]version.Platform, error) {
	if len(w.policy.Platforms) > 0 {
		return nil, nil // those count
	}
	family := familyOf(w.result.Field.Ref.Tag)
	if known, found := l.required[family]; found {
		return known, nil
	}
	var platforms []version.Platform
	for _, reference := range l.inUse(family) {
		manifest, err := l.manifest(ctx, reference)
		if err == nil {
			platforms = platformsOf(manifest)
			break
		}
		if !absent(err) {
			return nil, err
		}
	}
	l.required[family] = platforms
	return platforms, nil
}

func familyOf(tag string) string {
	if _, isVersion := version.Parse(tag); !isVersion {
		return tag
	}
	return version.Family(tag)
}

// mostInUse is how many references are tried: those that are gone tell nothing.
const mostInUse = 3

// inUse are the references of a family that fields have, the newest first: by tag,
// since that tells new content too, and by digest where the tag is gone.
func (l *lookup) inUse(family string) []string {
	var refs []image.Reference
	for _, w := range l.wishes {
		if ref := w.result.Field.Ref; familyOf(ref.Tag) == family && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b image.Reference) int {
		switch {
		case newer(a.Tag, b.Tag):
			return -1
		case newer(b.Tag, a.Tag):
			return 1
		}
		return cmp.Compare(b.Digest, a.Digest)
	})
	var references []string
	for _, ref := range refs {
		for _, reference := range []string{ref.Tag, ref.Digest} {
			if reference != "" && len(references) < mostInUse && !slices.Contains(references, reference) {
				references = append(references, reference)
			}
		}
	}
	return references
}

func newer(tag, than string) bool {
	a, isVersion := version.Parse(tag)
	b, isAlso := version.Parse(than)
	if isVersion && isAlso {
		return a.Compare(b) > 0
	}
	return tag > than
}

// sameImages tells whether two digests are of indexes that hold the same
// images: signing one or attesting to it changes the index alone. It gives the
// platforms of the old one too.
func (l *lookup) sameImages(ctx context.Context, old, now string) (same bool, had []version.Platform, err error) {
	before, err := l.manifest(ctx, old)
	if absent(err) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, err
	}
	after, err := l.manifest(ctx, now)
	if err != nil {
		return false, nil, err
	}
	same = before.Index && after.Index && len(after.Platforms) > 0 && slices.Equal(before.Platforms, after.Platforms)
	return same, platformsOf(before), nil
}

// firstSeenAs is when a tag was first seen with a digest.
func (l *lookup) firstSeenAs(ctx context.Context, p *version.Policy, tag, digest string) (time.Time, error) {
	if l.History == nil || !ages(p) {
		return time.Time{}, nil
	}
	name := tag + "@" + digest
	times, err := l.History.FirstSeen(ctx, l.repository, []string{name})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when %s:%s was first seen: %w", l.repository, name, err)
	}
	return times[name], nil
}
