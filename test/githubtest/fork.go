package githubtest

import (
	"os"
	"path/filepath"
)

// Fork makes a fork for an account: a repository of its own, which shares the
// objects, with all branches and tags. It has no issues, as GitHub's have.
func (s *Server) Fork(of *Repository, account string) *Repository {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.add(account + "/" + of.Name)
	of.forks = append(of.forks, r)
	r.parent, r.Private, r.Internal, r.settings, r.filled = of, of.Private, of.Internal, of.settings, of.filled
	r.noIssues, r.template, r.archived = true, false, false
	ctx := s.t.Context()
	shared := []byte(filepath.Join(of.git.dir, "objects") + "\n")
	if err := os.WriteFile(filepath.Join(r.git.dir, "objects", "info", "alternates"), shared, 0o600); err != nil {
		s.t.Fatalf("forking %s: %v", of.FullName(), err)
	}
	if _, err := r.git.run(ctx, nil, "fetch", "--quiet", of.git.dir, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"); err != nil {
		s.t.Fatalf("forking %s: %v", of.FullName(), err)
	}
	if _, err := r.git.run(ctx, nil, "symbolic-ref", "HEAD", "refs/heads/"+r.defaultBranch); err != nil {
		s.t.Fatalf("forking %s: %v", of.FullName(), err)
	}
	s.happen(event{name: "fork", repo: of, by: s.person(account), payload: object{"forkee": s.showRepo(r)}})
	return r
}

// root is the repository that all forks of a network come from.
func (r *Repository) root() *Repository {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

func (r *Repository) liveForks() int {
	n := 0
	for _, fork := range r.forks {
		if !fork.deleted {
			n++
		}
	}
	return n
}
