package sources

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// A page has 100 commits. GitHub gives the oldest first, so that of many the last
// pages are read beside the first one, which tells how many there are.
const (
	pageCommits = 100
	lastPages   = 3
)

// Compare implements changelog.Source. Of more than 400 commits, the newest 201 or more are given.
func (f *source) Compare(ctx context.Context, repo changelog.Repository, from, to string) (changelog.Comparison, error) {
	all, err := f.compare(ctx, repo, from, to)
	if err != nil {
		return changelog.Comparison{}, fmt.Errorf("what lies between %q and %q of %s: %w", from, to, repo.URL(), err)
	}
	return all, nil
}

func (f *source) compare(ctx context.Context, repo changelog.Repository, from, to string) (changelog.Comparison, error) {
	if !isRevision(from) || !isRevision(to) {
		return changelog.Comparison{}, changelog.ErrNotFound
	}
	all, err := f.compared(ctx, repo, from, to, 1)
	last := (all.Total + pageCommits - 1) / pageCommits
	if err != nil || last <= 1 {
		return all, err
	}
	next := max(2, last-lastPages+1)
	if next > 2 { // there is a gap between the first page and these
		all.Commits = nil
	}
	for ; next <= last; next++ {
		some, err := f.compared(ctx, repo, from, to, next)
		if err != nil {
			return all, err
		}
		all.Commits = append(all.Commits, some.Commits...)
	}
	return all, nil
}

func (f *source) compared(ctx context.Context, repo changelog.Repository, from, to string, page int) (changelog.Comparison, error) {
	q := question{
		name: fmt.Sprintf("compare %s...%s %d", from, to, page), decode: decodeComparison, forever: isWhole(from) && isWhole(to),
	}
	q.query.Path = []string{"compare", from + "..." + to}
	q.query.Values = url.Values{"per_page": {strconv.Itoa(pageCommits)}, "page": {strconv.Itoa(page)}}
	var some changelog.Comparison
	kept, err := f.read(ctx, repo, q)
	if err == nil {
		err = kept.into(&some)
	}
	return some, err
}

type account struct{ Login, Type string }

type comparedCommit struct {
	SHA    string
	Commit struct {
		Message string
		Author  struct {
			Name string
			Date moment
		}
	}
	Author  *account // null where GitHub knows none
	Parents []struct{}
}

func decodeComparison(a forge.Answer) ([]byte, error) {
	var got struct {
		Total   *int `json:"total_commits"`
		Behind  int  `json:"behind_by"`
		Commits []comparedCommit
	}
	if err := into(a.Body, &got); err != nil || got.Total == nil || *got.Total < 0 {
		return nil, errUnread
	}
	some := changelog.Comparison{Total: *got.Total, Behind: max(got.Behind, 0)}
	for i := range got.Commits {
		c := &got.Commits[i]
		if !isWhole(c.SHA) {
			return nil, errUnread
		}
		by := account{}
		if c.Author != nil {
			by = *c.Author
		}
		some.Commits = append(some.Commits, changelog.Commit{
			SHA: c.SHA, Message: cut(c.Commit.Message, maxMessage), Login: cut(by.Login, maxLine), Bot: by.Type == "Bot",
			Author: cut(c.Commit.Author.Name, maxLine), Parents: len(c.Parents), When: c.Commit.Author.Date.Time,
		})
	}
	return encoded(some)
}
