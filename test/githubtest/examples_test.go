package githubtest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// example is a payload of GitHub's own, and what is known of it.
type example struct {
	File, Event, Action, Schema string
	// Parses is "parses", or why go-github does not.
	Parses string `json:"go_github_v60"`
	body   []byte
}

// examples is GitHub's own payloads, which lie beside the checkout.
func examples(t *testing.T) []example {
	t.Helper()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "github", "webhooks")
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Skip("shared folder not present: GitHub's example webhooks are not part of this repository")
	}
	var all []example
	if err := json.Unmarshal(index, &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].body, err = os.ReadFile(filepath.Join(dir, all[i].File)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestExampleWebhooks holds GitHub's own payloads against the description that
// the stand-in's are held against, and shows which of them go-github cannot
// parse: for those the App needs a decoder of its own.
func TestExampleWebhooks(t *testing.T) {
	var unparsed []string
	for _, e := range examples(t) {
		if _, err := github.ParseWebHook(e.Event, e.body); err != nil {
			unparsed = append(unparsed, e.File)
		}
		if e.Event == "package" { // a repository's webhook gets it, an App's does not
			continue
		}
		name := e.Event
		if e.Action != "" {
			name += "." + e.Action
		}
		if err := githubtest.CheckPayload(name, e.body); (err == nil) != (e.Schema == "valid") {
			t.Errorf("%s is %.20s: %v", e.File, e.Schema, err)
		}
	}
	slices.Sort(unparsed)
	want := []string{
		"check_run.rerequested.2.json", "check_run.rerequested.json", "package.published.2.json", "package.published.3.json",
		"package.published.ghcr.json", "package.published.json", "registry_package.published.json", "registry_package.updated.json",
	}
	if !slices.Equal(unparsed, want) {
		t.Errorf("go-github cannot parse %v, known are %v", unparsed, want)
	}
}

func TestPackages(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	hub.Organization("acme")
	hub.PublishPackage(githubtest.Package{Repository: repo, Name: "web", Tag: "1.1", Digest: "sha256:11", By: "ann"})
	hub.UpdatePackage(githubtest.Package{Repository: repo, Name: "web", Digest: "sha256:22"})
	got := r.take(hub)
	if keys(got) != "registry_package.published registry_package.updated" {
		t.Fatalf("told %s", keys(got))
	}
	var in struct {
		Organization struct {
			Login string `json:"login"`
		} `json:"organization"`
		Package struct {
			Version struct {
				URL       string `json:"package_url"`
				Container struct {
					Tag struct{ Name, Digest string } `json:"tag"`
				} `json:"container_metadata"`
			} `json:"package_version"`
		} `json:"registry_package"`
	}
	for n, want := range []struct{ url, tag, digest string }{{"ghcr.io/acme/web:1.1", "1.1", "sha256:11"}, {"ghcr.io/acme/web:", "", ""}} {
		if err := json.Unmarshal(got[n].raw, &in); err != nil {
			t.Fatal(err)
		}
		version := in.Package.Version
		if version.URL != want.url || version.Container.Tag.Name != want.tag || version.Container.Tag.Digest != want.digest {
			t.Errorf("version: %v, want %v", version, want)
		}
		if in.Organization.Login != "acme" {
			t.Errorf("organization: %v", in.Organization)
		}
	}
}

func TestMergeGroup(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	number := repo.OpenPull("acme", "T", "topic", "main")
	r.take(hub)
	id := repo.CheckMergeGroup(number)
	got := r.take(hub)
	group, _ := got[len(got)-1].body["merge_group"].(map[string]any)
	if got[len(got)-1].key() != "merge_group.checks_requested" || group["head_sha"] != id || group["base_sha"] != repo.Branch("main") {
		t.Errorf("told %s, %v", keys(got), group)
	}
}

// TestRepositorysLife goes through what its owner may do to a repository.
func TestRepositorysLife(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	hub.Install("rival", everything())
	told := func(want string) {
		t.Helper()
		got := r.take(hub)
		if keys(got) != want {
			t.Errorf("told %q, want %q", keys(got), want)
		}
		for _, one := range got {
			if _, err := github.ParseWebHook(one.header.Get("X-Github-Event"), one.raw); err != nil {
				t.Errorf("%s: %v", one.key(), err)
			}
		}
	}
	told("installation.created")
	repo.SetDescription("acme", "the shop")
	told("repository.edited")
	repo.SetPrivate("acme", true)
	repo.SetPrivate("acme", false)
	told("repository.privatized repository.publicized")
	repo.Archive("acme", true)
	repo.Archive("acme", false)
	told("repository.archived repository.unarchived")
	repo.Rename("acme", "store")
	told("repository.renamed")
	repo.Commit("next", "n", map[string]string{"c.txt": "n\n"})
	told("push create check_suite.requested")
	repo.SetDefaultBranch("acme", "next")
	told("repository.edited")
	repo.Transfer("acme", "rival")
	told("installation_repositories.removed")
	repo = hub.AddRepository("acme/other", map[string]string{"x": "y"})
	hub.Install("acme", everything(), repo)
	repo.Delete("acme")
	told("installation.created repository.deleted")
}
