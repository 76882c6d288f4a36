package changelog

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// collector gathers the notes of one update.
type collector struct {
	source  Source
	request *Request
	options Options
	notes   Notes
}

func (c *collector) why(why Why) {
	if !slices.Contains(c.notes.Why, why) {
		c.notes.Why = append(c.notes.Why, why)
	}
}

func (c *collector) collect(ctx context.Context) error {
	origin := &c.request.To.Origin
	repo := origin.Repository
	switch {
	case repo.IsZero():
		c.why(NoSource)
		return nil
	case repo.Forge != GitHub:
		c.notes.Repository, c.notes.Doubt = repo, origin.Doubt
		c.notes.Link = repo.CompareURL(c.revisions(repo))
		c.why(NotGitHub)
		return nil
	}
	if err := c.enter(ctx, repo); err != nil {
		return err
	}
	c.notes.Doubt = origin.Doubt
	if from := c.request.From.Origin.Repository; !from.IsZero() && !from.Same(repo) {
		c.why(OtherOrigin)
	}
	span := c.span()
	if s, ok := span.bounds(); ok && s.from.compare(&s.to) != 0 {
		done, err := c.versions(ctx, repo, span)
		if done || err != nil {
			return err
		}
	}
	return c.commits(ctx, repo)
}

// enter asks whether what stands in a repository may be shown; nothing of it is told before.
func (c *collector) enter(ctx context.Context, repo Repository) error {
	access, err := c.source.Access(ctx, repo)
	if err == nil && !access.May(c.request.Target, c.request.AllowPrivate) {
		err = ErrNotFound
	}
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			c.why(Unreadable)
		}
		return fmt.Errorf("asking who may see %s: %w", repo.URL(), err)
	}
	c.notes.Repository, c.notes.Link = repo, repo.URL()
	return nil
}

func (c *collector) span() *Span {
	from, to := &c.request.From, &c.request.To
	return &Span{
		From: from.Tag, To: to.Tag, FromVersion: from.Origin.Version, ToVersion: to.Origin.Version,
		Names: NamesOf(c.request.Image.Path, &to.Origin), Template: to.Origin.Tag,
	}
}

// versions collects notes of versions. It is done unless there is no text, or no version.
func (c *collector) versions(ctx context.Context, repo Repository, span *Span) (bool, error) {
	releases, found, err := c.between(ctx, repo, span)
	if err != nil {
		return false, err
	}
	if found.From != "" && found.To != "" {
		c.notes.Link = repo.CompareURL(found.From, found.To)
	}
	if found.Backwards {
		c.why(IsOlder)
		return true, nil
	}
	c.list(repo, span, &found, releases)
	if len(c.notes.Entries) == 0 {
		c.why(NoTags)
		return false, nil
	}
	if err := c.sections(ctx, repo, span, &found); err != nil {
		return false, err
	}
	if slices.ContainsFunc(c.notes.Entries, func(e Entry) bool { return e.Text != "" }) {
		return true, nil
	}
	c.why(NoNotes)
	if found.From == "" || found.To == "" {
		return false, nil
	}
	return true, c.compare(ctx, repo, found.From, found.To)
}

// between finds the versions, by releases if those have both ends, else by tags.
func (c *collector) between(ctx context.Context, repo Repository, span *Span) (map[string]*Release, Versions, error) {
	releases := map[string]*Release{}
	var names []string
	var found Versions
	for page, more := 1, true; more && page <= c.options.Pages; page++ {
		some, next, err := c.source.Releases(ctx, repo, page)
		if err = passMissing(err); err != nil {
			return nil, Versions{}, fmt.Errorf("reading the releases of %s: %w", repo.URL(), err)
		}
		for i := range some {
			if releases[some[i].Tag] == nil {
				releases[some[i].Tag] = &some[i]
				names = append(names, some[i].Tag)
			}
		}
		if found = Between(span, names); found.From != "" && found.To != "" {
			return releases, found, nil
		}
		more = next
	}
	tags, err := c.source.Tags(ctx, repo)
	if err = passMissing(err); err != nil {
		return nil, Versions{}, fmt.Errorf("reading the tags of %s: %w", repo.URL(), err)
	}
	for _, tag := range tags {
		if releases[tag] == nil {
			names = append(names, tag)
		}
	}
	return releases, Between(span, names), nil
}

// passMissing makes nothing of what is not there.
func passMissing(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrTooLarge) {
		return nil
	}
	return err
}

// list makes entries of versions, with what their releases say.
func (c *collector) list(repo Repository, span *Span, found *Versions, releases map[string]*Release) {
	s, _ := span.bounds()
	c.notes.LeftOut = found.LeftOut
	for _, v := range found.List {
		e := Entry{Version: v, URL: repo.ReleaseURL(v.Tag)}
		n, _ := parse(v.Tag)
		e.PreRelease = n.pre.is()
		if r := releases[v.Tag]; r != nil {
			e.Title, e.Published, e.PreRelease = r.Title, r.Published, e.PreRelease || r.PreRelease
			if e.Text = trimRelease(r.Body); e.Text != "" {
				e.Told = InRelease
			}
		}
		switch {
		case e.PreRelease && v.Tag != found.To && !s.from.pre.is() && !s.to.pre.is():
			c.notes.LeftOut = append(c.notes.LeftOut, LeftOut{Tag: v.Tag, Reason: PreRelease})
		case len(c.notes.Entries) == c.options.Releases:
			c.notes.Left++
		default:
			c.notes.Entries = append(c.notes.Entries, e)
		}
	}
}

// sections fills entries that say nothing with what a changelog says.
func (c *collector) sections(ctx context.Context, repo Repository, span *Span, found *Versions) error {
	if !slices.ContainsFunc(c.notes.Entries, func(e Entry) bool { return thin(e.Text) }) {
		return nil
	}
	revision := found.To
	if revision == "" {
		revision = c.notes.Entries[0].Tag
	}
	file, path, err := c.changelog(ctx, repo, revision)
	if file == nil || err != nil {
		return err
	}
	log := ReadChangelog(file)
	for i := range c.notes.Entries {
		e := &c.notes.Entries[i]
		if !thin(e.Text) {
			continue
		}
		if part, ok := log.Section(e.Tag, span.Names, c.options.Entry); ok {
			e.Text, e.Cut, e.Told = part.Text, part.Cut, InChangelog
			e.URL = repo.FileURL(revision, path)
		}
	}
	return nil
}

// changelog reads the changelog that is nearest to the image's own files; nil if there is none.
func (c *collector) changelog(ctx context.Context, repo Repository, revision string) (file []byte, path string, err error) {
	directories := []string{""}
	if d := c.request.To.Origin.Directory; d != "" {
		directories = []string{d, ""}
	}
	for _, directory := range directories {
		names, err := c.source.Files(ctx, repo, revision, directory)
		if err = passMissing(err); err != nil {
			return nil, "", fmt.Errorf("listing the files of %s at %s: %w", repo.URL(), revision, err)
		}
		files := Files(names)
		if len(files) == 0 {
			continue
		}
		path := files[0]
		if directory != "" {
			path = directory + "/" + path
		}
		file, err := c.source.File(ctx, repo, revision, path)
		if err = passMissing(err); err != nil {
			return nil, "", fmt.Errorf("reading %s of %s at %s: %w", path, repo.URL(), revision, err)
		}
		if file != nil {
			return file, path, nil
		}
	}
	return nil, "", nil
}
