package githubtest

import (
	"cmp"
	"fmt"
)

// Package is a version of an image in GitHub's registry.
type Package struct {
	// Repository is the one that the package is linked to.
	Repository *Repository
	Name       string // "web" of ghcr.io/acme/web
	// Tag is "" for a version without one, such as a platform's manifest.
	Tag, Digest string
	Host        string // of the registry, ghcr.io when ""
	By          string // the repository's owner when ""
}

// PublishPackage tells the App of an image that was pushed to GitHub's
// registry. Nothing is pushed: the registry is the test's.
func (s *Server) PublishPackage(p Package) { s.packaged("published", p) }

// UpdatePackage tells the App that a version changed: a tag was moved to it.
func (s *Server) UpdatePackage(p Package) { s.packaged("updated", p) }

func (s *Server) packaged(action string, p Package) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.person(cmp.Or(p.By, p.Repository.Owner))
	s.happen(event{name: "registry_package", action: action, repo: p.Repository, by: by, payload: object{
		"registry_package": s.showPackage(p, by),
	}})
}

func (s *Server) showPackage(p Package, by *user) object {
	owner := p.Repository.owner
	page := fmt.Sprintf("%s/users/%s/packages/container/package/%s", s.URL, owner.login, p.Name)
	if owner.kind == "Organization" {
		page = fmt.Sprintf("%s/orgs/%s/packages/container/package/%s", s.URL, owner.login, p.Name)
	}
	return object{
		"id": s.id(), "name": p.Name, "namespace": owner.login, "description": nil, "ecosystem": "CONTAINER",
		"package_type": "CONTAINER", "html_url": page, "created_at": stamp(s.Now()), "updated_at": stamp(s.Now()),
		"owner": s.showUser(owner), "package_version": s.showVersion(p, page, by), "registry": object{
			"about_url": "https://docs.github.com/packages", "name": "GitHub CONTAINER registry", "type": "CONTAINER",
			"url": "https://CONTAINER.pkg.github.com/" + owner.login, "vendor": "GitHub Inc",
		},
	}
}

func (s *Server) showVersion(p Package, page string, by *user) object {
	id := s.id()
	// A version without a tag has the colon all the same.
	image := fmt.Sprintf("%s/%s/%s:%s", cmp.Or(p.Host, "ghcr.io"), p.Repository.owner.login, p.Name, p.Tag)
	tag := object{"name": p.Tag, "digest": p.Digest}
	if p.Tag == "" {
		tag["digest"] = ""
	}
	return object{
		"id": id, "version": p.Digest, "name": p.Digest, "summary": "", "description": "", "body": "", "body_html": "",
		"manifest": "", "html_url": fmt.Sprintf("%s/%d", page, id), "tag_name": p.Tag, "target_commitish": p.Repository.defaultBranch,
		"target_oid": p.Repository.branch(p.Repository.defaultBranch), "draft": false, "prerelease": false,
		"created_at": stamp(s.Now()), "updated_at": stamp(s.Now()), "metadata": []object{}, "docker_metadata": []object{},
		"package_files": []object{}, "installation_command": "docker pull " + image, "package_url": image,
		"author": s.showUser(by), "container_metadata": object{
			"tag": tag, "labels": object{"description": "", "source": p.Repository.html(""), "all_labels": object{}},
			"manifest": object{
				"digest": p.Digest, "media_type": "application/vnd.oci.image.index.v1+json", "size": 1234, "layers": []object{},
				"uri": fmt.Sprintf("repositories/%s/%s/manifests/%s", p.Repository.owner.login, p.Name, p.Digest),
			},
		},
	}
}
