package changelog

import (
	"context"
	"errors"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Request is one update whose notes are wanted.
type Request struct {
	Image image.Repository
	// From and To are the images before and after.
	From, To Side
	// Target is who may see the pull request that will show the notes.
	Target Visibility
	// AllowPrivate tells that the operator lets private sources be shown.
	AllowPrivate bool
}

// Side is one of an update's two images.
type Side struct {
	// Tag is "" for an image that is named by digest alone.
	Tag string
	// Origin is what Find found in this image's own facts; zero where they were not read.
	Origin Origin
}

// Options bound notes. Zero values mean the defaults.
type Options struct {
	Releases int // how many versions are listed: 20
	Bytes    int // all text of notes together: 60,000
	Entry    int // text of one version, in bytes: 20,000
	Commits  int // how many commits are listed: 50
	Pages    int // how many pages of releases are asked for: 2
}

func (o Options) withDefaults() Options {
	for _, field := range []struct {
		value  *int
		preset int
	}{{&o.Releases, 20}, {&o.Bytes, 60_000}, {&o.Entry, 20_000}, {&o.Commits, 50}, {&o.Pages, 2}} {
		if *field.value <= 0 {
			*field.value = field.preset
		}
	}
	return o
}

// Outcome is what kind of notes there are.
type Outcome string

// What was found, from the best.
const (
	ByVersions Outcome = "notes of versions" // Entries, from releases or a changelog
	ByCommits  Outcome = "commits"           // Commits
	ByLink     Outcome = "a link"            // Link alone
	Nothing    Outcome = "nothing"           // the source is not known
)

// Why is what a reader is told of notes that are less than they could be, as a
// clause of its own.
type Why string

// Why there is no more.
const (
	NoSource     Why = "the image does not say where its source is"
	Unreadable   Why = "its source cannot be read from here"
	NotGitHub    Why = "its source is not on GitHub"
	NoNotes      Why = "there are no release notes for these versions"
	NoTags       Why = "no tag of the source fits these versions"
	NoRevisions  Why = "the images do not say which commits they were built from"
	SameRevision Why = "both were built from the same commit"
	OtherOrigin  Why = "the two images were built from different repositories"
	IsOlder      Why = "it is an older version"
	OnlyPackaged Why = "these are changes of the image's packaging"
	NoCommits    Why = "the commits between the two cannot be read"
	Diverged     Why = "the new image lacks commits of the old one"
	NotYet       Why = "the source did not answer in time"
)

// Notes are what changed between two images. All text is foreign and raw.
type Notes struct {
	Outcome Outcome
	Why     []Why
	// Repository is what the notes are from; zero where nothing may be told of it.
	Repository Repository
	// Doubt is the origin's.
	Doubt Doubt
	// Entries are versions, the newest first. Some may have no text.
	Entries []Entry
	// Left is how many more versions there are.
	Left    int
	LeftOut []LeftOut
	Commits *Commits
	// Link is a page that compares the two, or else the repository's.
	Link string
	// Pending tells that more may be found later.
	Pending bool
}

// Told is where the text of an entry is from.
type Told string

// Where notes are from.
const (
	InRelease   Told = "a release"
	InChangelog Told = "a changelog"
)

// Entry is one version's notes.
type Entry struct {
	Version `json:"version"` // by a name, since its Text is not the entry's
	Title   string
	Text    string
	Told    Told // "" without text
	// URL is a page of the version.
	URL        string
	Published  time.Time // zero where it is not known
	PreRelease bool
	// Cut tells that there is more text than this.
	Cut bool
}

// Collect asks a source for the notes of an update: of every version between the
// two images in releases, else in a changelog file; else the commits between
// them; else it gives a link. Where both images are of one version, or their tags
// are none, the commits between their revisions are the notes.
//
// What a source says of being unable to answer now makes the notes Pending, with
// what is known already. Other errors of a source than its own, and those of ctx, are given back.
func Collect(ctx context.Context, source Source, request *Request, options Options) (Notes, error) {
	c := collector{source: source, request: request, options: options.withDefaults()}
	err := c.collect(ctx)
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrTooLarge):
		return c.finished(), nil
	case errors.Is(err, ErrLater):
		c.notes.Pending = true
		c.why(NotYet)
		return c.finished(), nil
	}
	return Notes{}, err
}
