package proposal_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// court is a repository with one pull request, as a claim of it is proved.
type court struct {
	*books

	made    *proposal.Proposal
	claim   proposal.Claim
	modes   map[string]map[string]string // of a commit: those of files that are no plain ones
	missing map[string]bool              // recorded files that the newest base does not have as they are recorded
	// fails is what a read answers instead.
	fails func() error
}

// before is asked before each read.
func (c *court) before() error {
	if c.fails == nil {
		return nil
	}
	return c.fails()
}

func (c *court) Commit(ctx context.Context, sha string) (forge.Commit, error) {
	if err := c.before(); err != nil {
		return forge.Commit{}, err
	}
	return c.books.Commit(ctx, sha)
}

func (c *court) Contains(ctx context.Context, branch, sha string) (bool, error) {
	if err := c.before(); err != nil {
		return true, err
	}
	return c.books.Contains(ctx, branch, sha)
}

func (c *court) Blob(ctx context.Context, sha string, most int64) ([]byte, error) {
	if err := c.before(); err != nil {
		return nil, err
	}
	return c.books.Blob(ctx, sha, most)
}

func (c *court) Tree(ctx context.Context, sha string) ([]forge.Entry, error) {
	if err := c.before(); err != nil {
		return nil, err
	}
	entries, err := c.books.Tree(ctx, sha)
	for i, e := range entries {
		if mode := c.modes[sha][e.Path]; mode != "" {
			entries[i].Mode = mode
		}
	}
	return entries, err
}

// find finds fields as the planner's are found.
func (c *court) find(ctx context.Context, entries []forge.Entry) ([]format.Field, error) {
	tree := fstest.MapFS{}
	for _, e := range entries {
		if e.Type == "blob" {
			text, err := c.Blob(ctx, e.SHA, 1<<20)
			if err != nil {
				return nil, err
			}
			tree[e.Path] = &fstest.MapFile{Data: text}
		}
	}
	inventory, err := scanner.Find(ctx, tree, scanner.FindOptions{})
	if err != nil {
		return nil, err
	}
	return inventory.Fields, nil
}

// fields has what the claim's base was read with.
func (c *court) fields(path, key, image string) (found []string) {
	for _, u := range proposal.ReadRecord(c.made.Message, repository).Updates {
		if u.Path == path && u.Key == key && u.Image == image && !c.missing[path] {
			found = append(found, u.From)
		}
	}
	return found
}

// proposed is a repository with the last of the pull requests that should be there.
func proposed(t *testing.T, p *place) *court {
	t.Helper()
	all := p.desire().Proposals
	c := &court{books: newBooks(), made: all[len(all)-1], modes: map[string]map[string]string{}, missing: map[string]bool{}}
	c.commit("base", alice(), "base", p.files)
	files := maps.Clone(p.files)
	for path, text := range c.made.Files {
		files[path] = string(text)
	}
	c.commit("ours", theBot(), c.made.Message, files, "base")
	c.claim = proposal.Claim{Repository: repository, Base: "main", Prefix: "imageupdater/", Find: c.find, Fields: c.fields}
	c.claim.Pull.Pull = forge.Pull{
		Number: 1, Open: true, Author: theBot().Account, Head: forge.Branch{Name: c.made.Branch, SHA: "ours", Repository: repository},
		Base: forge.Branch{Name: "main"},
	}
	c.claim.Pull.Commits = 1
	return c
}

// head lets the pull request end at a commit, and have some.
func (c *court) head(sha string, commits int) {
	c.claim.Pull.Head.SHA, c.claim.Pull.Commits = sha, commits
}

// says lets our commit have another record.
func (c *court) says(how func(*proposal.Record)) {
	r := proposal.ReadRecord(c.made.Message, repository)
	how(r)
	text, err := r.Sealed("Update web")
	if err != nil {
		panic(err)
	}
	c.change("ours", func(is *forge.Commit) { is.Message = text })
}

// writes lets our commit have other texts of files.
func (c *court) writes(path, text string) {
	c.trees["ours"] = c.with("ours", map[string]string{path: text})
}

// merged merges a newer base with other files into the branch.
func (c *court) merged(others map[string]string) {
	c.commit("base2", alice(), "", c.with("base", others), "base")
	c.updated("merge", "ours", "base2", c.with("ours", others))
	c.head("merge", 2)
}

// signs is what there is to be said against it: the sign and what was found.
func signs(o *policy.Ownership) []string {
	against := []string{}
	for _, part := range []struct {
		name string
		sign *policy.Known[policy.Sign]
	}{{"head", &o.Head}, {"commits", &o.Commits}, {"tree", &o.Tree}, {"base", &o.Base}, {"branch", &o.Branch}, {"record", &o.Record}} {
		switch is, known := part.sign.Get(); {
		case !known:
			against = append(against, part.name+"? "+part.sign.Why())
		case !is.OK:
			against = append(against, part.name+": "+is.Why)
		}
	}
	return against
}

func (c *court) prove(t *testing.T, signed bool) (*proposal.Record, []string) {
	t.Helper()
	record, o, err := c.historian(signed).Prove(t.Context(), c, &c.claim)
	if err != nil {
		t.Fatal(err)
	}
	return record, signs(&o)
}

// all is one reason against the first signs.
func all(n int, why string) []string {
	return slices.Clone([]string{"head: " + why, "commits: " + why, "tree: " + why})[3-n:]
}
