package githubtest

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// refOf and gitOf are a ref and an object with their repository.
type refOf struct {
	repo *Repository
	name string
}

type gitOf struct {
	repo *Repository
	gitObject
}

// ref is null for one that is not there.
func (g *graph) ref(r *Repository, name string) *thing {
	if !strings.HasPrefix(name, "refs/") || !r.hasRef(name) {
		return nil
	}
	parts := strings.SplitN(name, "/", 3)
	prefix := strings.Join(parts[:len(parts)-1], "/") + "/"
	return &thing{"Ref", object{
		"node_id": node("REF", name), "name": parts[len(parts)-1], "prefix": prefix,
	}, refOf{r, name}}
}

// gitObject is null for one that is not there.
func (g *graph) gitObject(r *Repository, name string) *thing {
	o, err := r.git.read(name)
	if err != nil {
		return nil
	}
	if o.kind == "commit" {
		return g.commitOrNull(r, o.id)
	}
	kind := map[string]string{"tree": "Tree", "blob": "Blob", "tag": "Tag"}[o.kind]
	return &thing{kind, object{"node_id": node(kind[:1], o.id), "sha": o.id}, gitOf{r, o}}
}

func (g *graph) commitOrNull(r *Repository, id string) *thing {
	t, err := r.git.readCommit(id)
	if err != nil {
		return nil
	}
	shown := r.showGitCommit(id, t)
	headline, _, _ := strings.Cut(t.message, "\n")
	shown["message_headline"], shown["committed_date"] = headline, stamp(t.committer.at)
	return &thing{"Commit", shown, gitOf{r, gitObject{id: id, kind: "commit"}}}
}

func gitFields() map[string]resolver {
	of := func(field func(*graph, gitOf) any) resolver {
		return func(g *graph, t thing, _ map[string]any) (any, error) {
			o, _ := t.of.(gitOf)
			return field(g, o), nil
		}
	}
	all := map[string]resolver{
		"Ref.target": func(g *graph, t thing, _ map[string]any) (any, error) {
			at, _ := t.of.(refOf)
			return g.gitObject(at.repo, at.name), nil
		},
		"Commit.tree":              of(func(g *graph, o gitOf) any { return g.gitObject(o.repo, o.id+"^{tree}") }),
		"Commit.statusCheckRollup": of(func(g *graph, o gitOf) any { return g.rollup(o.repo, o.id) }),
		"Commit.parents":           parentsOf,
		"Commit.author":            signedBy("author"),
		"Commit.committer":         signedBy("committer"),
		"Blob.byteSize":            of(func(_ *graph, o gitOf) any { return len(o.data) }),
		"Blob.isTruncated":         of(func(*graph, gitOf) any { return false }),
		"Blob.isBinary":            of(func(_ *graph, o gitOf) any { return binary(o.data) }),
		"Blob.text": of(func(_ *graph, o gitOf) any {
			if binary(o.data) {
				return nil
			}
			return string(o.data)
		}),
	}
	for _, kind := range []string{"Commit", "Tree", "Blob", "Tag"} {
		all[kind+".abbreviatedOid"] = of(func(_ *graph, o gitOf) any { return o.id[:7] })
		all[kind+".commitUrl"] = of(func(_ *graph, o gitOf) any { return o.repo.html("/commit/" + o.id) })
		all[kind+".commitResourcePath"] = of(func(_ *graph, o gitOf) any { return "/" + o.repo.FullName() + "/commit/" + o.id })
	}
	return all
}

func binary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) }

func parentsOf(g *graph, t thing, in map[string]any) (any, error) {
	o, _ := t.of.(gitOf)
	commit, err := o.repo.git.readCommit(o.id)
	if err != nil {
		return nil, graphFailure("", "%v", err)
	}
	var all []thing
	for _, id := range commit.parents {
		if parent := g.commitOrNull(o.repo, id); parent != nil {
			all = append(all, *parent)
		}
	}
	return connection("CommitConnection", "parents", all, in)
}

func signedBy(who string) resolver {
	return func(_ *graph, t thing, _ map[string]any) (any, error) {
		shown, _ := t.shown[who].(object)
		return thing{kind: "GitActor", shown: shown}, nil
	}
}
