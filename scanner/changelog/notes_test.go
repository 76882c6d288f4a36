package changelog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// forge is a Source of one repository, and a record of what it was asked.
type forge struct {
	access   changelog.Access
	releases [][]changelog.Release // by page
	tags     []string
	files    map[string]string // by revision:path
	compared map[string]changelog.Comparison
	fails    map[string]error // by method
	asked    []string
}

func (f *forge) ask(method, what string) error {
	f.asked = append(f.asked, strings.TrimSpace(method+" "+what))
	return f.fails[method]
}

func (f *forge) Access(_ context.Context, repo changelog.Repository) (changelog.Access, error) {
	return f.access, f.ask("access", repo.Path)
}

func (f *forge) Releases(_ context.Context, _ changelog.Repository, page int) ([]changelog.Release, bool, error) {
	if err := f.ask("releases", strconv.Itoa(page)); err != nil || page > len(f.releases) {
		return nil, false, err
	}
	return f.releases[page-1], page < len(f.releases), nil
}

func (f *forge) Tags(context.Context, changelog.Repository) ([]string, error) {
	return f.tags, f.ask("tags", "")
}

func (f *forge) Files(_ context.Context, _ changelog.Repository, revision, directory string) ([]string, error) {
	var names []string
	for at := range f.files {
		path, ok := strings.CutPrefix(at, revision+":")
		if name, in := strings.CutPrefix(path, strings.TrimPrefix(directory+"/", "/")); ok && in && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, f.ask("files", revision+":"+directory)
}

func (f *forge) File(_ context.Context, _ changelog.Repository, revision, path string) ([]byte, error) {
	if err := f.ask("file", revision+":"+path); err != nil {
		return nil, err
	}
	text, ok := f.files[revision+":"+path]
	if !ok {
		return nil, changelog.ErrNotFound
	}
	return []byte(text), nil
}

func (f *forge) Compare(_ context.Context, _ changelog.Repository, from, to string) (changelog.Comparison, error) {
	if err := f.ask("compare", from+"..."+to); err != nil {
		return changelog.Comparison{}, err
	}
	c, ok := f.compared[from+"..."+to]
	if !ok {
		return c, changelog.ErrNotFound
	}
	return c, nil
}

var public = changelog.Access{Visibility: changelog.Public}

// origin is acme/api at a revision.
func origin(revision string) changelog.Origin {
	return changelog.Origin{Repository: changelog.Repository{Host: "github.com", Path: "acme/api", Forge: changelog.GitHub}, Revision: revision}
}

// step is an update of ghcr.io/acme/api.
func step(t *testing.T, from, to string) *changelog.Request {
	t.Helper()
	return &changelog.Request{
		Image: repository(t, "ghcr.io/acme/api"), Target: changelog.Public,
		From: changelog.Side{Tag: from, Origin: origin("")}, To: changelog.Side{Tag: to, Origin: origin("")},
	}
}

// shown is the notes in a few lines.
func shown(n changelog.Notes) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", n.Outcome)
	for _, why := range n.Why {
		fmt.Fprintf(&b, "; %s", why)
	}
	if n.Pending {
		b.WriteString("; pending")
	}
	fmt.Fprintf(&b, "\n<%s>\n", strings.TrimPrefix(n.Link, "https://"))
	for _, e := range n.Entries {
		fmt.Fprintf(&b, "%s %s: %q", e.Tag, e.Told, e.Text)
		if e.Cut {
			b.WriteString(" cut")
		}
		b.WriteString("\n")
	}
	if n.Left > 0 {
		fmt.Fprintf(&b, "and %d more\n", n.Left)
	}
	if c := n.Commits; c != nil {
		for _, change := range c.Changes {
			fmt.Fprintf(&b, "- %s (%s, %d) %s\n", change.Subject, change.Author, change.Pull, strings.TrimPrefix(change.URL, "https://github.com/"))
		}
		fmt.Fprintf(&b, "%d commits, bots %v, %d merges, %d left, %d behind\n", c.Total, c.Bots, c.Merges, c.Left, c.Behind)
	}
	return strings.TrimSpace(b.String())
}

func release(tag, body string) changelog.Release { return changelog.Release{Tag: tag, Body: body} }

