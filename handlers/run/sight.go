package run

import (
	"context"
	"crypto/sha1" //nolint:gosec // it is git's
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// sight is how commits are read for the proofs of one look. What the look has seen or
// written itself is not asked for once more: a blob is what its name says, and a commit has
// the files that its tree's name says.
type sight struct {
	PullRequests

	// base has the commit head, with these entries and files.
	base, head string
	entries    []forge.Entry
	files      *tree
	// changes are the files of the proposal of which something is to be proved.
	changes map[string][]byte

	trees  map[string][]forge.Entry
	within map[string]bool
}

// sight is how the pull request of a branch is read.
func (m *merges) sight(ctx context.Context, branch string) *sight {
	if m.saw == nil {
		m.saw = &sight{
			PullRequests: m.look.PullRequests, base: m.out.Base, head: m.out.Head, files: m.out.files,
			trees: map[string][]forge.Entry{}, within: map[string]bool{},
		}
		if packed, found := m.run.Memory.Tree(ctx, m.look.Repository.ID, m.out.Base, m.out.Head); found {
			m.saw.entries, _ = unpack(packed) // nil where that cannot be read
		}
	}
	m.saw.changes = m.changing(branch)
	return m.saw
}

// changing are the files that the proposal of a branch changes.
func (m *merges) changing(branch string) map[string][]byte {
	if m.out.Desired == nil {
		return nil
	}
	for _, p := range m.out.Desired.Proposals {
		if p.Branch == branch {
			return p.Files
		}
	}
	return nil
}

// Contains is asked of GitHub where it is not about the commit that the base is at.
func (s *sight) Contains(ctx context.Context, branch, sha string) (bool, error) {
	if branch == s.base && sha == s.head {
		return true, nil
	}
	name := branch + " " + sha
	if s.within[name] {
		return true, nil
	}
	is, err := s.PullRequests.Contains(ctx, branch, sha)
	if err == nil && is {
		s.within[name] = true
	}
	return is, err //nolint:wrapcheck // it says of what
}

// Tree is that of the base, or the base with the changes of a proposal where the name of
// the commit's tree says so.
func (s *sight) Tree(ctx context.Context, sha string) ([]forge.Entry, error) {
	if sha == s.head && s.entries != nil {
		return s.entries, nil
	}
	if entries, is := s.trees[sha]; is {
		return entries, nil
	}
	entries := s.proposed(ctx, sha)
	if entries == nil {
		var err error
		if entries, err = s.PullRequests.Tree(ctx, sha); err != nil {
			return nil, err //nolint:wrapcheck // it says of what
		}
	}
	s.trees[sha] = entries
	return entries, nil
}

// proposed is the base with the changes of the proposal, if that is what a commit has; nil
// otherwise. The commit itself was read, and is not asked for again.
func (s *sight) proposed(ctx context.Context, sha string) []forge.Entry {
	if s.entries == nil || len(s.changes) == 0 {
		return nil
	}
	c, err := s.Commit(ctx, sha)
	if err != nil || len(c.Parents) != 1 || c.Parents[0] != s.head {
		return nil
	}
	if entries := s.changed(len(sha)); nameOf(entries, "", len(sha)) == c.Tree {
		return entries
	}
	return nil
}

// changed is the base with the changes of the proposal; length is that of names.
func (s *sight) changed(length int) []forge.Entry {
	entries := make([]forge.Entry, 0, len(s.entries))
	for _, e := range s.entries {
		if e.Type == "tree" {
			continue
		}
		if text, is := s.changes[e.Path]; is {
			e.SHA, e.Size = objectName("blob", text, length), int64(len(text))
		}
		entries = append(entries, e)
	}
	return entries
}

// Blob is asked of GitHub where the look has not seen it.
func (s *sight) Blob(ctx context.Context, sha string, most int64) ([]byte, error) {
	text := s.written(sha)
	if text == nil && s.files != nil {
		text = s.files.seen(sha)
	}
	if text != nil && int64(len(text)) <= most {
		return text, nil
	}
	return s.PullRequests.Blob(ctx, sha, most) //nolint:wrapcheck // it says of what
}

// written is a file of the proposal.
func (s *sight) written(sha string) []byte {
	for _, text := range s.changes {
		if objectName("blob", text, len(sha)) == sha {
			return text
		}
	}
	return nil
}

// nameOf is git's name of the folder that has these files below it, under a path; length is
// that of names.
func nameOf(entries []forge.Entry, under string, length int) string {
	type item struct{ mode, name, sha string }
	var items []item
	folders := map[string][]forge.Entry{}
	for _, e := range entries {
		first, _, deeper := strings.Cut(strings.TrimPrefix(e.Path, under), "/")
		if deeper {
			folders[first] = append(folders[first], e)
			continue
		}
		items = append(items, item{e.Mode, first, e.SHA})
	}
	for name, inside := range folders {
		items = append(items, item{"40000", name, nameOf(inside, path.Join(under, name)+"/", length)})
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(sorted(a.mode, a.name), sorted(b.mode, b.name)) })
	var text []byte
	for _, i := range items {
		sha, err := hex.DecodeString(i.sha)
		if err != nil {
			return ""
		}
		text = append(append(text, i.mode+" "+i.name+"\x00"...), sha...)
	}
	return objectName("tree", text, length)
}

// sorted is what git sorts a name by: folders as if they ended in a slash.
func sorted(mode, name string) string {
	if mode == "40000" {
		return name + "/"
	}
	return name
}

// objectName is git's name of an object, in as many digits.
func objectName(kind string, text []byte, length int) string {
	sum := sha1.New() //nolint:gosec // as above
	if length == hex.EncodedLen(sha256.Size) {
		sum = sha256.New()
	}
	fmt.Fprintf(sum, "%s %d\x00", kind, len(text))
	sum.Write(text)
	return hex.EncodeToString(sum.Sum(nil))
}
