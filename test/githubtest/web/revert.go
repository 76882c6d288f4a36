package web

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// leaf is a file of a tree, or what is to become of one: no SHA removes it.
type leaf struct {
	Path string  `json:"path"`
	Mode string  `json:"mode"`
	Type string  `json:"type"`
	SHA  *string `json:"sha"`
}

// revert opens a pull request that takes back a merged one, as GitHub's button does. It
// is refused when somebody has changed one of the files since.
func revert(v *visit) (string, error) {
	var p pull
	if err := v.ask(&p, "pulls/get", v.number(), nil); err != nil {
		return "", err
	}
	tip, err := v.commit("heads/" + p.Base.Ref)
	if err != nil {
		return "", err
	}
	leaves, err := v.before(p, tip)
	if err != nil {
		return "", err
	}
	tree, err := v.write("git/create-tree", map[string]any{"base_tree": tip, "tree": leaves})
	if err != nil {
		return "", err
	}
	title := fmt.Sprintf("Revert %q", p.Title)
	body := fmt.Sprintf("Reverts %s#%d", v.Repo.FullName, p.Number)
	made, err := v.write("git/create-commit", map[string]any{"message": title + "\n\n" + body, "tree": tree, "parents": []string{tip}})
	if err != nil {
		return "", err
	}
	branch := fmt.Sprintf("revert-%d-%s", p.Number, p.Head.Ref)
	if err := v.act("git/create-ref", nil, map[string]string{"ref": "refs/heads/" + branch, "sha": made}); err != nil {
		return "", err
	}
	return v.propose(map[string]string{"title": title, "body": body, "head": branch, "base": p.Base.Ref})
}

// write makes an object of git's, and returns its id.
func (v *visit) write(operation string, body any) (string, error) {
	var made struct {
		SHA string `json:"sha"`
	}
	err := v.do(&made, githubtest.Question{Operation: operation, Body: body})
	return made.SHA, err
}

// commit is where a ref points.
func (v *visit) commit(ref string) (string, error) {
	var got commit
	err := v.ask(&got, "repos/get-commit", params{"ref": ref}, nil)
	return got.SHA, err
}

// before is what a pull request's files were without it, if they still are at the tip
// as it left them.
func (v *visit) before(p pull, tip string) ([]leaf, error) {
	var compared struct {
		Fork commit `json:"merge_base_commit"`
	}
	if err := v.ask(&compared, "repos/compare-commits-with-basehead", params{"basehead": p.Base.SHA + "..." + p.Head.SHA}, nil); err != nil {
		return nil, err
	}
	then, err := v.leaves(compared.Fork.SHA)
	if err != nil {
		return nil, err
	}
	now, err := v.leaves(tip)
	if err != nil {
		return nil, err
	}
	theirs, err := v.leaves(p.Head.SHA)
	if err != nil {
		return nil, err
	}
	files, err := list[changed](v, "pulls/list-files", v.number(), nil)
	var back []leaf
	for _, f := range files {
		for _, path := range []string{f.Before, f.Filename} {
			switch {
			case path == "":
			case now[path].id() != theirs[path].id():
				return nil, &githubtest.RefusalError{Status: http.StatusConflict, Message: path + " has changed since: revert it by hand."}
			case then[path].Path == "":
				back = append(back, leaf{Path: path, Mode: now[path].Mode, Type: "blob"})
			default:
				back = append(back, then[path])
			}
		}
	}
	return back, err
}

func (l leaf) id() string {
	if l.SHA == nil {
		return ""
	}
	return *l.SHA + l.Mode
}

// leaves is all files of a commit, by their paths.
func (v *visit) leaves(sha string) (map[string]leaf, error) {
	var tree struct {
		Tree []leaf `json:"tree"`
	}
	err := v.ask(&tree, "git/get-tree", params{"tree_sha": sha}, url.Values{"recursive": {"1"}})
	found := map[string]leaf{}
	for _, l := range tree.Tree {
		if l.Type != "tree" {
			found[l.Path] = l
		}
	}
	return found, err
}
