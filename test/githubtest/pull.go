package githubtest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// pull is what a pull request has beyond an issue.
type pull struct {
	head, base       string      // branches
	from             *Repository // the head's, which may be a fork
	headSHA, baseSHA string
	draft            bool
	merged           time.Time
	mergedBy         *user
	mergeCommit      string
	// asked is the pair of commits of which it was asked whether they merge:
	// GitHub finds out in the background, so the first who asks gets null.
	asked string

	reviews   []*review
	threads   []*thread
	reviewers []*user     // asked for a review
	teams     []string    // by slug, asked too
	pusher    *user       // who pushed the head last
	auto      *autoMerge  // nil where none is ordered
	entry     *queueEntry // in the merge queue, until its head moves
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
	p := &pull{base: in.Base, baseSHA: c.repo.branch(in.Base), draft: in.Draft}
	p.from, p.head = c.headOf(in.Head)
	if p.from != nil {
		p.headSHA = p.from.branch(p.head)
	}
	if refusal := c.refusePull(p); refusal != nil {
		return *refusal
	}
	i := c.repo.newIssue(in.Title, in.Body, c.caller())
	p.pusher = p.from.pushers[p.head]
	i.pull = p
	c.pin(i)
	c.about(i, "opened", nil)
	return created(c.showPull(i))
}

func (c *call) refusePull(p *pull) *reply {
	var r reply
	open := c.repo.numbered(func(i *issue) bool {
		return i.pull != nil && i.state == "open" && i.pull.from == p.from && i.pull.head == p.head && i.pull.base == p.base
	})
	switch {
	case p.baseSHA == "":
		r = invalid("PullRequest", "base", "invalid", "")
	case p.headSHA == "":
		r = invalid("PullRequest", "head", "invalid", "")
	case c.by.user != nil && rank(p.from.role(c.by.user)) < rank("write"):
		r = invalid("PullRequest", "", "custom", "must be a collaborator")
	case p.draft && c.repo.noDrafts:
		r = failure(http.StatusUnprocessableEntity, "Draft pull requests are not supported in this repository.")
	case len(open) > 0:
		r = invalid("PullRequest", "", "custom", fmt.Sprintf("A pull request already exists for %s:%s.", p.from.Owner, p.head))
	case p.from == c.repo && c.repo.git.isAncestor(c.ctx, p.headSHA, p.baseSHA):
		r = invalid("PullRequest", "", "custom", fmt.Sprintf("No commits between %s and %s", p.base, p.head))
	case p.from != c.repo && p.from.git.isAncestor(c.ctx, p.headSHA, p.baseSHA):
		r = invalid("PullRequest", "", "custom", fmt.Sprintf("No commits between %s:%s and %s:%s", c.repo.Owner, p.base, p.from.Owner, p.head))
	default:
		return nil
	}
	return &r
}

func listPulls(c *call) reply {
	state, head, base := c.query.Get("state"), c.query.Get("head"), c.query.Get("base")
	all := c.repo.numbered(func(i *issue) bool {
		return i.pull != nil && stateFits(state, i.state) && (base == "" || i.pull.base == base) &&
			(!strings.Contains(head, ":") || head == i.pull.from.Owner+":"+i.pull.head) // GitHub ignores one without an owner
	})
	c.sort(all)
	return paged(c, "/repos/"+c.repo.FullName()+"/pulls", all, c.showPullShort)
}

func getPull(c *call) reply {
	i := c.pull()
	if i == nil {
		return notFound()
	}
	return ok(c.showPull(i))
}

func (c *call) fork(i *issue) string {
	base, err := c.repo.git.mergeBase(c.ctx, i.pull.baseSHA, i.pull.headSHA)
	if err != nil {
		return i.pull.baseSHA
	}
	return base
}

// showSide is a head or a base. Of a repository that is gone there is neither
// label nor repository.
func (c *call) showSide(r *Repository, branch, sha string) object {
	shown := object{"label": nil, "ref": branch, "sha": sha, "user": c.showUser(r.owner), "repo": nil}
	if !r.deleted {
		shown["label"], shown["repo"] = r.Owner+":"+branch, c.listedRepo(r)
	}
	return shown
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
	for _, name := range []string{"self_url", "repository_url", "labels_url", "events_url", "comments", "state_reason", "pull_request", "reactions", "timeline_url", "closed_by", "performed_via_github_app", "pinned_comment"} {
		delete(shown, name)
	}
	shown["url"], shown["node_id"], shown["_links"] = api, node("PR", i.id), links
	shown["diff_url"], shown["patch_url"] = page+".diff", page+".patch"
	shown["draft"], shown["auto_merge"], shown["merged_at"] = p.draft, c.showAutoMerge(i), stampOrNull(p.merged)
	shown["head"], shown["base"] = c.showSide(p.from, p.head, p.headSHA), c.showSide(c.repo, p.base, p.baseSHA)
	shown["requested_reviewers"], shown["requested_teams"] = c.showUsers(p.reviewers), c.showTeams(p.teams)
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
	shown["maintainer_can_modify"] = false
	shown["merged"], shown["merged_by"] = !i.pull.merged.IsZero(), nil
	if i.pull.mergedBy != nil {
		shown["merged_by"] = c.showUser(i.pull.mergedBy)
	}
	shown["mergeable"], shown["mergeable_state"] = c.mergeable(i)
	shown["rebaseable"] = shown["mergeable"]
	return shown
}