func commits(messages ...string) changelog.Comparison {
	var c changelog.Comparison
	for i, message := range messages {
		c.Commits = append(c.Commits, changelog.Commit{SHA: strings.Repeat(fmt.Sprintf("%da", i+1), 20), Message: message, Login: "octocat"})
	}
	c.Total = len(messages)
	return c
}

func TestCollect(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		change   func(*changelog.Request)
		forge    forge
		want     string
		asked    string // "" for whatever
	}{
		"releases": {
			from: "1.2.0", to: "1.3.0-alpine",
			forge: forge{access: public, releases: [][]changelog.Release{{release("v1.4.0", "four"), release("v1.3.0", "three"), release("v1.2.1", "one\r\nmore\n"), release("v1.2.0", "zero")}}},
			want:  "notes of versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 a release: \"three\"\nv1.2.1 a release: \"one\\nmore\"",
			asked: "access acme/api, releases 1",
		},
		"a second page": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{access: public, releases: [][]changelog.Release{{release("v1.3.0", "three")}, {release("v1.2.1", "one"), release("v1.2.0", "zero")}, {release("v1.1.0", "")}}},
			want:  "notes of versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 a release: \"three\"\nv1.2.1 a release: \"one\"",
			asked: "access acme/api, releases 1, releases 2",
		},
		"tags where releases are too many": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{
				access: public, tags: []string{"v1.2.0", "v1.3.0"}, releases: [][]changelog.Release{{release("v1.9.0", "")}, {release("v1.8.0", "")}, {release("v1.3.0", "far")}},
				files: map[string]string{"v1.3.0:CHANGELOG.md": "## 1.3.0\n- three\n"},
			},
			want:  "notes of versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 a changelog: \"- three\"",
			asked: "access acme/api, releases 1, releases 2, tags, files v1.3.0:, file v1.3.0:CHANGELOG.md",
		},
		"a changelog for what releases don't say": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{
				access: public, releases: [][]changelog.Release{{release("v1.3.0", "See [CHANGELOG](https://github.com/acme/api/blob/main/CHANGELOG.md)"), release("v1.2.1", "one"), release("v1.2.0", "")}},
				files: map[string]string{"v1.3.0:CHANGELOG.md": "## 1.3.0\n- three\n## 1.2.1\n- other\n", "v1.3.0:README.md": "x"},
			},
			want: "notes of versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 a changelog: \"- three\"\nv1.2.1 a release: \"one\"",
		},
		"the image's own changelog before the repository's": {
			from: "1.2.0", to: "1.3.0",
			change: func(r *changelog.Request) { r.To.Origin.Directory = "services/api" },
			forge: forge{
				access: public, tags: []string{"api/v1.2.0", "api/v1.3.0", "web/v1.3.0"},
				files: map[string]string{"api/v1.3.0:CHANGELOG.md": "## 1.3.0\n- wrong\n", "api/v1.3.0:services/api/CHANGES.rst": "1.3.0\n=====\n\n- right\n"},
			},
			want: "notes of versions\n<github.com/acme/api/compare/api/v1.2.0...api/v1.3.0>\napi/v1.3.0 a changelog: \"- right\"",
		},
		"commits where there are no notes": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{
				access: public, releases: [][]changelog.Release{{release("v1.3.0", "**Full Changelog**: https://github.com/acme/api/compare/v1.2.0...v1.3.0"), release("v1.2.0", "")}},
				compared: map[string]changelog.Comparison{"v1.2.0...v1.3.0": commits("First", "Second (#12)")},
			},
			want: "commits; there are no release notes for these versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 : \"\"\n" +
				"- Second (octocat, 12) acme/api/commit/2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a\n- First (octocat, 0) acme/api/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n2 commits, bots [], 0 merges, 0 left, 0 behind",
		},
		"the link where commits cannot be read": {
			from: "1.2.0", to: "1.3.0", forge: forge{access: public, tags: []string{"v1.2.0", "v1.3.0"}},
			want: "a link; there are no release notes for these versions; the commits between the two cannot be read\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 : \"\"",
		},
		"no tag fits: the revisions": {
			from: "1.2.0", to: "1.3.0",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = origin(shaA), origin(shaB) },
			forge:  forge{access: public, tags: []string{"web/v1.2.0"}, compared: map[string]changelog.Comparison{shaA + "..." + shaB: commits("One")}},
			want: "commits; no tag of the source fits these versions\n<github.com/acme/api/compare/" + shaA + "..." + shaB + ">\n" +
				"- One (octocat, 0) acme/api/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n1 commits, bots [], 0 merges, 0 left, 0 behind",
		},
		"no tag and no revision": {
			from: "1.2.0", to: "1.3.0", forge: forge{access: public},
			want: "a link; no tag of the source fits these versions; the images do not say which commits they were built from\n<github.com/acme/api>",
		},
		"a release that is marked as a pre-release": {
			from: "1.2.0", to: "1.4.0",
			forge: forge{access: public, releases: [][]changelog.Release{{release("v1.4.0", "four"), {Tag: "v1.3.0", Body: "three", PreRelease: true}, release("v1.2.0", "")}}},
			want:  "notes of versions\n<github.com/acme/api/compare/v1.2.0...v1.4.0>\nv1.4.0 a release: \"four\"",
		},
		"older": {
			from: "1.3.0", to: "1.2.0", forge: forge{access: public, releases: [][]changelog.Release{{release("v1.3.0", "x"), release("v1.2.0", "y")}}},
			want: "a link; it is an older version\n<github.com/acme/api/compare/v1.3.0...v1.2.0>",
		},

		"first-party: tags of a branch": {
			from: "main-aaaaaaa1-1690000000", to: "main-bbbbbbb2-1690000999",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = changelog.Origin{}, origin("bbbbbbb2") },
			forge: forge{access: changelog.Access{Visibility: changelog.Private, Installed: true}, compared: map[string]changelog.Comparison{
				"aaaaaaa1...bbbbbbb2": {Total: 9, Commits: []changelog.Commit{
					{SHA: shaA, Message: "Bump x from 1 to 2", Login: "dependabot[bot]"},
					{SHA: shaA, Message: "Bump y", Login: "renovate-x", Bot: true},
					{SHA: shaA, Message: "Bump z", Author: "dependabot[bot]"},
					{SHA: shaA, Message: "Merge branch 'main' into feature"},
					{SHA: shaA, Message: "Merge pull request #7 from acme/feature\n\nAdd the feature\n", Login: "mona"},
					{SHA: shaA, Message: "Fix @octocat's fault (#8)\n\nAt length.", Author: "@Mona Lisa"},
					{SHA: shaB, Message: strings.Repeat("ä", 300), Login: "mona"},
				}},
			}},
			want: "commits\n<github.com/acme/api/compare/aaaaaaa1...bbbbbbb2>\n" +
				"- " + strings.Repeat("ä", 100) + " (mona, 0) acme/api/commit/" + shaB + "\n- Fix @octocat's fault (Mona Lisa, 8) acme/api/commit/" + shaA + "\n- Add the feature (mona, 7) acme/api/commit/" + shaA + "\n" +
				"9 commits, bots [{dependabot 2} {renovate-x 1}], 1 merges, 2 left, 0 behind",
			asked: "access acme/api, compare aaaaaaa1...bbbbbbb2",
		},
		"a digest": {
			from: "1.2.0", to: "1.2.0",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = origin(shaA), origin(shaB) },
			forge:  forge{access: public, compared: map[string]changelog.Comparison{shaA + "..." + shaB: commits("Rebuild on the new base")}},
			want: "commits\n<github.com/acme/api/compare/" + shaA + "..." + shaB + ">\n" +
				"- Rebuild on the new base (octocat, 0) acme/api/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n1 commits, bots [], 0 merges, 0 left, 0 behind",
			asked: "access acme/api, compare " + shaA + "..." + shaB,
		},
		"a digest of the same commit": {
			from: "1.2.0", to: "1.2.0",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = origin(shaA), origin(shaA[:12]) },
			forge:  forge{access: public}, want: "a link; both were built from the same commit\n<github.com/acme/api>", asked: "access acme/api",
		},
		"a digest of a tag that moves, and images that say their versions": {
			from: "1.2", to: "1.2",
			change: func(r *changelog.Request) { r.From.Origin.Version, r.To.Origin.Version = "1.2.3", "1.2.4" },
			forge:  forge{access: public, releases: [][]changelog.Release{{release("v1.2.4", "four"), release("v1.2.3", "three")}}},
			want:   "notes of versions\n<github.com/acme/api/compare/v1.2.3...v1.2.4>\nv1.2.4 a release: \"four\"",
		},
		"a digest of an official image: its packaging": {
			from: "1.25.3", to: "1.25.3",
			change: func(r *changelog.Request) {
				for side, sha := range map[*changelog.Side]string{&r.From: shaA, &r.To: shaB} {
					side.Origin.Packaging = changelog.Address{Repository: changelog.Repository{Host: "github.com", Path: "docker-library/api", Forge: changelog.GitHub}, Revision: sha}
				}
			},
			forge: forge{access: public, compared: map[string]changelog.Comparison{shaA + "..." + shaB: commits("Update the base")}},
			want: "commits; these are changes of the image's packaging\n<github.com/docker-library/api/compare/" + shaA + "..." + shaB + ">\n" +
				"- Update the base (octocat, 0) docker-library/api/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n1 commits, bots [], 0 merges, 0 left, 0 behind",
			asked: "access acme/api, access docker-library/api, compare " + shaA + "..." + shaB,
		},
		"a digest of an official image that no table has": {
			from: "1.0", to: "1.0",
			change: func(r *changelog.Request) {
				r.From.Origin, r.To.Origin = origin(shaA), origin(shaB)
				r.From.Origin.Repository.Path, r.To.Origin.Repository.Path = "docker-library/hello-world", "docker-library/hello-world"
			},
			forge: forge{access: public, compared: map[string]changelog.Comparison{shaA + "..." + shaB: commits("Update")}},
			want: "commits; these are changes of the image's packaging\n<github.com/docker-library/hello-world/compare/" + shaA + "..." + shaB + ">\n" +
				"- Update (octocat, 0) docker-library/hello-world/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n1 commits, bots [], 0 merges, 0 left, 0 behind",
		},
		"another branch": {
			from: "sha-aaaaaaa1", to: "sha-bbbbbbb2",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = origin("aaaaaaa1"), origin("bbbbbbb2") },
			forge:  forge{access: public, compared: map[string]changelog.Comparison{"aaaaaaa1...bbbbbbb2": {Total: 1, Behind: 3, Commits: commits("One").Commits}}},
			want: "commits; the new image lacks commits of the old one\n<github.com/acme/api/compare/aaaaaaa1...bbbbbbb2>\n" +
				"- One (octocat, 0) acme/api/commit/1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\n1 commits, bots [], 0 merges, 0 left, 3 behind",
		},
		"a commit that is gone": {
			from: "sha-aaaaaaa1", to: "sha-bbbbbbb2",
			change: func(r *changelog.Request) { r.From.Origin, r.To.Origin = origin("aaaaaaa1"), origin("bbbbbbb2") },
			forge:  forge{access: public}, want: "a link; the commits between the two cannot be read\n<github.com/acme/api>",
		},
		"another repository than before": {
			from: "sha-aaaaaaa1", to: "sha-bbbbbbb2",
			change: func(r *changelog.Request) {
				r.From.Origin, r.To.Origin = origin("aaaaaaa1"), origin("bbbbbbb2")
				r.From.Origin.Repository.Path = "acme/old"
			},
			forge: forge{access: public}, want: "a link; the two images were built from different repositories; the images do not say which commits they were built from\n<github.com/acme/api>",
			asked: "access acme/api",
		},

		"no source": {
			from: "1.2.0", to: "1.3.0", change: func(r *changelog.Request) { r.To.Origin = changelog.Origin{} },
			want: "nothing; the image does not say where its source is\n<>", asked: "",
		},
		"another forge": {
			from: "1.2.0", to: "1.3.0",
			change: func(r *changelog.Request) {
				for side, sha := range map[*changelog.Side]string{&r.From: shaA, &r.To: shaB} {
					side.Origin = changelog.Origin{Repository: changelog.Repository{Host: "gitlab.com", Path: "acme/api"}, Revision: sha}
				}
			},
			want: "a link; its source is not on GitHub\n<gitlab.com/acme/api/-/compare/" + shaA + "..." + shaB + ">", asked: "",
		},
		"limits": {
			from: "1.2.0", to: "1.3.0", forge: forge{access: public, fails: map[string]error{"releases": fmt.Errorf("%w: 403", changelog.ErrLater)}},
			want: "a link; the source did not answer in time; pending\n<github.com/acme/api>",
		},
		"limits when some is known": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{
				access: public, fails: map[string]error{"files": changelog.ErrLater},
				releases: [][]changelog.Release{{release("v1.3.0", "three"), release("v1.2.1", ""), release("v1.2.0", "")}},
			},
			want: "notes of versions; the source did not answer in time; pending\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 a release: \"three\"\nv1.2.1 : \"\"",
		},
		"no releases, no tags, nothing there": {
			from: "1.2.0", to: "1.3.0", forge: forge{access: public, fails: map[string]error{"releases": changelog.ErrNotFound, "tags": changelog.ErrTooLarge}},
			want: "a link; no tag of the source fits these versions; the images do not say which commits they were built from\n<github.com/acme/api>",
		},
		"a changelog that is too large": {
			from: "1.2.0", to: "1.3.0",
			forge: forge{
				access: public, tags: []string{"v1.2.0", "v1.3.0"}, files: map[string]string{"v1.3.0:NEWS": "x"}, fails: map[string]error{"file": changelog.ErrTooLarge},
				compared: map[string]changelog.Comparison{"v1.2.0...v1.3.0": {}},
			},
			want: "a link; there are no release notes for these versions\n<github.com/acme/api/compare/v1.2.0...v1.3.0>\nv1.3.0 : \"\"\n0 commits, bots [], 0 merges, 0 left, 0 behind",
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := step(t, c.from, c.to)
			request.Target, request.AllowPrivate = changelog.Private, true
			if c.change != nil {
				c.change(request)
			}
			notes, err := changelog.Collect(t.Context(), &c.forge, request, changelog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(notes); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if asked := strings.Join(c.forge.asked, ", "); c.asked != "" && asked != c.asked {
				t.Errorf("asked %s\n want %s", asked, c.asked)
			}
		})
	}
}

