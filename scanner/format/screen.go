package format

import (
	"bytes"
	"path"
	"regexp"
)

// Screen tells, without parsing, whether a file may hold image fields, or say
// which values files belong together. Every carrier has one of the words
// image (in any case), tag, valueFiles and valuesFile in it.
func Screen(src []byte) bool {
	return around(src, 'g', word{"ma", "e"}, word{"ta", ""}) || around(src, 'G', word{"MA", "E"}) ||
		around(src, 'T', word{"", "ag"}) || around(src, 'F', word{"alue", "iles"}, word{"alues", "ile"})
}

// word is what stands before and after a letter.
type word struct{ before, after string }

// around looks for words by their rarest letter: several times faster than
// looking for each of them.
func around(src []byte, letter byte, words ...word) bool {
	for i := 0; ; i++ {
		next := bytes.IndexByte(src[i:], letter)
		if next < 0 {
			return false
		}
		i += next
		for _, w := range words {
			if bytes.HasSuffix(src[:i], []byte(w.before)) && bytes.HasPrefix(src[i+1:], []byte(w.after)) {
				return true
			}
		}
	}
}

// Expected tells whether a file that cannot be parsed is worth a word: much JSON
// is not ours, and some of it has comments; a template in which all images are
// made by templates holds nothing for us.
func Expected(file string, src []byte) bool {
	switch roleOf(file) {
	case roleJSON:
		return bytes.Contains(src, []byte(`"apiVersion"`))
	case roleTemplate:
		return literalImage.Match(src)
	default:
		return true
	}
}

// literalImage is an image in a template that no template makes.
var literalImage = regexp.MustCompile(`(?m)^[ \t-]*image:[ \t]*["']?[a-z0-9][^{}\s"']*:[\w.-]+["']?[ \t]*(#.*)?\r?$`)

// Data tells whether a file is as a rule data of some kind, by its name alone.
func Data(file string) bool { return roleOf(file) == roleJSON }

// Unclear tells whether a file's name does not say what is in it.
func Unclear(file string) bool { return roleOf(file) == roleOther }

// Always tells whether a file is read whatever words it holds: a Chart.yaml
// says which folders are vendored.
func Always(file string) bool { return roleOf(file) == roleChart }

// role is what a file's place and name say of it.
type role int

const (
	roleOther         role = iota // YAML of unknown purpose: only Kubernetes objects and unmistakable shapes
	roleNone                      // not ours
	roleValues                    // Helm values
	roleKustomization             // kustomization.yaml
	roleChart                     // Chart.yaml
	roleArgoSource                // .argocd-source.yaml
	roleTemplate                  // a file of a chart's templates
	roleJSON                      // JSON: Kubernetes objects only
)

// roles maps paths to roles; the first match wins.
//
//nolint:gochecknoglobals // a table, never written
var roles = []struct {
	path *regexp.Regexp
	role role
}{
	{regexp.MustCompile(`\.schema\.json$|(^|/)(package|package-lock|tsconfig|composer|renovate)\.json$`), roleNone},
	// Compose files and CI configurations hold images, but not of deployments
	// that this tool promises to understand.
	{regexp.MustCompile(`(^|/)(docker-)?compose([.-][^/]*)?\.ya?ml$`), roleNone},
	{regexp.MustCompile(`(^|/)(\.gitlab-ci|\.travis|\.drone|\.woodpecker|bitbucket-pipelines|azure-pipelines|cloudbuild|buildspec|Jenkinsfile|\.pre-commit-config|mkdocs|\.golangci|dependabot|codecov)[^/]*\.ya?ml$`), roleNone},
	{regexp.MustCompile(`(^|/)tests/([^/]+/)*[^/]*_test\.ya?ml$`), roleNone}, // helm-unittest
	{regexp.MustCompile(`(^|/)(kustomization\.ya?ml|Kustomization)$`), roleKustomization},
	{regexp.MustCompile(`(^|/)Chart\.ya?ml$`), roleChart},
	{regexp.MustCompile(`(^|/)(Chart\.lock|requirements\.ya?ml|requirements\.lock)$`), roleNone},
	{regexp.MustCompile(`(^|/)\.argocd-source[^/]*\.ya?ml$`), roleArgoSource},
	{regexp.MustCompile(`\.json$`), roleJSON},
	{regexp.MustCompile(`(^|/)templates/([^/]+/)*[^/]+\.ya?ml$`), roleTemplate},
	{regexp.MustCompile(`(?i)(^|/)[^/]*values[^/]*\.ya?ml(\.gotmpl)?$`), roleValues},
	{regexp.MustCompile(`(?i)(^|/)([^/]*[-_.])?values([-_.][^/]*)?/([^/]+/)*[^/]+\.ya?ml(\.gotmpl)?$`), roleValues},
	{regexp.MustCompile(`(^|/)helmfile[^/]*\.ya?ml(\.gotmpl)?$`), roleValues},
	{regexp.MustCompile(`(^|/)helmfile\.d/[^/]+\.ya?ml(\.gotmpl)?$`), roleValues},
	{regexp.MustCompile(`(^|/)fleet\.ya?ml$`), roleValues},
	{regexp.MustCompile(`\.ya?ml$`), roleOther},
}

func roleOf(file string) role {
	for _, r := range roles {
		if r.path.MatchString(file) {
			return r.role
		}
	}
	return roleNone
}

// Wanted tells whether a file is of a kind that is read at all.
func Wanted(file string) bool { return roleOf(file) != roleNone }

// vendored are folders with other people's files.
//
//nolint:gochecknoglobals // a table, never written
var vendored = map[string]string{
	".git":         "Git's own",
	".github":      "CI workflows",
	".circleci":    "CI workflows",
	".terraform":   "downloaded modules",
	"node_modules": "downloaded packages",
	"vendor":       "vendored code",
	"third_party":  "vendored code",
}

// Vendored tells whether a folder is left out whole.
func Vendored(dir string) bool {
	_, found := vendored[path.Base(dir)]
	return found
}
