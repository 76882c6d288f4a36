// Package sources_test holds handlers/sources against the stand-in for GitHub.
package sources_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/sources"
	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// planted stands in all notes, files and commits of what is not public, with the
// repository's name.
const planted = "PLANTED"

const minute = time.Minute

// world is a GitHub on which the App is installed twice: on acme and on evilcorp.
type world struct {
	t          *testing.T
	hub        *githubtest.Server
	acme, evil *githubtest.Installation
	repos      map[string]*githubtest.Repository
}

// repositories by their visibility, and whether the App is on them.
func repositories() map[string]struct {
	visibility changelog.Visibility
	installed  bool
} {
	return map[string]struct {
		visibility changelog.Visibility
		installed  bool
	}{
		"acme/deploy":      {changelog.Private, true},
		"acme/inner":       {changelog.Internal, true},
		"acme/shown":       {changelog.Public, true},
		"acme/private":     {changelog.Private, true},
		"acme/internal":    {changelog.Internal, true},
		"acme/apart":       {changelog.Private, false},
		"evilcorp/deploy":  {changelog.Public, true},
		"evilcorp/private": {changelog.Private, true},
		"open/lib":         {changelog.Public, false},
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	start := time.Now().Truncate(time.Second)
	hub := githubtest.New(t, githubtest.Options{InMemory: true, Now: func() time.Time { return start }})
	w := &world{t: t, hub: hub, repos: map[string]*githubtest.Repository{}}
	on := map[string][]*githubtest.Repository{}
	for name, is := range repositories() {
		notes := "notes of " + name
		if is.visibility != changelog.Public {
			notes = planted + " " + notes
		}
		r := hub.AddRepository(name, map[string]string{"CHANGELOG.md": "# 1.1.0\n\n" + notes + "\n", "docs/a.txt": notes})
		r.Private, r.Internal = is.visibility != changelog.Public, is.visibility == changelog.Internal
		owner := r.Owner
		r.Release(owner, "v1.0.0", "One", "first "+notes, "")
		r.Commit("main", "Fix it: "+notes, map[string]string{"a": "b"})
		r.Release(owner, "v1.1.0", "One one", "second "+notes, "")
		r.Release(owner, "v2.0.0", "Two", "draft "+notes, "draft")
		w.repos[name] = r
		if is.installed {
			on[owner] = append(on[owner], r)
		}
	}
	may := map[string]string{"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write"}
	w.acme, w.evil = hub.Install("acme", may, on["acme"]...), hub.Install("evilcorp", may, on["evilcorp"]...)
	return w
}

// sleep lets the world's clock go on instead.
func (w *world) sleep(_ context.Context, d time.Duration) error {
	w.hub.Advance(max(d, 0).Truncate(time.Second) + time.Second) //nolint:contextcheck // it moves a clock
	return nil
}

func (w *world) github() *forge.GitHub {
	w.t.Helper()
	g, err := forge.New(forge.Options{
		URLs:  forge.URLs{Web: "https://github.com", REST: w.hub.APIURL(), GraphQL: w.hub.GraphQLURL()},
		AppID: w.hub.App.ID, PrivateKey: []byte(w.hub.App.PrivateKey),
		Transport: w.hub.Transport(), Now: w.hub.Now, Sleep: w.sleep, Unpaced: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) sources(o sources.Options) *sources.Sources {
	w.t.Helper()
	if o.Hosts == nil {
		o.GitHub, o.Web = w.github(), "https://github.com"
	}
	o.Now, o.Sleep, o.Transport = w.hub.Now, w.sleep, w.hub.Transport()
	s, err := sources.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// source is that of a target, whose installation is told by its owner.
func (w *world) source(s *sources.Sources, target string, allow bool) changelog.Source {
	w.t.Helper()
	r, i := w.repos[target], w.acme
	if r.Owner == "evilcorp" {
		i = w.evil
	}
	return s.For(i.ID, r.Owner, forge.Ref{ID: r.ID, Owner: r.Owner, Name: r.Name}, allow)
}

func repository(name string) changelog.Repository {
	return changelog.Repository{Host: "github.com", Path: name, Forge: changelog.GitHub}
}

// everything asks all that a Source can be asked of a repository, and gives all that it says.
func everything(ctx context.Context, s changelog.Source, repo changelog.Repository) (said string, errs []error) {
	var all strings.Builder
	note := func(value any, err error) {
		text, marshaling := json.Marshal(value)
		fmt.Fprintln(&all, string(text), err)
		errs = append(errs, errors.Join(err, marshaling))
	}
	access, err := s.Access(ctx, repo)
	note(access, err)
	releases, _, err := s.Releases(ctx, repo, 1)
	note(releases, err)
	tags, err := s.Tags(ctx, repo)
	note(tags, err)
	names, err := s.Files(ctx, repo, "v1.1.0", "")
	note(names, err)
	file, err := s.File(ctx, repo, "v1.1.0", "CHANGELOG.md")
	note(string(file), err)
	commits, err := s.Compare(ctx, repo, "v1.0.0", "v1.1.0")
	note(commits, err)
	return all.String(), errs
}

// facts keep all.
type facts struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (f *facts) Fact(_ context.Context, name string) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value, found := f.kept[name]
	return value, found
}

func (f *facts) KeepFact(_ context.Context, name string, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		f.kept = map[string][]byte{}
	}
	f.kept[name] = value
}

// asked is what was asked since a mark, by operation and in order.
func (w *world) asked(mark githubtest.Mark, filters ...githubtest.Filter) []string {
	var all []string
	for _, e := range w.hub.Since(mark, filters...) {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %d", e.Operation, e.Status)))
	}
	return all
}
