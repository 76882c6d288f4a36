package githubtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
)

// entry is a line of a tree.
type entry struct{ mode, name, id string }

func (e entry) kind() string {
	switch e.mode {
	case "040000":
		return "tree"
	case "160000":
		return "commit"
	}
	return "blob"
}

// entries reads one tree.
func (g *gitRepo) entries(name string) ([]entry, error) {
	o, err := g.readAs("tree", name)
	if err != nil {
		return nil, err
	}
	var found []entry
	for data := o.data; len(data) > 0; {
		zero := bytes.IndexByte(data, 0)
		mode, file, _ := strings.Cut(string(data[:zero]), " ")
		found = append(found, entry{fmt.Sprintf("%06s", mode), file, hex.EncodeToString(data[zero+1 : zero+21])})
		data = data[zero+21:]
	}
	return found, nil
}

// walk is all entries of a tree, those below included, with whole paths.
func (g *gitRepo) walk(tree, under string) ([]entry, error) {
	direct, err := g.entries(tree)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, e := range direct {
		all = append(all, entry{e.mode, under + e.name, e.id})
		if e.kind() != "tree" {
			continue
		}
		below, err := g.walk(e.id, under+e.name+"/")
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// edit writes base with changes laid over it. An empty id removes the path.
func (g *gitRepo) edit(ctx context.Context, base string, changes []entry) (string, error) {
	have := map[string]entry{}
	if base != "" {
		direct, err := g.entries(base)
		if err != nil {
			return "", err
		}
		for _, e := range direct {
			have[e.name] = e
		}
	}
	below := map[string][]entry{}
	for _, change := range changes {
		dir, rest, nested := strings.Cut(change.name, "/")
		switch {
		case nested:
			below[dir] = append(below[dir], entry{change.mode, rest, change.id})
		case change.id == "" && have[change.name].id == "":
			return "", fmt.Errorf("removing %s: %w", change.name, errMissing)
		case change.id == "":
			delete(have, change.name)
		default:
			if err := g.sound(change); err != nil {
				return "", err
			}
			have[change.name] = change
		}
	}
	if err := g.editBelow(ctx, have, below); err != nil {
		return "", err
	}
	return g.mktree(ctx, have)
}

func (g *gitRepo) editBelow(ctx context.Context, have map[string]entry, below map[string][]entry) error {
	for dir, changes := range below {
		base := ""
		if e := have[dir]; e.id != "" && e.kind() == "tree" {
			base = e.id
		}
		id, err := g.edit(ctx, base, changes)
		if err != nil {
			return err
		}
		have[dir] = entry{"040000", dir, id}
		if left, err := g.entries(id); err == nil && len(left) == 0 {
			delete(have, dir) // git knows no empty directories
		}
	}
	return nil
}
