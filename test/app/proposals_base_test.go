package app_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// conflicting is a change of the base beside the image's line, which no merge
// unites with another one of that line.
func (l *life) conflicting(image string) {
	text := strings.Replace(deployment(l.name(image)), "- name: web", "- name: shop", 1)
	l.repo.Push("main", "alice", "beside it", map[string]*githubtest.File{l.file(image): githubtest.Text(text)})
}

// renamed says whether a branch has that change.
func (l *life) renamed(branch string) bool {
	return strings.Contains(l.repo.Read(branch, "deploy/web.yaml"), "name: shop")
}

// settle gives GitHub time to find out what merges.
func (l *life) settle() {
	for range 3 {
		l.hub.Advance(2 * time.Minute)
		l.look()
	}
}

// bases are the stories of what happens to the base.
func bases(web, next []string) []tale {
	return []tale{
		{"conflict", "", web, next, func(l *life) {
			p := l.one()
			l.conflicting("web:1.0.0")
			l.settle()
			if l.one().Number != p.Number || !l.renamed(p.Head) {
				l.t.Error("it was not built again")
			}
			l.quiet()
		}},
		{"no conflict", "", web, next, func(l *life) {
			p := l.one()
			l.repo.Push("main", "alice", "other", map[string]*githubtest.File{"README.md": githubtest.Text("new\n")})
			l.settle()
			if l.one().HeadSHA != p.HeadSHA {
				l.t.Error("it was written without need")
			}
		}},
		{"rebase: behind", "pullRequests: {rebase: behind}\n", web, next, func(l *life) {
			p := l.one()
			l.repo.Push("main", "alice", "other", map[string]*githubtest.File{"README.md": githubtest.Text("new\n")})
			l.look()
			if l.one().Number != p.Number || !exists(l.repo, p.Head, "README.md") {
				l.t.Error("it was not built again")
			}
		}},
		{"rebase: never", "pullRequests: {rebase: never}\n", web, next, func(l *life) {
			p := l.one()
			l.conflicting("web:1.0.0")
			l.settle()
			if l.one().HeadSHA != p.HeadSHA {
				l.t.Error("it was written")
			}
			l.push("web:1.2.0")
			l.look()
			if !l.renamed(p.Head) {
				l.t.Error("a newer version was not written onto the newest base")
			}
		}},
		{"base renamed", "", web, next, func(l *life) {
			p := l.one()
			l.repo.PushRefs(map[string]string{"refs/heads/trunk": l.repo.Branch("main")})
			l.repo.SetDefaultBranch("acme", "trunk")
			l.as("alice", http.MethodPatch, "/pulls/1", map[string]string{"base": "trunk"}) // as GitHub does it
			l.repo.DeleteBranch("main", "acme")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if l.one().Number != p.Number || len(l.one().Comments) > 0 {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
		}},
		{"another default branch", "", web, next, func(l *life) {
			p := l.one()
			l.repo.PushRefs(map[string]string{"refs/heads/trunk": l.repo.Branch("main")})
			l.repo.SetDefaultBranch("acme", "trunk")
			l.look()
			l.has("web=1.1.0")
			if now := l.one(); now.Base != "trunk" || now.Number == p.Number || l.repo.Branch(p.Head) != "" {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
		}},
	}
}

// digest is what the tag that is followed has now.
func (l *life) digest() string {
	l.t.Helper()
	digest, err := l.registry.Digest("acme/web", "stable")
	if err != nil {
		l.t.Fatal(err)
	}
	return digest
}

// retag puts other content under a tag.
func (l *life) retag(image, content string) {
	l.t.Helper()
	name, tag, _ := strings.Cut(image, ":")
	err := l.registry.PushImage("acme/"+name, tag, registry.Image{Labels: map[string]string{"content": content}})
	if err != nil {
		l.t.Fatal(err)
	}
}

func failing() registry.Fault { return registry.Fault{Status: http.StatusInternalServerError} }

// rollbacks are the stories of what was merged and is wanted no more.
func rollbacks(web []string) []tale {
	merge := func(l *life) {
		l.t.Helper()
		l.repo.MergePull(l.one().Number, "alice", "squash")
	}
	return []tale{
		{"rolled back under semver", "pullRequests: {perHour: 50}\n", web, []string{"web:1.1.0"}, func(l *life) {
			merge(l)
			l.push("web:1.2.0")
			l.look()
			merge(l)
			l.look()
			l.by("web:1.1.0")
			l.look()
			l.has()
			l.by("web:1.0.0")
			l.look()
			l.has()
			l.push("web:1.3.0")
			l.look()
			l.has("web=1.3.0")
		}},
		{"rolled back under newest", "defaults: {strategy: newest}\npullRequests: {perHour: 50}\n", []string{"web:a"}, nil, func(l *life) {
			l.created("web:a", 1)
			l.created("web:b", 2)
			l.look()
			l.has("web=b")
			merge(l)
			l.look()
			l.by("web:a")
			l.look()
			l.has()
			l.created("web:c", 3)
			l.look()
			l.has("web=c")
		}},
		{"rolled back under digest", "defaults: {strategy: digest, track: stable}\npullRequests: {perHour: 50}\n", []string{"web:stable"}, nil, func(l *life) {
			old := l.digest()
			merge(l)
			l.look()
			l.retag("web:stable", "newer")
			l.look()
			l.has("web=stable@" + l.digest())
			merge(l)
			l.look()
			l.by("web:stable@" + old)
			l.look()
			l.has()
			l.retag("web:stable", "newest")
			l.look()
			l.has("web=stable@" + l.digest())
		}},
	}
}

// created pushes an image that says when it was made, in days.
func (l *life) created(image string, day int) {
	l.t.Helper()
	name, tag, _ := strings.Cut(image, ":")
	made := time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)
	if err := l.registry.PushImage("acme/"+name, tag, registry.Image{Created: made}); err != nil {
		l.t.Fatal(err)
	}
}
