package changelog

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// layout is how a forge's addresses go on behind the repository.
type layout struct {
	owners int        // how many segments a repository's path has; 0: as many as there are
	views  [][]string // what stands before a revision and a directory
	pages  []string   // what may follow and says nothing more
}

// layoutOf is by host, since GitHub is told by the operator and others by their names.
func layoutOf(host string, forge Forge) layout {
	switch {
	case forge == GitHub:
		return layout{
			owners: 2,
			views:  [][]string{{"tree"}, {"blob"}, {"commit"}, {"commits"}, {"releases", "tag"}},
			pages:  []string{"releases", "tags", "packages", "pkgs", "wiki", "issues", "pulls", "actions"},
		}
	case host == "bitbucket.org":
		return layout{owners: 2, views: [][]string{{"src"}}, pages: []string{"downloads"}}
	case host == "codeberg.org":
		return layout{owners: 2, views: [][]string{{"src", "branch"}, {"src", "tag"}, {"src", "commit"}}, pages: []string{"releases"}}
	}
	return layout{views: [][]string{{"-", "tree"}, {"-", "blob"}, {"-", "commit"}, {"-", "tags"}}}
}

// cut parts a path into repository, revision and directory.
func cut(host string, forge Forge, segments []string) (Address, error) {
	shape := layoutOf(host, forge)
	at := shape.owners
	if at == 0 {
		if at = slices.Index(segments, "-"); at < 0 {
			at = len(segments)
		}
	}
	if at == 0 || len(segments) < at {
		return Address{}, fmt.Errorf("%w: it names no repository", ErrAddress)
	}
	// Empty names are what is left of ".git" alone.
	for strings.HasSuffix(segments[at-1], ".git") {
		segments[at-1] = strings.TrimSuffix(segments[at-1], ".git")
	}
	if name := segments[at-1]; name == "" || name == "." {
		return Address{}, fmt.Errorf("%w: it names no repository", ErrAddress)
	}
	if forge == GitHub && (!ownerPattern.MatchString(segments[0]) || reserved(segments[0])) {
		return Address{}, fmt.Errorf("%w: %.40q is no account", ErrAddress, segments[0])
	}
	a := Address{Repository: Repository{Path: strings.Join(segments[:at], "/")}}
	rest := segments[at:]
	known := len(rest) == 0 || shape.read(rest, &a) || slices.Contains(shape.pages, rest[0])
	if !known && shape.owners > 0 {
		return Address{}, fmt.Errorf("%w: %.40q is no page of a repository's files", ErrAddress, rest[0])
	}
	return a, nil
}

// read reads revision and directory from what follows a repository.
func (l layout) read(rest []string, a *Address) bool {
	for _, view := range l.views {
		if len(rest) <= len(view) || !slices.Equal(rest[:len(view)], view) {
			continue
		}
		ref := rest[len(view):]
		if len(ref) > 2 && ref[0] == "refs" {
			ref = ref[2:]
		}
		// A branch with slashes cannot be told from a directory; the first segment is right nearly always.
		if revision, ok := ValidRevision(ref[0]); ok {
			a.Revision = revision
		}
		directory := ref[1:]
		if view[0] == "blob" && len(directory) > 0 {
			directory = directory[:len(directory)-1]
		}
		a.Directory = strings.Join(directory, "/")
		return true
	}
	return false
}

// reserved tells whether GitHub keeps the name of an account for pages of its own.
func reserved(owner string) bool {
	switch strings.ToLower(owner) {
	case "orgs", "users", "sponsors", "apps", "marketplace", "features", "topics", "settings", "login", "search", "about", "enterprise", "collections":
		return true
	}
	return false
}

var (
	commitPattern    = regexp.MustCompile(`^(?:[0-9a-f]{7,40}|[0-9a-f]{64})$`)
	revisionPattern  = regexp.MustCompile(`^@?[A-Za-z0-9][A-Za-z0-9._+@/-]{0,127}$`)
	directoryPattern = regexp.MustCompile(`^[A-Za-z0-9._~+@-]+(?:/[A-Za-z0-9._~+@-]+)*$`)
)

// IsCommit tells whether s is the SHA of a commit, whole or its first seven
// characters and more. Digits alone are not, unless there are forty: they may be a date.
func IsCommit(s string) bool {
	if len(s) < 7 || len(s) > 64 {
		return false
	}
	s = strings.ToLower(s)
	return commitPattern.MatchString(s) && (len(s) >= 40 || strings.ContainsAny(s, "abcdef"))
}

// ValidRevision gives what may stand for one state of a repository: the SHA of a
// commit, in lower case, or the name of a tag. Names of branches and what people
// write for "not known" are none.
func ValidRevision(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if IsCommit(s) {
		return strings.ToLower(s), true
	}
	if !revisionPattern.MatchString(s) || strings.HasSuffix(s, "/") || strings.HasSuffix(s, ".") || strings.HasSuffix(s, ".lock") ||
		strings.Contains(s, "..") || strings.Contains(s, "//") || strings.Contains(s, "/.") || strings.HasSuffix(s, "-dirty") {
		return "", false
	}
	switch strings.ToLower(s) {
	case "unknown", "none", "null", "nil", "n/a", "na", "undefined", "dirty", "local", "latest", "todo", "unspecified", "false", "true",
		"head", "main", "master", "trunk", "develop", "dev", "development", "0":
		return "", false
	}
	return s, true
}

// ValidDirectory tells whether s is a path within a repository.
func ValidDirectory(s string) bool {
	if len(s) > 255 || !directoryPattern.MatchString(s) {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "." || strings.Contains(part, "..") {
			return false
		}
	}
	return true
}

// trimRef takes refs/heads/ and refs/tags/ away.
func trimRef(ref string) string {
	ref = strings.TrimPrefix(ref, "refs/")
	ref = strings.TrimPrefix(ref, "tags/")
	return strings.TrimPrefix(ref, "heads/")
}

// CompareURL is the page that shows what lies between two revisions, or the
// repository's where the forge has none that is known.
func (r Repository) CompareURL(from, to string) string {
	if from == "" || to == "" {
		return r.URL()
	}
	span := "compare/" + escape(from) + "..." + escape(to)
	switch {
	case r.Forge == GitHub, r.Host == "codeberg.org":
		return r.URL() + "/" + span
	case r.Host == "gitlab.com":
		return r.URL() + "/-/" + span
	}
	return r.URL()
}

// CommitURL is the page of a commit on GitHub.
func (r Repository) CommitURL(sha string) string { return r.URL() + "/commit/" + escape(sha) }

// ReleaseURL is the page of a release, or of a tag where there is none, on GitHub.
func (r Repository) ReleaseURL(tag string) string { return r.URL() + "/releases/tag/" + escape(tag) }

// FileURL is the page of a file at a revision, on GitHub.
func (r Repository) FileURL(revision, path string) string {
	return r.URL() + "/blob/" + escape(revision) + "/" + escape(path)
}

// escape leaves slashes as they are: tags may have them.
func escape(ref string) string {
	parts := strings.Split(ref, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