// Nothing of a source is told, and nothing else of it asked, where the reader may not see it.
func TestCollectShowsNoMoreThanTheReaderMaySee(t *testing.T) {
	for name, c := range map[string]struct {
		access  changelog.Access
		target  changelog.Visibility
		allowed bool
		err     error
		want    bool
	}{
		"public in public":                      {changelog.Access{Visibility: changelog.Public}, changelog.Public, false, nil, true},
		"public in private":                     {changelog.Access{Visibility: changelog.Public}, changelog.Private, false, nil, true},
		"private in private":                    {changelog.Access{Visibility: changelog.Private, Installed: true}, changelog.Private, true, nil, true},
		"internal in private":                   {changelog.Access{Visibility: changelog.Internal, Installed: true}, changelog.Private, true, nil, true},
		"internal in internal":                  {changelog.Access{Visibility: changelog.Internal, Installed: true}, changelog.Internal, true, nil, true},
		"private in internal":                   {changelog.Access{Visibility: changelog.Private, Installed: true}, changelog.Internal, true, nil, false},
		"private in public":                     {changelog.Access{Visibility: changelog.Private, Installed: true}, changelog.Public, true, nil, false},
		"internal in public":                    {changelog.Access{Visibility: changelog.Internal, Installed: true}, changelog.Public, true, nil, false},
		"private of another installation":       {changelog.Access{Visibility: changelog.Private}, changelog.Private, true, nil, false},
		"internal of another installation":      {changelog.Access{Visibility: changelog.Internal}, changelog.Private, true, nil, false},
		"private where the operator says no":    {changelog.Access{Visibility: changelog.Private, Installed: true}, changelog.Private, false, nil, false},
		"what is not known counts as private":   {changelog.Access{}, changelog.Private, true, nil, false},
		"what cannot be seen":                   {changelog.Access{Visibility: changelog.Public}, changelog.Private, true, changelog.ErrNotFound, false},
		"what could not be found out right now": {changelog.Access{Visibility: changelog.Public}, changelog.Private, true, changelog.ErrLater, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := forge{access: c.access, releases: [][]changelog.Release{{release("v1.3.0", "planted"), release("v1.2.0", "")}}}
			if c.err != nil {
				f.fails = map[string]error{"access": c.err}
			}
			request := step(t, "1.2.0", "1.3.0")
			request.Target, request.AllowPrivate = c.target, c.allowed
			notes, err := changelog.Collect(t.Context(), &f, request, changelog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(fmt.Sprint(notes), "planted"); got != c.want {
				t.Errorf("shown: %t, want %t", got, c.want)
			}
			if told := fmt.Sprint(notes); !c.want && (strings.Contains(told, "acme") || len(f.asked) != 1) {
				t.Errorf("told %s, after asking %v", told, f.asked)
			}
		})
	}
}

