package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// made is a version of a source, and what was done for it.
type made struct {
	version string // as images have it
	tag     string // of git; "" for none
	commits []string
	notes   string // of a release; "" for none
}

// history is what the repositories are that images were built from: one with releases,
// one with a changelog, and one with nothing but commits.
func history() map[string][]made {
	return map[string][]made{
		"api": {
			{version: "1.4.0", tag: "v1.4.0", commits: []string{"feat: answer in JSON"}, notes: "The API answers in JSON.\n"},
			{version: "1.4.1", tag: "v1.4.1", commits: []string{"fix: close idle connections"}, notes: "### Fixes\n\n- Idle connections are closed (#7).\n"},
			{version: "1.4.2", tag: "v1.4.2", commits: []string{"fix: read headers once"}, notes: "### Fixes\n\n- Headers are read once.\n"},
			{
				version: "1.5.0-rc.1", tag: "v1.5.0-rc.1",
				commits: []string{"feat: pages of orders (#12)", "fix: the total counts what is on other pages"}, notes: "For those who want to try it.\n",
			},
			{
				version: "1.5.0", tag: "v1.5.0", commits: []string{"docs: how orders are paged", "feat: 429 with Retry-After (#15)"},
				notes: "### Highlights\n\n" +
					"- **Orders come in pages** of 100, see [the guide](https://acme.example/orders). Thanks @mia!\n" +
					"- Too many requests are answered with `429` and `Retry-After` (#15).\n\n" +
					"| endpoint | before | now |\n| --- | --- | --- |\n| `GET /orders` | all | 100 a page |\n",
			},
		},
		"web": {
			{version: "v2.2.1", tag: "v2.2.1", commits: []string{"fix: the cart keeps its items"}},
			{version: "v2.3.0", tag: "v2.3.0", commits: []string{"feat: a dark theme"}},
			{version: "v2.3.1", tag: "v2.3.1", commits: []string{"fix: the dark theme's links can be read", "chore: release 2.3.1"}},
			{version: "v2.4.0-rc.1", tag: "v2.4.0-rc.1", commits: []string{"feat: search while typing"}},
		},
		"worker": {
			{version: "0.9.3", commits: []string{"Retry jobs that time out"}},
			{version: "0.9.4", commits: []string{"Keep the order of jobs"}},
			{version: "0.9.5", commits: []string{"Read the queue in batches (#31)", "Count what is left in the queue", "Update the runtime's base image"}},
			{version: "1.0.0-rc.1", commits: []string{"Name jobs by their kind\n\nBREAKING CHANGE: the numbers are gone."}},
			{version: "1.0.0", commits: []string{"Say in the log which job was skipped (#36)"}},
		},
	}
}

// changelogOf is a file as web keeps one.
func changelogOf(versions []made) string {
	var sections []string
	for _, v := range versions {
		sections = append(sections, fmt.Sprintf("## %s\n\n- %s\n", strings.TrimPrefix(v.version, "v"), strings.Join(v.commits[:1], "\n- ")))
	}
	slices.Reverse(sections)
	return "# Changelog\n\n" + strings.Join(sections, "\n")
}

// develop makes the repositories of the images' sources. The App is not installed on
// them: all may read them.
func (w *world) develop() {
	for name, versions := range history() {
		source := w.hub.AddRepository("acme/"+name, map[string]string{"README.md": "# " + name + "\n"})
		source.Collaborate(maintainer, "maintain")
		source.Collaborate(writer, "write")
		w.sources[name] = source
		for n, v := range versions {
			w.release(source, name, versions[:n+1], v)
		}
	}
}

// release commits what a version is, and tells of it as its repository does.
func (w *world) release(source *githubtest.Repository, name string, all []made, v made) {
	for n, message := range v.commits {
		files := map[string]*githubtest.File{"version.txt": githubtest.Text(fmt.Sprintf("%s, change %d\n", v.version, n+1))}
		if name == "web" {
			files["CHANGELOG.md"] = githubtest.Text(changelogOf(all))
		}
		w.built["acme/"+name+":"+v.version] = source.Push("main", []string{writer, maintainer}[n%2], message, files)
	}
	commit := w.built["acme/"+name+":"+v.version]
	if v.tag != "" {
		source.Tag(maintainer, v.tag, commit, "")
	}
	if v.notes == "" {
		return
	}
	kind := ""
	if strings.Contains(v.tag, "-rc.") {
		kind = "prerelease"
	}
	source.Release(maintainer, v.tag, v.tag, v.notes, kind)
}

// labels are what an image says of where it was built from. What is pushed later was built
// from one more commit.
func (w *world) labels(repo, tag string) map[string]string {
	_, name, _ := strings.Cut(repo, "/")
	labels := map[string]string{"org.opencontainers.image.version": tag}
	source := w.sources[name]
	if source == nil || !strings.HasPrefix(repo, "acme/") {
		return labels
	}
	w.building.Lock()
	defer w.building.Unlock()
	commit, known := w.built[repo+":"+tag]
	if !known {
		commit = source.Push("main", writer, "Build "+tag, map[string]*githubtest.File{"version.txt": githubtest.Text(tag + "\n")})
		w.built[repo+":"+tag] = commit
	}
	labels["org.opencontainers.image.source"] = w.hub.URL + "/acme/" + name
	labels["org.opencontainers.image.revision"] = commit
	return labels
}
