package handlers

import "strings"

// sharedName is the repository whose files others of the owner extend.
const sharedName = ".imageupdater"

// push is sent for branches and tags. The list of commits may be cut, so what
// they touch is not asked.
func push(_ *Decoder, e envelope, body []byte, n *News) error {
	var in struct {
		Ref string `json:"ref"`
	}
	if err := decode("push", body, &in); err != nil {
		return err
	}
	branch, is := strings.CutPrefix(in.Ref, "refs/heads/")
	switch {
	case !is:
		return n.ignore("it is about no branch")
	case branch == e.Repository.DefaultBranch:
		n.LookAtAll = e.Repository.Name == sharedName
		return n.look(e)
	}
	return n.lookFor(e, branch)
}
