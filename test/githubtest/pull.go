package githubtest

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// pull is what a pull request has beyond an issue.
type pull struct {
	head, base       string // branches
	headSHA, baseSHA string
	draft            bool
	merged           time.Time
	mergedBy         *user
	mergeCommit      string
	// asked is the pair of commits of which it was asked whether they merge:
	// GitHub finds out in the background, so the first who asks gets null.
	asked string
}

// follow lets pull requests follow a branch that moved.
func (r *Repository) follow(ctx context.Context, by *user, branch string) {
	for _, i := range r.numbered(func(i *issue) bool { return i.pull != nil && i.state == "open" }) {
		p := i.pull
		if p.head != branch && p.base != branch {
			continue
		}
		head, base := r.branch(p.head), r.branch(p.base)
		before := p.headSHA
		if head != "" && base != "" {
			p.headSHA, p.baseSHA = head, base
		}
		if p.headSHA != before {
			r.server.happen(event{name: "pull_request", action: "synchronize", repo: r, by: by, payload: object{
				"number": i.number, "before": before, "after": head, "pull_request": r.acting(ctx, by).pullOfEvent(i),
			}})
		}
		i.updated = r.server.Now()
		if head != "" && base != "" && !r.git.isAncestor(ctx, head, base) {
			continue
		}
		i.state, i.closed = "closed", r.server.Now()
		if p.base == branch && head != "" && base != "" { // its commits came to the base by a push
			p.merged, p.mergedBy, p.mergeCommit = r.server.Now(), by, base
		}
	}
}

func (c *call) pull() *issue {
	if i := c.repo.issues[int(c.number("pull_number"))]; i != nil && i.pull != nil {
		return i
	}
	return nil
}

func createPull(c *call) reply {
	var in struct {
		Title, Head, Base, Body string
		Draft                   bool
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	in.Head = ownBranch(in.Head)
	if refusal := tooLong(in.Body); refusal != nil {
		return *refusal
	}
	if refusal := c.refusePull(in.Head, in.Base); refusal != nil {
		return *refusal
	}
	i := c.repo.newIssue(in.Title, in.Body, c.caller())
	i.pull = &pull{
		head: in.Head, base: in.Base, headSHA: c.repo.branch(in.Head), baseSHA: c.repo.branch(in.Base), draft: in.Draft,
	}
	return created(c.showPull(i))
}

func (c *call) refusePull(head, base string) *reply {
	var r reply
	headSHA, baseSHA := c.repo.branch(head), c.repo.branch(base)
	open := c.repo.numbered(func(i *issue) bool {
		return i.pull != nil && i.state == "open" && i.pull.head == head && i.pull.base == base
	})
	switch {
	case baseSHA == "":
		r = invalid("PullRequest", "base", "invalid", "")
	case headSHA == "":
		r = invalid("PullRequest", "head", "invalid", "")
	case len(open) > 0:
		r = invalid("PullRequest", "", "custom", fmt.Sprintf("A pull request already exists for %s:%s.", c.repo.Owner, head))
	case c.repo.git.isAncestor(c.ctx, headSHA, baseSHA):
		r = invalid("PullRequest", "", "custom", fmt.Sprintf("No commits between %s and %s", base, head))
	default:
		return nil
	}
	return &r
}

func listPulls(c *call) reply {
	state, head, base := c.query.Get("state"), c.query.Get("head"), c.query.Get("base")
	all := c.repo.numbered(func(i *issue) bool {
		return i.pull != nil && stateFits(state, i.state) && (base == "" || i.pull.base == base) &&
			(head == "" || head == c.repo.Owner+":"+i.pull.head)
	})
	return paged(c, "/repos/"+c.repo.FullName()+"/pulls", all, c.showPullShort)
}

func getPull(c *call) reply {
	i := c.pull()
	if i == nil {
		return notFound()
	}
	return ok(c.showPull(i))
}

func updatePull(c *call) reply {
	var in struct {
		Title, Body, State, Base *string
	}
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	case in.Base != nil && c.repo.branch(*in.Base) == "":
		return invalid("PullRequest", "base", "invalid", fmt.Sprintf("Proposed base branch '%s' was not found", *in.Base))
	case in.State != nil && *in.State == "open" && i.state == "closed" && c.repo.branch(i.pull.head) == "":
		return invalid("PullRequest", "state", "invalid", "state cannot be changed. The "+i.pull.head+" branch has been deleted.")
	}
	if in.Body != nil {
		if refusal := tooLong(*in.Body); refusal != nil {
			return *refusal
		}
	}
	if in.Base != nil {
		i.pull.base, i.pull.baseSHA = *in.Base, c.repo.branch(*in.Base)
	}
	i.change(c.Now(), in.Title, in.Body, in.State)
	return ok(c.showPull(i))
}

