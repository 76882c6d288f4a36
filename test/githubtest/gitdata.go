package githubtest

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// maxTree is how many entries a recursive reading gives at most.
const maxTree = 100_000

func getBlob(c *call) reply {
	o, err := c.repo.git.read(c.params["file_sha"])
	if err != nil || o.kind != "blob" {
		return notFound()
	}
	if raw(c.accept) {
		return rawFile(o.data)
	}
	return ok(object{
		"sha": o.id, "node_id": node("B", o.id), "size": len(o.data), "url": c.repo.api("/git/blobs/" + o.id),
		"content": wrapped(o.data), "encoding": "base64",
	})
}

func raw(accept string) bool {
	return strings.Contains(accept, "github.raw") || strings.Contains(accept, "github.v3.raw")
}

func rawFile(data []byte) reply {
	return reply{status: http.StatusOK, body: data, header: http.Header{"Content-Type": {"application/vnd.github.raw"}}}
}

// wrapped is base64 in lines of 60, as GitHub writes it.
func wrapped(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var lines strings.Builder
	for len(text) > 60 {
		lines.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	if text != "" {
		lines.WriteString(text + "\n")
	}
	return lines.String()
}

func createBlob(c *call) reply {
	var in struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	data := []byte(in.Content)
	if in.Encoding == "base64" {
		decoded, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(in.Content, "\n", ""))
		if err != nil {
			return failure(http.StatusUnprocessableEntity, "content is not valid Base64")
		}
		data = decoded
	}
	id, err := c.repo.git.write(c.ctx, "blob", data)
	if err != nil {
		return broken(err)
	}
	return created(object{"sha": id, "url": c.repo.api("/git/blobs/" + id)})
}

func (r *Repository) showTree(id string, all []entry) object {
	shown := []object{}
	for _, e := range all[:min(len(all), maxTree)] {
		o := object{"path": e.name, "mode": e.mode, "type": e.kind(), "sha": e.id}
		switch e.kind() {
		case "blob":
			o["url"] = r.api("/git/blobs/" + e.id)
			if blob, err := r.git.read(e.id); err == nil {
				o["size"] = len(blob.data)
			}
		case "tree":
			o["url"] = r.api("/git/trees/" + e.id)
		}
		shown = append(shown, o)
	}
	return object{"sha": id, "url": r.api("/git/trees/" + id), "tree": shown, "truncated": len(all) > maxTree}
}

func getTree(c *call) reply {
	name := c.params["tree_sha"]
	if commit := c.repo.commitish(name); commit != "" {
		name = commit
	}
	o, err := c.repo.git.readAs("tree", name)
	if err != nil {
		return notFound()
	}
	var all []entry
	if c.query.Has("recursive") { // whatever its value
		all, err = c.repo.git.walk(o.id, "")
	} else {
		all, err = c.repo.git.entries(o.id)
	}
	if err != nil {
		return broken(err)
	}
	return ok(c.repo.showTree(o.id, all))
}

// newEntry is one of a tree being made: sha and content both null removes.
type newEntry struct {
	Path    string  `json:"path"`
	Mode    string  `json:"mode"`
	SHA     *string `json:"sha"`
	Content *string `json:"content"`
}

func createTree(c *call) reply {
	var in struct {
		BaseTree string     `json:"base_tree"`
		Tree     []newEntry `json:"tree"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.BaseTree != "" {
		if _, err := c.repo.git.readAs("tree", in.BaseTree); err != nil {
			return failure(http.StatusUnprocessableEntity, "base_tree is not a valid tree oid")
		}
	}
	changes, refusal := c.entries(in.Tree)
	if refusal != nil {
		return *refusal
	}
	id, err := c.repo.git.edit(c.ctx, in.BaseTree, changes)
	if err != nil {
		return failure(http.StatusUnprocessableEntity, "GitRPC::BadObjectState")
	}
	all, err := c.repo.git.entries(id)
	if err != nil {
		return broken(err)
	}
	return created(c.repo.showTree(id, all))
}

func (c *call) entries(in []newEntry) ([]entry, *reply) {
	var changes []entry
	for _, e := range in {
		id := ""
		switch {
		case e.Content != nil:
			written, err := c.repo.git.write(c.ctx, "blob", []byte(*e.Content))
			if err != nil {
				return nil, refuse(http.StatusInternalServerError, err.Error())
			}
			id = written
		case e.SHA != nil:
			id = *e.SHA
			if _, err := c.repo.git.read(id); err != nil && e.Mode != "160000" {
				return nil, refuse(http.StatusUnprocessableEntity, "tree.sha "+id+" is not a valid blob")
			}
		}
		changes = append(changes, entry{e.Mode, e.Path, id})
	}
	return changes, nil
}