// The packaging's repository is asked for by itself: that the other may be shown says nothing of it.
func TestCollectAsksWhoMaySeeThePackaging(t *testing.T) {
	f := &second{forge: forge{access: public, compared: map[string]changelog.Comparison{shaA + "..." + shaB: commits("planted")}}}
	request := step(t, "1.2.0", "1.2.0")
	for side, sha := range map[*changelog.Side]string{&request.From: shaA, &request.To: shaB} {
		side.Origin.Packaging = changelog.Address{Repository: changelog.Repository{Host: "github.com", Path: "victim/private", Forge: changelog.GitHub}, Revision: sha}
	}
	notes, err := changelog.Collect(t.Context(), f, request, changelog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if told := shown(notes); strings.Contains(told, "planted") || strings.Contains(told, "victim") {
		t.Errorf("told %s", told)
	}
}

// second hides all repositories but the first.
type second struct{ forge }

func (s *second) Access(ctx context.Context, repo changelog.Repository) (changelog.Access, error) {
	if repo.Path != "acme/api" {
		return changelog.Access{}, nil
	}
	return s.forge.Access(ctx, repo)
}

func TestCollectIsBounded(t *testing.T) {
	f := forge{access: public}
	var page []changelog.Release
	for i := range 100 {
		page = append(page, release(fmt.Sprintf("v1.%d.0", 100-i), strings.Repeat(fmt.Sprintf("line %02d\n", i), 1000)))
	}
	f.releases = [][]changelog.Release{page}
	notes, err := changelog.Collect(t.Context(), &f, step(t, "1.1.0", "1.100.0"), changelog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for i, e := range notes.Entries {
		size += len(e.Text)
		if !e.Cut && len(e.Text) != 7999 {
			t.Errorf("%s has %d bytes and is not said to be cut", e.Tag, len(e.Text))
		}
		if i > 8 && e.Text != "" || strings.HasSuffix(e.Text, "li") {
			t.Errorf("%s has %d bytes, to %q", e.Tag, len(e.Text), e.Text[max(0, len(e.Text)-10):])
		}
	}
	if size > 60_000 || len(notes.Entries) != 20 || notes.Left != 79 {
		t.Errorf("%d bytes in %d entries, %d left", size, len(notes.Entries), notes.Left)
	}
	f.compared = map[string]changelog.Comparison{"aaaaaaa1...bbbbbbb2": {Total: 300, Commits: slices.Repeat(commits("One").Commits, 250)}}
	request := step(t, "sha-aaaaaaa1", "sha-bbbbbbb2")
	request.From.Origin, request.To.Origin = origin("aaaaaaa1"), origin("bbbbbbb2")
	notes, err = changelog.Collect(t.Context(), &f, request, changelog.Options{Commits: 30})
	if err != nil || len(notes.Commits.Changes) != 30 || notes.Commits.Left != 270 {
		t.Errorf("%v: %+v", err, notes.Commits)
	}
}

// An error that no source gives is no answer.
func TestCollectFails(t *testing.T) {
	boom := errors.New("boom")
	for _, method := range []string{"access", "releases", "tags", "files", "file", "compare"} {
		f := forge{
			access: public, tags: []string{"v1.2.0", "v1.3.0"}, files: map[string]string{"v1.3.0:NEWS": "x"}, fails: map[string]error{method: boom},
		}
		if _, err := changelog.Collect(t.Context(), &f, step(t, "1.2.0", "1.3.0"), changelog.Options{}); !errors.Is(err, boom) {
			t.Errorf("%s: got %v", method, err)
		}
	}
}
