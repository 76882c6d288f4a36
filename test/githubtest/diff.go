package githubtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// change is what a diff says of one file.
type change struct {
	status, path, before string
	id                   string
	added, removed       int
	patch                string
}

// changes is the diff from one commit to another, renames found.
func (r *Repository) changes(ctx context.Context, from, to string) ([]change, error) {
	out, err := r.git.run(ctx, nil, "-c", "core.quotePath=false", "diff-tree", "-r", "-M", "--raw", "--numstat", "-p", "--no-abbrev", from, to)
	if err != nil {
		return nil, err
	}
	listed, patches, _ := strings.Cut(out, "\n\n")
	var raw, numbers []string
	for line := range strings.Lines(listed) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, ":") {
			raw = append(raw, line)
		} else {
			numbers = append(numbers, line)
		}
	}
	found := make([]change, 0, len(raw))
	for i, line := range raw {
		found = append(found, newChange(line, numbers[i]))
	}
	for i, patch := range strings.Split("\n"+patches, "\ndiff --git ")[1:] {
		if at := strings.Index(patch, "\n@@"); at >= 0 && i < len(found) {
			found[i].patch = strings.TrimSuffix(patch[at+1:], "\n")
		}
	}
	return found, nil
}

func newChange(raw, number string) change {
	head, paths, _ := strings.Cut(raw, "\t")
	fields := strings.Fields(head) // :mode mode id id status
	before, after, renamed := strings.Cut(paths, "\t")
	c := change{path: before, id: fields[3], status: "modified"}
	switch fields[4][0] {
	case 'A':
		c.status = "added"
	case 'D':
		c.status, c.id = "removed", fields[2]
	case 'R':
		c.status = "renamed"
	}
	if renamed {
		c.before, c.path = before, after
	}
	counts := strings.Split(number, "\t")
	c.added, c.removed = atoi(counts[0]), atoi(counts[1])
	return c
}

// atoi is 0 for the - that git writes of a binary file.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (r *Repository) showChanges(files []change, at string) []object {
	shown := make([]object, 0, len(files))
	for _, f := range files {
		path := (&url.URL{Path: f.path}).EscapedPath()
		o := object{
			"sha": f.id, "filename": f.path, "status": f.status, "additions": f.added, "deletions": f.removed,
			"changes": f.added + f.removed, "blob_url": r.html("/blob/" + at + "/" + path),
			"raw_url": r.html("/raw/" + at + "/" + path), "contents_url": r.api("/contents/" + path + "?ref=" + at),
		}
		if f.patch != "" {
			o["patch"] = f.patch
		}
		if f.before != "" {
			o["previous_filename"] = f.before
		}
		shown = append(shown, o)
	}
	return shown
}

func stats(files []change) object {
	added, removed := 0, 0
	for _, f := range files {
		added, removed = added+f.added, removed+f.removed
	}
	return object{"additions": added, "deletions": removed, "total": added + removed}
}

func compare(c *call) reply {
	from, to, _ := strings.Cut(c.params["basehead"], "...")
	base, head := c.side(from), c.side(to)
	if base == "" || head == "" {
		return notFound()
	}
	fork, err := c.repo.git.mergeBase(c.ctx, base, head)
	if err != nil {
		return failure(http.StatusNotFound, "No common ancestor between %s and %s.", from, to)
	}
	return c.compare(base, head, fork)
}

// side is the commit of one side of a comparison, which may be a fork's as
// owner:branch; its objects are fetched.
func (c *call) side(text string) string {
	from, name := c.headOf(text)
	switch from {
	case nil:
		return ""
	case c.repo:
		return c.repo.commitish(name)
	}
	id := from.branch(name)
	if id == "" {
		return ""
	}
	if _, err := c.repo.git.run(c.ctx, nil, "fetch", "--quiet", "--no-tags", from.git.dir, "refs/heads/"+name); err != nil {
		return ""
	}
	return id
}

func (c *call) compare(base, head, fork string) reply {
	ahead, err := c.repo.git.lines(c.ctx, "rev-list", "--reverse", base+".."+head)
	if err != nil {
		return broken(err)
	}
	behind, err := c.repo.git.lines(c.ctx, "rev-list", head+".."+base)
	if err != nil {
		return broken(err)
	}
	files, err := c.repo.changes(c.ctx, fork, head)
	if err != nil {
		return broken(err)
	}
	part, header := page(c, "/repos/"+c.repo.FullName()+"/compare/"+url.PathEscape(c.params["basehead"]), ahead)
	commits := []object{}
	for _, id := range part {
		commits = append(commits, c.repo.showCommit(id))
	}
	path := "/compare/" + base + "..." + head
	return reply{status: http.StatusOK, header: header, body: object{
		"url": c.repo.api(path), "html_url": c.repo.html(path), "permalink_url": c.repo.html(fmt.Sprintf("/compare/%s:%s...%s:%s", c.repo.Owner, base[:7], c.repo.Owner, head[:7])),
		"diff_url": c.repo.html(path + ".diff"), "patch_url": c.repo.html(path + ".patch"),
		"base_commit": c.repo.showCommit(base), "merge_base_commit": c.repo.showCommit(fork),
		"status": relation(len(ahead), len(behind)), "ahead_by": len(ahead), "behind_by": len(behind),
		"total_commits": len(ahead), "commits": commits, "files": c.repo.showChanges(files, head),
	}}
}

func relation(ahead, behind int) string {
	switch {
	case ahead == 0 && behind == 0:
		return "identical"
	case behind == 0:
		return "ahead"
	case ahead == 0:
		return "behind"
	}
	return "diverged"
}
