package command

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// selector is one value of --only, read both as an image and as a path: which
// of them was meant shows in what it matches.
type selector struct {
	value string
	image string // a glob on canonical names
	path  string // a glob on paths below the scanned directory
}

func newSelector(value string) (selector, error) {
	if value == "" || !doublestar.ValidatePattern(value) {
		return selector{}, fmt.Errorf("--only %q: not an image name, a path or a glob of them", value)
	}
	return selector{
		value: value,
		image: canonicalPattern(value),
		path:  path.Clean(filepath.ToSlash(value)),
	}, nil
}

// canonicalPattern fills in what an image name leaves out, as
// image.Reference.Repository does, without harming the wildcards of a glob.
func canonicalPattern(value string) string {
	host, rest, found := strings.Cut(value, "/")
	if !found || !isRegistry(host) {
		host, rest = image.DockerHub, value
	}
	host = strings.ToLower(host)
	switch host {
	case "index.docker.io", "registry-1.docker.io":
		host = image.DockerHub
	}
	oneSegment := !strings.Contains(rest, "/") && !strings.Contains(rest, "**")
	if host == image.DockerHub && oneSegment {
		rest = "library/" + rest
	}
	return host + "/" + rest
}

func isRegistry(segment string) bool {
	return segment == "localhost" || strings.ContainsAny(segment, ".:*")
}

func (s selector) matches(field format.Field) bool {
	return s.matchesPath(field.File) || doublestar.MatchUnvalidated(s.image, field.Ref.Repository().String())
}

func (s selector) matchesPath(file string) bool {
	switch {
	case s.path == "." || s.path == file || strings.HasPrefix(file, s.path+"/"):
		return true
	}
	return doublestar.MatchUnvalidated(s.path, file) || doublestar.MatchUnvalidated(s.path+"/**", file)
}

// pick tells which fields any selector matches, all of them if there are none,
// and returns the selectors that matched nothing.
func pick(fields []format.Field, only []selector) (picked []bool, unused []selector) {
	picked = make([]bool, len(fields))
	used := make([]bool, len(only))
	for i := range fields {
		picked[i] = len(only) == 0
		for k, s := range only {
			if s.matches(fields[i]) {
				picked[i], used[k] = true, true
			}
		}
	}
	for k, s := range only {
		if !used[k] {
			unused = append(unused, s)
		}
	}
	return picked, unused
}
