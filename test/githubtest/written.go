package githubtest

import (
	"net/http"
	"time"
)

// writtenBy is a signature of a request.
type writtenBy struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

func (w *writtenBy) signature(now time.Time) signature {
	if w.Date.IsZero() {
		w.Date = now
	}
	return signature{name: w.Name, email: w.Email, at: w.Date}
}

func createGitCommit(c *call) reply {
	var in struct {
		Message   string     `json:"message"`
		Tree      string     `json:"tree"`
		Parents   []string   `json:"parents"`
		Author    *writtenBy `json:"author"`
		Committer *writtenBy `json:"committer"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if o, err := c.repo.git.readAs("tree", in.Tree); err != nil || o.id != in.Tree {
		return failure(http.StatusUnprocessableEntity, "Tree SHA does not exist")
	}
	for _, p := range in.Parents {
		if _, err := c.repo.git.readAs("commit", p); err != nil {
			return failure(http.StatusUnprocessableEntity, "Parent SHA does not exist or is not a commit object")
		}
	}
	t := c.written(in.Author, in.Committer)
	t.tree, t.parents, t.message = in.Tree, in.Parents, in.Message
	return c.storeCommit(t)
}

func (c *call) storeCommit(t commitText) reply {
	id, err := c.repo.git.commit(c.ctx, t)
	if err != nil {
		return broken(err)
	}
	if t, err = c.repo.git.readCommit(id); err != nil { // as it is signed
		return broken(err)
	}
	return created(c.repo.showGitCommit(id, t))
}

// written is a commit of the caller. GitHub signs an App's that names neither
// author nor committer; a person's are the person's own, and not signed.
func (c *call) written(author, committer *writtenBy) commitText {
	t := commitText{author: c.repo.person(c.caller())}
	t.committer = t.author
	if author == nil && committer == nil && c.by.user == nil {
		t.committer = c.webFlow()
		return t
	}
	if author != nil {
		t.author = author.signature(c.Now())
		t.committer = t.author
	}
	if committer != nil {
		t.committer = committer.signature(c.Now())
	}
	return t
}
