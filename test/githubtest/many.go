package githubtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// AddRepositories makes very many repositories, each with one commit on main; of
// gives the full name and the files of one. They share one store of objects, as
// forks do at GitHub, and one git that reads it: 10,000 take half a minute and
// no program that keeps running. No event tells of them. Their refs are never packed,
// so nothing that packs them may be done to them, such as a large push by git itself.
func (s *Server) AddRepositories(count int, of func(n int) (fullName string, files map[string]string)) []*Repository {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := context.WithoutCancel(s.t.Context())
	folder := s.t.TempDir()
	store, err := newGitRepo(ctx, filepath.Join(folder, "store.git"), s.signing)
	if err != nil {
		s.t.Fatalf("making a store of objects: %v", err)
	}
	s.stores = append(s.stores, store)
	all := make([]*Repository, 0, count)
	for n := range count {
		name, files := of(n)
		r, err := s.addTo(ctx, store, filepath.Join(folder, fmt.Sprintf("%d.git", n)), name, files)
		if err != nil {
			s.t.Fatalf("making %s: %v", name, err)
		}
		all = append(all, r)
	}
	return all
}

func (s *Server) addTo(ctx context.Context, store *gitRepo, dir, name string, files map[string]string) (*Repository, error) {
	git, err := newGitRepoWith(ctx, dir, s.signing, "refs/heads")
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(filepath.Join(store.dir, "objects"), filepath.Join(dir, "objects")); err != nil {
		return nil, fmt.Errorf("sharing objects: %w", err)
	}
	git.store = store
	r := s.addWith(name, git)
	pushed := map[string]*File{}
	for path, text := range files {
		pushed[path] = Text(text)
	}
	id, err := r.build(ctx, r.owner, "", "Initial commit", pushed)
	if err != nil {
		return nil, err
	}
	r.filled, r.pushers["main"] = true, r.owner
	return r, place(filepath.Join(dir, "refs", "heads", "main"), []byte(id+"\n"))
}

// inStore is a name as the store of objects knows it: with the id of what a ref
// points at in the place of the ref.
func (g *gitRepo) inStore(name string) (string, error) {
	end := strings.IndexAny(name, "^:")
	if end < 0 {
		end = len(name)
	}
	ref, rest := name[:end], name[end:]
	if ids.MatchString(ref) {
		return name, nil
	}
	if !strings.HasPrefix(ref, "refs/") || !filepath.IsLocal(ref) {
		return "", fmt.Errorf("%s: %w", name, errMissing)
	}
	text, err := os.ReadFile(filepath.Join(g.dir, ref)) //nolint:gosec // a local path, by the line above
	id := strings.TrimSpace(string(text))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && id == "":
		return "", fmt.Errorf("%s: %w", name, errMissing)
	case err != nil:
		return "", fmt.Errorf("%s: %w: %w", name, errMissing, err) // a folder of refs
	}
	return id + rest, nil
}
