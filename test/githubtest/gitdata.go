package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func getBlob(c *call) reply {
	o, err := c.repo.git.read(c.params["file_sha"])
	if err != nil || o.kind != "blob" {
		return notFound()
	}
	if refusal := c.tooLargeToGive(o.data); refusal != nil {
		return *refusal
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
	if refusal := c.tooLargeToTake(data); refusal != nil {
		return *refusal
	}
	id, err := c.repo.git.write(c.ctx, "blob", data)
	if err != nil {
		return broken(err)
	}
	return created(object{"sha": id, "url": c.repo.api("/git/blobs/" + id)})
}

// showTree leaves out what is beyond the limits, and says so.
func (c *call) showTree(id string, all []entry) object {
	const each = 200 // about what an entry takes beside its path
	r, shown, size := c.repo, []object{}, 0
	for _, e := range all[:min(len(all), c.limits.TreeEntries)] {
		if size += each + len(e.name); size > c.limits.TreeBytes {
			break
		}
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
	return object{"sha": id, "url": r.api("/git/trees/" + id), "tree": shown, "truncated": len(shown) < len(all)}
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
	return ok(c.showTree(o.id, all))
}

// newEntry is one of a tree being made: a sha of null removes.
type newEntry struct {
	Path    string          `json:"path"`
	Mode    string          `json:"mode"`
	SHA     json.RawMessage `json:"sha"`
	Content *string         `json:"content"`
}

// wrong is what GitHub says of an entry that cannot be.
func (e newEntry) wrong() string {
	if wrong := wrongPath(e.Path); wrong != "" {
		return "tree." + wrong
	}
	switch {
	case e.SHA == nil && e.Content == nil, e.SHA != nil && e.Content != nil:
		return "Must supply either tree.sha or tree.content"
	}
	return ""
}

// wrongPath is what GitHub says of a path that git would not have.
func wrongPath(path string) string {
	switch {
	case strings.HasPrefix(path, "/"):
		return "path cannot start with a slash"
	case slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool {
		return part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git")
	}):
		return "path contains a malformed path component"
	}
	return ""
}

func createTree(c *call) reply {
	var in struct {
		BaseTree string     `json:"base_tree"`
		Tree     []newEntry `json:"tree"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if len(in.Tree) == 0 {
		return failure(http.StatusUnprocessableEntity, "Invalid tree info")
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
	return created(c.showTree(id, all))
}

func (c *call) entries(in []newEntry) ([]entry, *reply) {
	var changes []entry
	for _, e := range in {
		if wrong := e.wrong(); wrong != "" {
			return nil, refuse(http.StatusUnprocessableEntity, wrong)
		}
		id := ""
		switch {
		case e.Content != nil:
			written, err := c.repo.git.write(c.ctx, "blob", []byte(*e.Content))
			if err != nil {
				return nil, refuse(http.StatusInternalServerError, err.Error())
			}
			id = written
		case string(e.SHA) != "null":
			id = strings.Trim(string(e.SHA), `"`)
			if _, err := c.repo.git.read(id); err != nil && e.Mode != "160000" {
				return nil, refuse(http.StatusUnprocessableEntity, "tree.sha "+id+" is not a valid blob")
			}
		}
		changes = append(changes, entry{e.Mode, e.Path, id})
	}
	return changes, nil
}
