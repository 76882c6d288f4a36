package githubtest

import (
	"fmt"
	"net/http"
)

// updateBranch merges the base into the head of a pull request. GitHub does it
// in the background; here it is done when the answer comes.
func updateBranch(c *call) reply {
	var in struct {
		Expected string `json:"expected_head_sha"`
	}
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	case i.state == "closed":
		return failure(http.StatusUnprocessableEntity, "Pull request is closed.")
	case in.Expected != "" && in.Expected != i.pull.headSHA:
		return failure(http.StatusUnprocessableEntity, "expected head sha didn’t match current head ref.")
	case c.repo.git.isAncestor(c.ctx, i.pull.baseSHA, i.pull.headSHA):
		return failure(http.StatusUnprocessableEntity, "There are no new commits on the base branch.")
	}
	message := fmt.Sprintf("Merge branch '%s' into %s", i.pull.base, i.pull.head)
	if i.pull.from != c.repo {
		message = fmt.Sprintf("Merge branch '%s:%s' into %s", c.repo.Owner, i.pull.base, i.pull.head)
	}
	onto := c.in(i.pull.from)
	id, clean, err := onto.mergeOf(i.pull.headSHA, i.pull.baseSHA, message)
	switch {
	case err != nil:
		return broken(err)
	case !clean:
		return failure(http.StatusUnprocessableEntity, "merge conflict between base and head")
	}
	if refusal := onto.push("refs/heads/"+i.pull.head, id, http.StatusUnprocessableEntity); refusal != nil {
		return *refusal
	}
	return reply{status: http.StatusAccepted, body: object{
		"message": "Updating pull request branch.", "url": c.repo.api(fmt.Sprintf("/pulls/%d", i.number)),
	}}
}

// in is the call as if its path named another repository.
func (c *call) in(r *Repository) *call {
	other := *c
	other.repo = r
	return &other
}

// mergeOf writes a merge of one commit into another.
func (c *call) mergeOf(ours, theirs, message string) (id string, clean bool, err error) {
	tree, clean, err := c.repo.git.merge(c.ctx, ours, theirs)
	if err != nil || !clean {
		return "", clean, err
	}
	id, err = c.repo.git.commit(c.ctx, commitText{
		tree: tree, parents: []string{ours, theirs}, author: c.repo.person(c.caller()), committer: c.webFlow(), message: message,
	})
	return id, err == nil, err
}

func mergeBranches(c *call) reply {
	var in struct {
		Base    string `json:"base"`
		Head    string `json:"head"`
		Message string `json:"commit_message"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	base, head := c.repo.branch(in.Base), c.repo.commitish(in.Head)
	switch {
	case base == "":
		return failure(http.StatusNotFound, "Base does not exist")
	case head == "" || in.Head == "":
		return failure(http.StatusNotFound, "Head does not exist")
	case c.repo.git.isAncestor(c.ctx, head, base):
		return noContent()
	case in.Message == "":
		in.Message = fmt.Sprintf("Merge %s into %s", in.Head, in.Base)
	}
	id, clean, err := c.mergeOf(base, head, in.Message)
	switch {
	case err != nil:
		return broken(err)
	case !clean:
		return failure(http.StatusConflict, "Merge conflict")
	}
	if refusal := c.push("refs/heads/"+in.Base, id, http.StatusConflict); refusal != nil {
		return *refusal
	}
	return created(c.repo.showCommit(id))
}
