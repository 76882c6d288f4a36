package sources

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// lane is a way to read, and whose answers are kept together.
type lane struct {
	reader *forge.Reader
	host   string
	// owner is the installation that the answers belong to; 0 for what is public.
	owner int64
	// asker is the installation whose limits are used.
	asker int64
}

// place is where a source was found: all that is read of it is read there and by its id.
type place struct {
	lane   lane
	id     int64
	access changelog.Access
}

// seen is what GitHub says of a repository. Of one that is not public, what is shared by
// all says nothing.
type seen struct {
	ID         int64
	Owner      string
	Visibility changelog.Visibility
}

// place finds a repository, or tells that it is not to be seen.
func (f *source) place(ctx context.Context, repo changelog.Repository) (place, error) {
	owner, name, ok := ownerAndName(repo)
	if !ok {
		return place{}, changelog.ErrNotFound
	}
	s := f.sources
	if f.installation == 0 || repo.Host != s.web {
		return f.elsewhere(ctx, repo.Host, owner, name)
	}
	if strings.EqualFold(owner, f.target.Owner) && strings.EqualFold(name, f.target.Name) {
		return f.itself(ctx, repo.Host, owner, name)
	}
	reader, err := s.narrow.onlooker(f.installation, f.target.ID)
	if err != nil {
		return place{}, changelog.ErrNotFound
	}
	found, err := s.public(ctx, lane{reader: reader, host: repo.Host, asker: f.installation}, owner, name)
	if !errors.Is(err, changelog.ErrNotFound) || !strings.EqualFold(owner, f.account) {
		return found, err
	}
	if f.private {
		if found, err = f.own(ctx, repo.Host, owner, name); !errors.Is(err, changelog.ErrNotFound) {
			return found, err
		}
	}
	return f.itself(ctx, repo.Host, owner, name) // under the name that it had before
}

// elsewhere finds what is public on another GitHub. Where that is not what all the world
// may read it is internal, for those accounts alone that the operator named.
func (f *source) elsewhere(ctx context.Context, host, owner, name string) (place, error) {
	reader := f.sources.readers[host]
	accounts, closed := f.sources.closed[host]
	closed = closed && f.installation != 0
	if reader == nil || closed && !slices.Contains(accounts, strings.ToLower(f.account)) {
		return place{}, changelog.ErrNotFound
	}
	found, err := f.sources.public(ctx, lane{reader: reader, host: host, asker: f.installation}, owner, name)
	if closed {
		found.access = changelog.Access{Visibility: changelog.Internal, Installed: true}
	}
	return found, err
}

// itself is the target as its own source, by whatever name that leads to it, which whoever sees the pull request sees:
// nothing is shown to anybody who could not read it.
func (f *source) itself(ctx context.Context, host, owner, name string) (place, error) {
	reader, err := f.sources.narrow.readerOf(f.installation, f.target.Name)
	if err != nil {
		return place{}, changelog.ErrNotFound
	}
	l := lane{reader: reader, host: host, owner: f.installation, asker: f.installation}
	q := entrance(owner, name, func(is *seen) bool { return is.ID == f.target.ID })
	q.name = fmt.Sprintf("target %d as %s", f.target.ID, q.name)
	found, err := f.sources.found(ctx, l, q)
	if err == nil && found.id != f.target.ID { // it was kept of another one that had the name
		err = changelog.ErrNotFound
	}
	found.access = changelog.Access{Visibility: changelog.Public, Installed: true}
	return found, err
}

// found is where a question leads that asks for a repository itself.
func (s *Sources) found(ctx context.Context, l lane, q question) (place, error) {
	kept, err := s.ask(ctx, l, q)
	var is seen
	if err == nil {
		err = kept.into(&is)
	}
	if err != nil {
		return place{}, err
	}
	return place{l, is.ID, changelog.Access{Visibility: is.Visibility, Installed: true}}, nil
}

// public finds what everybody may see. What is told to others is nobody's secret: of
// a repository that is not public, that it is not.
func (s *Sources) public(ctx context.Context, l lane, owner, name string) (place, error) {
	q := entrance(owner, name, func(is *seen) bool { return is.Visibility == changelog.Public })
	before, known := s.kept.get(q.key(l))
	kept, err := s.ask(ctx, l, q)
	var is, was seen
	if err == nil {
		err = kept.into(&is)
	}
	if known && (err == nil || errors.Is(err, changelog.ErrNotFound)) && before.into(&was) == nil && was.ID != 0 && was.ID != is.ID {
		s.kept.drop(question{id: was.ID}.prefix(l))
	}
	if err != nil {
		return place{}, err
	}
	return place{l, is.ID, changelog.Access{Visibility: is.Visibility}}, nil
}

// own finds a repository of the installation, by a token that is good for that one.
func (f *source) own(ctx context.Context, host, owner, name string) (place, error) {
	reader, err := f.sources.narrow.readerOf(f.installation, name)
	if err != nil {
		return place{}, changelog.ErrNotFound
	}
	l := lane{reader: reader, host: host, owner: f.installation, asker: f.installation}
	return f.sources.found(ctx, l, entrance(owner, name, func(is *seen) bool { return strings.EqualFold(is.Owner, f.account) }))
}

// VisibilityOf is who may see a repository. What is not told is taken for the
// most open that it may be, for a target: less is shown there.
func VisibilityOf(r forge.Repository) changelog.Visibility {
	switch {
	case !r.Private:
		return changelog.Public
	case r.Visibility == "private":
		return changelog.Private
	}
	return changelog.Internal
}

// entrance asks for a repository itself. What may not enter is not there.
func entrance(owner, name string, may func(*seen) bool) question {
	q := question{name: entranceName(owner, name), decode: func(a forge.Answer) ([]byte, error) {
		is, err := decodeRepository(a.Body)
		if err == nil && !may(&is) {
			err = changelog.ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		return encoded(is)
	}}
	q.query.Path, q.query.Max = []string{"repos", owner, name}, maxAnswer
	return q
}

func entranceName(owner, name string) string {
	return fmt.Sprintf("repository %s/%s", strings.ToLower(owner), strings.ToLower(name))
}

// doubt lets be looked anew at a repository that lacks what all have.
func (f *source) doubt(repo changelog.Repository, err error) {
	owner, name, ok := ownerAndName(repo)
	if !ok || !errors.Is(err, changelog.ErrNotFound) {
		return
	}
	for _, of := range []int64{0, f.installation} {
		l := lane{host: repo.Host, owner: of}
		q := question{name: entranceName(owner, name)}
		var was seen
		if known, found := f.sources.kept.get(q.key(l)); found && known.into(&was) == nil {
			f.sources.kept.drop(question{id: was.ID}.prefix(l))
			f.sources.kept.drop(q.key(l))
		}
	}
}

// ownerAndName reads the path of a repository on GitHub.
func ownerAndName(repo changelog.Repository) (owner, name string, ok bool) {
	plain := regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	owner, name, ok = strings.Cut(repo.Path, "/")
	for _, part := range []string{owner, name} {
		ok = ok && plain.MatchString(part) && part != "." && part != ".."
	}
	return owner, name, ok && repo.Forge == changelog.GitHub
}