func (c *call) fork(i *issue) string {
	lines, err := c.repo.git.lines(c.ctx, "merge-base", i.pull.baseSHA, i.pull.headSHA)
	if err != nil || len(lines) == 0 {
		return i.pull.baseSHA
	}
	return lines[0]
}

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
	return paged(c, path, c.repo.showChanges(files, i.pull.headSHA), func(o object) object { return o })
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
	return paged(c, fmt.Sprintf("/repos/%s/pulls/%d/commits", c.repo.FullName(), i.number), ids, c.repo.showCommit)
}

func (c *call) showSide(branch, sha string) object {
	return object{
		"label": c.repo.Owner + ":" + branch, "ref": branch, "sha": sha, "user": c.showUser(c.repo.owner),
		"repo": c.showRepo(c.repo),
	}
}

// showPullShort is a pull request as lists have it.
func (c *call) showPullShort(i *issue) object {
	p, api := i.pull, c.repo.api(fmt.Sprintf("/pulls/%d", i.number))
	page, talk := c.repo.html(fmt.Sprintf("/pull/%d", i.number)), c.repo.api(fmt.Sprintf("/issues/%d", i.number))
	urls := map[string]string{
		"self": api, "html": page, "issue": talk, "comments": talk + "/comments", "review_comments": api + "/comments",
		"review_comment": c.repo.api("/pulls/comments{/number}"), "commits": api + "/commits",
		"statuses": c.repo.api("/statuses/" + p.headSHA),
	}
	links := object{}
	shown := c.showIssue(i)
	for name, url := range urls {
		links[name] = object{"href": url}
		shown[name+"_url"] = url
	}
	for _, name := range []string{"self_url", "repository_url", "labels_url", "events_url", "comments", "state_reason", "pull_request"} {
		delete(shown, name)
	}
	shown["url"], shown["node_id"], shown["_links"] = api, node("PR", i.id), links
	shown["diff_url"], shown["patch_url"] = page+".diff", page+".patch"
	shown["draft"], shown["auto_merge"], shown["merged_at"] = p.draft, nil, stampOrNull(p.merged)
	shown["head"], shown["base"] = c.showSide(p.head, p.headSHA), c.showSide(p.base, p.baseSHA)
	shown["requested_reviewers"], shown["requested_teams"] = []object{}, []object{}
	shown["merge_commit_sha"] = nil
	if p.mergeCommit != "" {
		shown["merge_commit_sha"] = p.mergeCommit
	}
	return shown
}

// pullOfEvent is a pull request as a webhook shows it, which asks nothing:
// whether it merges is not known because of it.
func (c *call) pullOfEvent(i *issue) object {
	asked := i.pull.asked
	i.pull.asked = ""
	shown := c.showPull(i)
	i.pull.asked = asked
	return shown
}

func (c *call) showPull(i *issue) object {
	shown := c.showPullShort(i)
	files, err := c.repo.changes(c.ctx, c.fork(i), i.pull.headSHA)
	if err != nil {
		files = nil
	}
	commits, err := c.repo.git.lines(c.ctx, "rev-list", c.fork(i)+".."+i.pull.headSHA)
	if err != nil {
		commits = nil
	}
	sum := stats(files)
	shown["additions"], shown["deletions"], shown["changed_files"] = sum["additions"], sum["deletions"], len(files)
	shown["commits"], shown["comments"], shown["review_comments"] = len(commits), len(i.comments), 0
	shown["maintainer_can_modify"], shown["rebaseable"] = false, nil
	shown["merged"], shown["merged_by"] = !i.pull.merged.IsZero(), nil
	if i.pull.mergedBy != nil {
		shown["merged_by"] = c.showUser(i.pull.mergedBy)
	}
	shown["mergeable"], shown["mergeable_state"] = c.mergeable(i)
	return shown
}
