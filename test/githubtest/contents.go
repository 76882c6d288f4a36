package githubtest

import (
	"encoding/base64"
	"fmt"
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
	name, ref := strings.Trim(c.params["path"], "/"), c.query.Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	e, err := c.repo.entryAt(at, name)
	if err != nil {
		return notFound()
	}
	switch e.mode {
	case "040000":
		return c.listDirectory(name, e.id, ref)
	case "160000":
		return ok(c.repo.showSubmodule(name, e.id, at, ref))
	case "120000":
		return c.link(name, e.id, at, ref)
	}
	return c.file(name, e.id, ref)
}

// entryAt is what a commit has at a path.
func (r *Repository) entryAt(at, name string) (entry, error) {
	dir, err := r.git.readAs("tree", at)
	if err != nil || name == "" {
		return entry{"040000", "", dir.id}, err
	}
	parent, base := path.Split(name)
	if parent != "" {
		if dir, err = r.git.read(dir.id + ":" + strings.TrimSuffix(parent, "/")); err != nil {
			return entry{}, err
		}
	}
	all, err := r.git.entries(dir.id)
	if err != nil {
		return entry{}, err
	}
	for _, e := range all {
		if e.name == base {
			return e, nil
		}
	}
	return entry{}, fmt.Errorf("%s: %w", name, errMissing)
}

func (c *call) file(name, id, ref string) reply {
	o, err := c.repo.git.read(id)
	if err != nil {
		return broken(err)
	}
	if refusal := c.tooLargeToGive(o.data); refusal != nil {
		return *refusal
	}
	if raw(c.accept) {
		return rawFile(o.data)
	}
	return ok(c.showFile(name, o, ref))
}

// link is a symbolic link: the file that it leads to, or else the link itself.
func (c *call) link(name, id, at, ref string) reply {
	o, err := c.repo.git.read(id)
	if err != nil {
		return broken(err)
	}
	target, err := c.repo.entryAt(at, path.Join(path.Dir(name), string(o.data)))
	if err == nil && target.kind() == "blob" && target.mode != "120000" {
		return c.file(name, target.id, ref)
	}
	shown := c.repo.showEntry("symlink", name, o, ref)
	shown["target"] = string(o.data)
	return ok(shown)
}

// showSubmodule tells of another repository by what .gitmodules says of it.
func (r *Repository) showSubmodule(name, id, at, ref string) object {
	shown := r.showEntry("submodule", name, gitObject{id: id}, ref)
	shown["git_url"], shown["html_url"] = nil, nil
	shown["_links"] = object{"self": shown["url"], "git": nil, "html": nil}
	modules, err := r.git.read(at + ":.gitmodules")
	if err != nil {
		return shown
	}
	own := ""
	for line := range strings.SplitSeq(string(modules.data), "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "path":
			own = value
		case "url":
			if own == name {
				shown["submodule_git_url"] = value
			}
		}
	}
	return shown
}

func (c *call) listDirectory(dir, id, ref string) reply {
	all, err := c.repo.git.entries(id)
	if err != nil {
		return broken(err)
	}
	shown := []object{}
	for _, e := range all[:min(len(all), c.limits.DirectoryEntries)] {
		// A submodule is shown as a file in a list, and so for ever.
		kind := map[string]string{"040000": "dir", "120000": "symlink"}[e.mode]
		if kind == "" {
			kind = "file"
		}
		o := gitObject{id: e.id}
		if e.kind() == "blob" {
			if o, err = c.repo.git.read(e.id); err != nil {
				return broken(err)
			}
		}
		shown = append(shown, c.repo.showEntry(kind, path.Join(dir, e.name), o, ref))
	}
	return ok(shown)
}

// showEntry is a file or the like as the contents show it: at the branch, the tag
// or the commit by which it was asked for.
func (r *Repository) showEntry(kind, name string, o gitObject, ref string) object {
	escaped := (&url.URL{Path: name}).EscapedPath()
	self, page := r.api("/contents/"+escaped+"?ref="+url.QueryEscape(ref)), r.html("/blob/"+ref+"/"+escaped)
	data := r.api("/git/blobs/" + o.id)
	if kind == "dir" {
		data, page = r.api("/git/trees/"+o.id), r.html("/tree/"+ref+"/"+escaped)
	}
	shown := object{
		"type": kind, "size": len(o.data), "name": path.Base(name), "path": name, "sha": o.id, "url": self, "git_url": data,
		"html_url": page, "download_url": nil, "_links": object{"self": self, "git": data, "html": page},
	}
	if kind == "file" {
		shown["download_url"] = r.html("/raw/" + ref + "/" + escaped)
	}
	return shown
}

func (c *call) showFile(name string, o gitObject, ref string) object {
	shown := c.repo.showEntry("file", name, o, ref)
	shown["content"], shown["encoding"] = wrapped(o.data), "base64"
	if len(o.data) > c.limits.FileBytes { // larger ones only raw
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
	if refusal := c.tooLargeToTake(data); refusal != nil {
		return *refusal
	}
	if wrong := wrongPath(c.params["path"]); wrong != "" {
		return failure(http.StatusUnprocessableEntity, "%s", wrong)
	}
	if in.Branch = strings.TrimPrefix(in.Branch, "refs/heads/"); in.Branch == "" {
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
	if refusal := c.push("refs/heads/"+branch, id, http.StatusConflict); refusal != nil {
		return *refusal
	}
	if t, err = c.repo.git.readCommit(id); err != nil { // as it is signed
		return broken(err)
	}
	file := c.repo.showEntry("file", c.params["path"], gitObject{id: blob, data: data}, branch)
	return created(object{"content": file, "commit": c.repo.showGitCommit(id, t)})
}
