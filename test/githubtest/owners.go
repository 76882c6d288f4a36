package githubtest

import (
	"path"
	"slices"
	"strings"
)

// owners is a line of CODEOWNERS.
type owners struct {
	pattern string
	names   []string // "@alice", "@acme/platform"
}

// codeOwners reads the file where GitHub looks for it, on the base.
func (r *Repository) codeOwners(at string) []owners {
	for _, name := range []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} {
		if o, err := r.git.read(at + ":" + name); err == nil {
			return parseOwners(string(o.data))
		}
	}
	return nil
}

func parseOwners(text string) []owners {
	var all []owners
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 0 {
			all = append(all, owners{fields[0], fields[1:]})
		}
	}
	return all
}

// covers is as in .gitignore, but for what CODEOWNERS does not take.
func (o owners) covers(file string) bool {
	pattern, rooted := strings.CutPrefix(o.pattern, "/")
	pattern, directory := strings.CutSuffix(pattern, "/")
	if !rooted && !strings.Contains(pattern, "/") {
		pattern = "**/" + pattern
	}
	if !directory && fnmatch(pattern, file) {
		return true
	}
	below := path.Base(pattern) != "*" // dir/* is not what lies deeper
	for dir := path.Dir(file); below && dir != "."; dir = path.Dir(dir) {
		if fnmatch(pattern, dir) {
			return true
		}
	}
	return o.pattern == "*"
}

// hinderedByOwners names the owners of the first changed file that none of its
// owners has approved. The last line that covers a file decides.
func (c *call) hinderedByOwners(i *issue, approvers []*user) string {
	lines := c.repo.codeOwners(i.pull.baseSHA)
	files, err := c.repo.changes(c.ctx, c.fork(i), i.pull.headSHA)
	if err != nil {
		return ""
	}
	for _, file := range files {
		for _, line := range slices.Backward(lines) {
			if !line.covers(file.path) {
				continue
			}
			owned := func(u *user) bool { return c.owns(u, line.names) }
			if len(line.names) > 0 && !slices.ContainsFunc(approvers, owned) {
				return "Waiting on code owner review from " + strings.ReplaceAll(strings.Join(line.names, " and/or "), "@", "") + "."
			}
			break
		}
	}
	return ""
}

// owns says whether a user is named, or is in a team that is.
func (s *Server) owns(u *user, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		name = strings.TrimPrefix(name, "@")
		org, slug, isTeam := strings.Cut(name, "/")
		if !isTeam {
			return strings.EqualFold(name, u.login)
		}
		return s.team(org, slug)[u] != ""
	})
}
