package githubtest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

type status struct {
	id                     int64
	head, state, context   string
	description, targetURL *string
	by                     *user
	at                     time.Time
}

func (c *call) showStatus(s *status) object {
	return object{
		"id": s.id, "node_id": node("SC", s.id), "url": c.repo.api("/statuses/" + s.head), "avatar_url": nil,
		"state": s.state, "description": s.description, "target_url": s.targetURL, "context": s.context,
		"created_at": stamp(s.at), "updated_at": stamp(s.at), "creator": c.showUser(s.by),
	}
}

func createStatus(c *call) reply {
	in := struct {
		State       string  `json:"state"`
		Context     string  `json:"context"`
		Description *string `json:"description"`
		TargetURL   *string `json:"target_url"`
	}{Context: "default"}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	head := c.params["sha"]
	if len(head) != 40 || c.repo.resolve(head) == "" {
		return failure(http.StatusUnprocessableEntity, "No commit found for SHA: %s", head)
	}
	s := &status{c.id(), head, in.State, in.Context, in.Description, in.TargetURL, c.caller(), c.Now()}
	c.addStatus(s)
	return created(c.showStatus(s))
}

func (c *call) addStatus(s *status) {
	c.repo.statuses = append(c.repo.statuses, s)
	c.happen(event{name: "status", repo: c.repo, by: s.by, payload: object{
		"id": s.id, "sha": s.head, "name": c.repo.FullName(), "context": s.context, "state": s.state,
		"description": s.description, "target_url": s.targetURL, "avatar_url": nil,
		"commit": c.repo.showCommit(s.head), "branches": c.repo.branchesAt(c.ctx, s.head),
		"created_at": stamp(s.at), "updated_at": stamp(s.at),
	}})
	c.repo.advance(c.ctx)
}

// branchesAt is the branches whose head is a commit, ten at most.
func (r *Repository) branchesAt(ctx context.Context, id string) []object {
	shown := []object{}
	refs, err := r.refs(ctx, "refs/heads/")
	if err != nil {
		return shown
	}
	for _, ref := range refs {
		if branch := strings.TrimPrefix(ref, "refs/heads/"); r.branch(branch) == id && len(shown) < 10 {
			shown = append(shown, object{
				"name": branch, "commit": object{"sha": id, "url": r.api("/commits/" + id)}, "protected": r.protected(branch),
			})
		}
	}
	return shown
}

// all is every status of a commit, newest first; current only the newest of
// each context.
func (r *Repository) all(head string) []*status {
	var found []*status
	for _, v := range slices.Backward(r.statuses) {
		if v.head == head {
			found = append(found, v)
		}
	}
	return found
}

func (r *Repository) current(head string) []*status {
	var found []*status
	seen := map[string]bool{}
	for _, s := range r.all(head) {
		if !seen[s.context] {
			seen[s.context] = true
			found = append(found, s)
		}
	}
	return found
}

// combined is pending when there are none at all.
func combined(all []*status) string {
	verdict := "success"
	for _, s := range all {
		switch s.state {
		case "error", "failure":
			return "failure"
		case "pending":
			verdict = "pending"
		}
	}
	if len(all) == 0 {
		return "pending"
	}
	return verdict
}

func listStatuses(c *call) reply {
	head := c.repo.commitish(c.params["ref"])
	if head == "" {
		return notFound()
	}
	return paged(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["ref"]+"/statuses", c.repo.all(head), c.showStatus)
}

func getCombinedStatus(c *call) reply {
	head := c.repo.commitish(c.params["ref"])
	if head == "" {
		return notFound()
	}
	all := c.repo.current(head)
	r := pagedUnder(c, "/repos/"+c.repo.FullName()+"/commits/"+c.params["ref"]+"/status", "statuses", all, c.showStatus)
	if body, isObject := r.body.(object); isObject {
		body["state"], body["sha"], body["repository"] = combined(all), head, c.listedRepo(c.repo)
		body["commit_url"], body["url"] = c.repo.api("/commits/"+head), c.repo.api("/commits/"+head+"/status")
	}
	return r
}
