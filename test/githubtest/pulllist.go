package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// GitHub lists no more of a pull request than this.
const (
	maxPullFiles   = 3000
	maxPullCommits = 250
)

func listPullFiles(c *call) reply {
	i := c.pull()
	if i == nil {
		return notFound()
	}
	files, err := c.repo.changes(c.ctx, c.fork(i), i.pull.headSHA)
	if err != nil {
		return broken(err)
	}
	path := fmt.Sprintf("/repos/%s/pulls/%d/files", c.repo.FullName(), i.number)
	return paged(c, path, c.repo.showChanges(files[:min(len(files), maxPullFiles)], i.pull.headSHA), func(o object) object { return o })
}

func listPullCommits(c *call) reply {
	i := c.pull()
	if i == nil {
		return notFound()
	}
	ids, err := c.repo.git.lines(c.ctx, "rev-list", "--reverse", c.fork(i)+".."+i.pull.headSHA)
	if err != nil {
		return broken(err)
	}
	return paged(c, fmt.Sprintf("/repos/%s/pulls/%d/commits", c.repo.FullName(), i.number), ids[:min(len(ids), maxPullCommits)], c.repo.showCommit)
}

// sort puts pull requests, which come newest first, into the order asked for.
func (c *call) sort(all []*issue) {
	order := map[string]func(a, b *issue) int{
		"updated":      func(a, b *issue) int { return a.updated.Compare(b.updated) },
		"popularity":   func(a, b *issue) int { return cmp.Compare(len(a.comments), len(b.comments)) },
		"long-running": func(a, b *issue) int { return b.at.Compare(a.at) },
	}
	by, direction := order[c.query.Get("sort")], c.query.Get("direction")
	slices.Reverse(all)
	if by != nil {
		slices.SortStableFunc(all, by)
	}
	// What is asked for by age or not at all comes newest first.
	if direction == "desc" || (direction == "" && by == nil) {
		slices.Reverse(all)
	}
}

func listPullsOfCommit(c *call) reply {
	id := c.repo.commitish(c.params["commit_sha"])
	if id == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", c.params["commit_sha"])
	}
	all := c.repo.numbered(func(i *issue) bool {
		if i.pull == nil {
			return false
		}
		p := i.pull
		between := c.repo.git.isAncestor(c.ctx, id, p.headSHA) && !c.repo.git.isAncestor(c.ctx, id, p.baseSHA)
		return p.mergeCommit == id || between
	})
	return paged(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["commit_sha"]+"/pulls", all, c.showPullShort)
}
