package githubtest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
)

func getContent(c *call) reply {
	at := c.repo.commitish(c.query.Get("ref"))
	if at == "" {
		return failure(http.StatusNotFound, "No commit found for the ref %s", c.query.Get("ref"))
	}
	name := strings.Trim(c.params["path"], "/")
	o, err := c.repo.git.read(at + ":" + name)
	switch {
	case err != nil:
		return notFound()
	case o.kind == "tree":
		return c.listDirectory(name, o.id, at)
	case raw(c.accept):
		return rawFile(o.data)
	}
	return ok(c.repo.showFile(name, o, at))
}

func (c *call) listDirectory(dir, id, at string) reply {
	all, err := c.repo.git.entries(id)
	if err != nil {
		return broken(err)
	}
	shown := []object{}
	for _, e := range all[:min(len(all), 1000)] {
		kind := map[string]string{"tree": "dir", "commit": "file", "blob": "file"}[e.kind()]
		o := gitObject{id: e.id}
		if e.kind() == "blob" {
			if o, err = c.repo.git.read(e.id); err != nil {
				return broken(err)
			}
		}
		shown = append(shown, c.repo.showEntry(kind, path.Join(dir, e.name), o, at))
	}
	return ok(shown)
}

func (r *Repository) showEntry(kind, name string, o gitObject, at string) object {
	escaped := (&url.URL{Path: name}).EscapedPath()
	self, page := r.api("/contents/"+escaped+"?ref="+at), r.html("/blob/"+at+"/"+escaped)
	data := r.api("/git/blobs/" + o.id)
	if kind == "dir" {
		data, page = r.api("/git/trees/"+o.id), r.html("/tree/"+at+"/"+escaped)
	}
	shown := object{
		"type": kind, "size": len(o.data), "name": path.Base(name), "path": name, "sha": o.id, "url": self, "git_url": data,
		"html_url": page, "download_url": nil, "_links": object{"self": self, "git": data, "html": page},
	}
	if kind == "file" {
		shown["download_url"] = r.html("/raw/" + at + "/" + escaped)
	}
	return shown
}

func (r *Repository) showFile(name string, o gitObject, at string) object {
	shown := r.showEntry("file", name, o, at)
	shown["content"], shown["encoding"] = wrapped(o.data), "base64"
	if len(o.data) > 1<<20 { // larger ones only raw
		shown["content"], shown["encoding"] = "", "none"
	}
	return shown
}

func putContent(c *call) reply {
	var in struct {
		Message   string     `json:"message"`
		Content   string     `json:"content"`
		SHA       string     `json:"sha"`
		Branch    string     `json:"branch"`
		Author    *writtenBy `json:"author"`
		Committer *writtenBy `json:"committer"`
	}
	if !c.decode(&in) {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	data, err := base64.StdEncoding.DecodeString(in.Content)
	if err != nil {
		return failure(http.StatusUnprocessableEntity, "content is not valid Base64")
	}
	if in.Branch == "" {
		in.Branch = c.repo.defaultBranch
	}
	head := c.repo.branch(in.Branch)
	if head == "" && (c.repo.filled || in.Branch != c.repo.defaultBranch) {
		return failure(http.StatusNotFound, "Branch %s not found", in.Branch)
	}
	have, missing := c.repo.git.read(head + ":" + c.params["path"])
	switch {
	case missing == nil && in.SHA == "":
		return failure(http.StatusUnprocessableEntity, "Invalid request.\n\n\"sha\" wasn't supplied.")
	case in.SHA != "" && have.id != in.SHA:
		return failure(http.StatusConflict, "%s does not match %s", c.params["path"], in.SHA)
	}
	t := c.written(in.Author, in.Committer)
	t.message = in.Message
	if head != "" {
		t.parents = []string{head}
	}
	r := c.storeFile(in.Branch, data, t)
	if missing == nil && r.status == http.StatusCreated {
		r.status = http.StatusOK
	}
	return r
}

func (c *call) storeFile(branch string, data []byte, t commitText) reply {
	blob, err := c.repo.git.write(c.ctx, "blob", data)
	if err != nil {
		return broken(err)
	}
	base := ""
	if len(t.parents) > 0 {
		base = t.parents[0]
	}
	if t.tree, err = c.repo.git.edit(c.ctx, base, []entry{{"100644", c.params["path"], blob}}); err != nil {
		return broken(err)
	}
	id, err := c.repo.git.commit(c.ctx, t)
	if err != nil {
		return broken(err)
	}
	if err := c.repo.move(c.ctx, c.caller(), "refs/heads/"+branch, id); err != nil {
		return broken(err)
	}
	if t, err = c.repo.git.readCommit(id); err != nil { // as it is signed
		return broken(err)
	}
	file := c.repo.showEntry("file", c.params["path"], gitObject{id: blob, data: data}, id)
	return created(object{"content": file, "commit": c.repo.showGitCommit(id, t)})
}
