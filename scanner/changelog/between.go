package changelog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// revisions gives what the two images say they were built from, as far as that
// is of one repository.
func (c *collector) revisions(repo Repository) (from, to string) {
	return c.request.From.revision(repo), c.request.To.revision(repo)
}

// revision is a side's own, or the commit that its tag names where its labels were not read.
func (s *Side) revision(repo Repository) string {
	switch {
	case s.Origin.Repository.Same(repo):
		return s.Origin.Revision
	case s.Origin.Packaging.Same(repo):
		return s.Origin.Packaging.Revision
	case s.Origin.Repository.IsZero():
		commit, _ := CommitOf(s.Tag)
		return commit
	}
	return ""
}

// commits collects what lies between the revisions of both images; where only
// those of the packaging are known, that.
func (c *collector) commits(ctx context.Context, repo Repository) error {
	from, to := c.revisions(repo)
	if from != "" && to != "" {
		return c.compare(ctx, repo, from, to)
	}
	packaging := c.request.To.Origin.Packaging.Repository
	if packaging.Forge == GitHub && len(c.notes.Entries) == 0 {
		if from, to := c.revisions(packaging); from != "" && to != "" {
			if err := c.enter(ctx, packaging); err != nil {
				return err
			}
			return c.compare(ctx, packaging, from, to)
		}
	}
	c.why(NoRevisions)
	return nil
}

func (c *collector) compare(ctx context.Context, repo Repository, from, to string) error {
	if from == to || IsCommit(from) && IsCommit(to) && sameCommit(from, to) {
		c.why(SameRevision)
		return nil
	}
	between, err := c.source.Compare(ctx, repo, from, to)
	if errors.Is(err, ErrNotFound) {
		err = c.doubt(ctx, repo, to)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrTooLarge) {
		c.why(NoCommits)
		return nil
	}
	if err != nil {
		return fmt.Errorf("comparing %s and %s of %s: %w", from, to, repo.URL(), err)
	}
	if c.request.To.Origin.Packaging.Same(repo) || officialPackaging(repo) {
		c.why(OnlyPackaged)
	}
	commits := fold(&between, repo, from, to, c.options.Commits)
	c.notes.Commits, c.notes.Link = &commits, repo.CompareURL(from, to)
	switch {
	case commits.Behind > 0 && commits.Total == 0:
		c.why(IsOlder)
	case commits.Behind > 0:
		c.why(Diverged)
	}
	return nil
}

// doubt finds out whether the source lacks the commit that the image says it was built
// from. It is compared with itself, so that it is looked for as before. A repository
// that is not to be read at all, where releases are not found either, says nothing.
func (c *collector) doubt(ctx context.Context, repo Repository, revision string) error {
	origin := &c.request.To.Origin
	said := revision == origin.Revision && repo.Same(origin.Repository) && origin.Layer.doubtful()
	if !said || c.notes.Doubt != "" && c.notes.Doubt != Unvouched {
		return ErrNotFound
	}
	if _, err := c.source.Compare(ctx, repo, revision, revision); !errors.Is(err, ErrNotFound) {
		return cmp.Or(err, ErrNotFound)
	}
	if _, _, err := c.source.Releases(ctx, repo, 1); err != nil {
		return err //nolint:wrapcheck // its caller does
	}
	c.notes.Doubt = NoCommit
	return ErrNotFound
}

// minText is how much of a longer text is worth showing, in bytes.
const minText = 200

// finished gives the notes, within their bounds.
func (c *collector) finished() Notes {
	n := &c.notes
	left, text := c.options.Bytes, false
	for i := range n.Entries {
		e := &n.Entries[i]
		clipped := clip(e.Text, min(left, c.options.Entry))
		if len(clipped) < len(e.Text) && len(clipped) < minText {
			clipped = ""
		}
		e.Cut = e.Cut || len(clipped) < len(e.Text)
		e.Text = clipped
		left -= len(clipped)
		text = text || clipped != ""
	}
	switch {
	case text:
		n.Outcome = ByVersions
	case n.Commits != nil && n.Commits.Total > 0:
		n.Outcome = ByCommits
	case n.Link != "":
		n.Outcome = ByLink
	default:
		n.Outcome = Nothing
	}
	return *n
}

// clip cuts text to a limit at the end of a line, or within the only one.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = bounded(text, max(limit, 0))
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, " \t\r\n")
}

// trimRelease is a release's text without what GitHub writes by itself where
// nobody wrote anything: a link that compares, which notes have anyway.
func trimRelease(body string) string {
	body = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(body, "\uFFFD"), "\r\n", "\n"))
	lines := strings.Split(body, "\n")
	for len(lines) > 0 {
		last := strings.TrimSpace(lines[len(lines)-1])
		if generated := strings.HasPrefix(last, "**Full Changelog**: ") && strings.Contains(last, "/compare/"); last != "" && !generated {
			break
		}
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

// maxThin is how long a text may be that only says where the notes are, in bytes.
const maxThin = 300

// thin tells whether a text says nothing, or only that there is a changelog.
func thin(text string) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	lower := strings.ToLower(text)
	return len(text) <= maxThin && (strings.Contains(lower, "changelog") || strings.Contains(lower, "release notes")) &&
		(strings.Contains(lower, "://") || strings.Contains(lower, ".md"))
}
