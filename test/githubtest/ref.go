package githubtest

import (
	"context"
	"net/http"
	"strings"
)

// refMove is where a ref shall point; an id of "" removes it.
type refMove struct{ ref, id string }

// move points a ref at a commit, or removes it when id is "", as somebody's
// push, and lets pull requests follow.
func (r *Repository) move(ctx context.Context, by *user, ref, id string) error {
	return r.moveAll(ctx, by, []refMove{{ref, id}})
}

// moveAll moves all refs or none.
func (r *Repository) moveAll(ctx context.Context, by *user, moves []refMove) error {
	all := make([]refChange, 0, len(moves))
	for _, m := range moves {
		all = append(all, refChange{m.ref, r.id(m.ref), m.id})
	}
	if err := r.git.updateRefs(ctx, moves); err != nil {
		return err
	}
	r.moved(ctx, by, all...)
	return nil
}

// id is what a ref points at, a tag object as it is.
func (r *Repository) id(ref string) string {
	o, err := r.git.read(ref)
	if err != nil {
		return ""
	}
	return o.id
}

// moved tells of refs that one push moved, and lets pull requests follow.
func (r *Repository) moved(ctx context.Context, by *user, all ...refChange) {
	r.server.moving++
	now := r.server.Now()
	r.filled, r.pushed, r.updated = true, now, now
	silent, touched := manyTags(all), []*Repository{r}
	for _, m := range all {
		if !m.tag() || !silent {
			r.tellPush(ctx, by, m)
		}
		if branch, isBranch := strings.CutPrefix(m.ref, "refs/heads/"); isBranch {
			r.pushers[branch] = by
			r.notePush(m.after, pushed{by, branch, orZeros(m.before)})
			touched = append(touched, r.follow(ctx, by, branch)...)
			r.requestSuite(ctx, by, m.after)
		}
	}
	r.server.moving--
	for _, repo := range touched {
		repo.advance(ctx)
	}
}

// tellOfRef is the event of a branch or a tag that came or went.
func (r *Repository) tellOfRef(by *user, ref string, came bool) {
	kind, name := "branch", strings.TrimPrefix(ref, "refs/heads/")
	if tag, isTag := strings.CutPrefix(ref, "refs/tags/"); isTag {
		kind, name = "tag", tag
	}
	payload := object{"ref": name, "ref_type": kind, "pusher_type": "user"}
	if !came {
		r.server.happen(event{name: "delete", repo: r, by: by, payload: payload})
		return
	}
	payload["master_branch"], payload["description"] = r.defaultBranch, r.shownDescription()
	r.server.happen(event{name: "create", repo: r, by: by, payload: payload})
}

// validRef says whether git takes it for the whole name of a ref.
func (r *Repository) validRef(ctx context.Context, ref string) bool {
	if strings.Count(ref, "/") < 2 || !strings.HasPrefix(ref, "refs/") {
		return false
	}
	_, err := r.git.run(ctx, nil, "check-ref-format", ref)
	return err == nil
}

// orZeros is how GitHub writes the commit of a ref that is not there.
func orZeros(id string) string {
	if id == "" {
		return strings.Repeat("0", 40)
	}
	return id
}

func (r *Repository) showRef(ref string) object {
	o, err := r.git.read(ref)
	if err != nil {
		return object{}
	}
	plural := map[string]string{"commit": "commits", "tag": "tags", "tree": "trees", "blob": "blobs"}[o.kind]
	return object{
		"ref": ref, "node_id": node("REF", ref), "url": r.api("/git/" + ref),
		"object": object{"type": o.kind, "sha": o.id, "url": r.api("/git/" + plural + "/" + o.id)},
	}
}

func (r *Repository) hasRef(ref string) bool {
	_, err := r.git.read(ref)
	return err == nil
}

func getRef(c *call) reply {
	ref := "refs/" + c.params["ref"]
	if !c.repo.hasRef(ref) {
		return notFound()
	}
	return ok(c.repo.showRef(ref))
}

func listMatchingRefs(c *call) reply {
	all, err := c.repo.refs(c.ctx, "refs/")
	if err != nil {
		return broken(err)
	}
	shown := []object{}
	for _, ref := range all {
		if strings.HasPrefix(ref, "refs/"+c.params["ref"]) {
			shown = append(shown, c.repo.showRef(ref))
		}
	}
	return ok(shown)
}

func createRef(c *call) reply {
	var in struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	_, missing := c.repo.git.read(in.SHA)
	switch {
	case !c.repo.validRef(c.ctx, in.Ref):
		return failure(http.StatusUnprocessableEntity, "%s is not a valid ref name.", in.Ref)
	case missing != nil || len(in.SHA) != 40:
		return failure(http.StatusUnprocessableEntity, "Object does not exist")
	case c.repo.hasRef(in.Ref):
		return failure(http.StatusUnprocessableEntity, "Reference already exists")
	}
	if refusal := c.push(in.Ref, in.SHA, http.StatusUnprocessableEntity); refusal != nil {
		return *refusal
	}
	return created(c.repo.showRef(in.Ref))
}

func updateRef(c *call) reply {
	var in struct {
		SHA   string `json:"sha"`
		Force bool   `json:"force"`
	}
	ref := "refs/" + c.params["ref"]
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	_, missing := c.repo.git.readAs("commit", in.SHA)
	switch {
	case !c.repo.hasRef(ref):
		return failure(http.StatusUnprocessableEntity, "Reference does not exist")
	case missing != nil || len(in.SHA) != 40:
		return failure(http.StatusUnprocessableEntity, "Object does not exist")
	case !in.Force && !c.repo.git.isAncestor(c.ctx, ref, in.SHA):
		return failure(http.StatusUnprocessableEntity, "Update is not a fast forward")
	}
	if refusal := c.push(ref, in.SHA, http.StatusUnprocessableEntity); refusal != nil {
		return *refusal
	}
	return ok(c.repo.showRef(ref))
}

func deleteRef(c *call) reply {
	ref := "refs/" + c.params["ref"]
	if !c.repo.hasRef(ref) {
		return failure(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if refusal := c.push(ref, "", http.StatusUnprocessableEntity); refusal != nil {
		return *refusal
	}
	return noContent()
}
