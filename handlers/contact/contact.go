// Package contact writes what the App proposes to a repository that has images and no
// .imageupdater.yaml yet: the file, and the text of the one pull request that adds it.
// It decides by its arguments alone.
//
// It may import the other sub-packages of handlers, scanner and config.
package contact

import (
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// The branch and the title of the pull request.
const (
	Branch = "imageupdater/configure"
	Title  = "Configure Image Updater"
)

// Certain are the fields of which the image is known for certain, and that can be
// updated. Without one there is nothing to propose.
func Certain(fields []format.Field) []format.Field {
	var found []format.Field
	for i := range fields {
		if f := &fields[i]; f.Skip == nil && f.Ref.Name() != "" {
			found = append(found, *f)
		}
	}
	return found
}

// File is the file to be proposed to an owner's repository with these fields. It has
// neither errors nor warnings. Where the owner has a file for all repositories, as
// "acme/.imageupdater", it extends that one, which says how old images have to be.
func File(owner, shared string, fields []format.Field) string {
	var b strings.Builder
	b.WriteString(`# How Image Updater keeps the container images of this repository up to date.
# Everything in it may be left out: an empty file is enough. All that can be said:
# https://github.com/imageupdater/imageupdater/blob/main/docs/configuration.md
version: 1
`)
	rules := environmentRules(fields)
	if shared == "" {
		rules = ageRules(owner, fields) + rules
	} else {
		b.WriteString("\n# What holds for all repositories of the owner lies under this file.\nextends: [" + shared + "]\n")
	}
	if rules != "" {
		b.WriteString("\n# Each rule that matches an image is laid over the defaults, in this order.\nrules:\n" + rules)
	}
	b.WriteString(`
# Nothing merges by itself. Each image has a pull request of its own where no rule says
# otherwise, and major versions always have.

# To leave versions of an image alone:
# ignore:
#   - {image: example.com/team/app, versions: ">=2", reason: "we are not ready for it"}
`)
	return b.String()
}

// public are registries where anybody can push images that many use.
func public() []string {
	return []string{
		"cgr.dev", "docker.elastic.co", "docker.io", "ghcr.io", "k8s.gcr.io", "lscr.io", "mcr.microsoft.com", "nvcr.io",
		"public.ecr.aws", "quay.io", "registry.k8s.io",
	}
}

// sameAccounts is the registry whose accounts are GitHub's: on others anybody may have
// the owner's name.
const sameAccounts = "ghcr.io"

// ageRules let images of others wait for a while, and those of the owner not.
func ageRules(owner string, fields []format.Field) string {
	var others, own []string
	owner = strings.ToLower(owner)
	for _, repo := range images(fields) {
		if !slices.Contains(public(), repo.Registry) {
			continue
		}
		if first, _, _ := strings.Cut(repo.Path, "/"); first == owner && repo.Registry == sameAccounts {
			own = append(own, quoted(sameAccounts+"/"+owner+"/**"))
			continue
		}
		others = append(others, quoted(repo.Registry+"/**"))
	}
	if len(others) == 0 {
		return ""
	}
	text := `  # Public images are proposed when they have been there for three days: what turns out
  # to be bad is mostly withdrawn by then.
  - match: {image: ` + list(others) + `}
    minAge: 3d
`
	if len(own) > 0 && slices.Contains(others, quoted(sameAccounts+"/**")) {
		text += "  # Your own are proposed at once.\n  - match: {image: " + list(own) + "}\n    minAge: 0\n"
	}
	return text
}

// images are those of the fields, each once, in the order of their names.
func images(fields []format.Field) []image.Repository {
	seen := map[image.Repository]bool{}
	var all []image.Repository
	for i := range fields {
		if repo := fields[i].Ref.Repository(); !seen[repo] {
			seen[repo] = true
			all = append(all, repo)
		}
	}
	slices.SortFunc(all, func(a, b image.Repository) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// list is a list in YAML, of each value once.
func list(quoted []string) string {
	slices.Sort(quoted)
	return "[" + strings.Join(slices.Compact(quoted), ", ") + "]"
}

// quoted is a text of plain characters in YAML.
func quoted(text string) string { return `"` + text + `"` }
