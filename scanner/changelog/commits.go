package changelog

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSubject is how long the subject of a commit may be, in bytes.
const maxSubject = 200

// Change is a commit as it is shown. Its text is raw, apart from its bounds.
type Change struct {
	Subject string
	// Author is an account or a name, without a sign before it.
	Author string
	SHA    string
	URL    string
	// Pull is the number of the pull request that it came by, 0 if it does not say.
	Pull int
	When time.Time
}

// Commits is what lies between two revisions.
type Commits struct {
	// From and To are the revisions.
	From, To string
	// Changes are of people, the newest first.
	Changes []Change
	// Bots counts the commits of programs, by their names, the busiest first.
	Bots []BotCommits
	// Merges is how many commits only brought a branch up to date; Left is how
	// many more there are than could be read or shown.
	Merges, Left int
	// Total is how many there are, all of these together; Behind is Comparison's.
	Total, Behind int
}

// BotCommits are those of one program.
type BotCommits struct {
	Name  string
	Count int
}

var (
	squashPattern = regexp.MustCompile(`^(.*\S)\s*\(#([0-9]{1,9})\)$`)
	mergePattern  = regexp.MustCompile(`^Merge pull request #([0-9]{1,9}) from \S+$`)
	branchPattern = regexp.MustCompile(`^Merge (?:remote-tracking )?(?:branch|branches|tag) '`)
)

// fold makes of a comparison what is shown of it, at most limit changes.
func fold(c *Comparison, repo Repository, from, to string, limit int) Commits {
	out := Commits{From: from, To: to, Total: max(c.Total, len(c.Commits)), Behind: c.Behind}
	out.Left = out.Total - len(c.Commits)
	bots := map[string]int{}
	for _, commit := range slices.Backward(c.Commits) {
		change := changeOf(&commit, repo)
		switch {
		case isBot(&commit):
			bots[change.Author]++
		case branchPattern.MatchString(change.Subject):
			out.Merges++
		case len(out.Changes) == limit:
			out.Left++
		default:
			out.Changes = append(out.Changes, change)
		}
	}
	for name, count := range bots {
		out.Bots = append(out.Bots, BotCommits{Name: name, Count: count})
	}
	slices.SortFunc(out.Bots, func(a, b BotCommits) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return out
}

// changeOf reads a commit's message: its subject, or for the merge of a pull
// request that one's title.
func changeOf(c *Commit, repo Repository) Change {
	subject, rest, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	change := Change{Author: author(c), SHA: c.SHA, When: c.When}
	subject = strings.TrimSpace(subject)
	if m := mergePattern.FindStringSubmatch(subject); m != nil {
		change.Pull = pullNumber(m[1])
		if title, _, _ := strings.Cut(strings.TrimSpace(rest), "\n"); strings.TrimSpace(title) != "" {
			subject = strings.TrimSpace(title)
		}
	} else if m := squashPattern.FindStringSubmatch(subject); m != nil {
		subject, change.Pull = m[1], pullNumber(m[2])
	}
	change.Subject = bounded(subject, maxSubject)
	if repo.Forge == GitHub && IsCommit(c.SHA) {
		change.URL = repo.CommitURL(c.SHA)
	}
	return change
}

func pullNumber(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// author names who wrote a commit, without what would call them.
func author(c *Commit) string {
	name := strings.TrimSuffix(c.Login, "[bot]")
	if name == "" {
		name, _, _ = strings.Cut(c.Author, "\n")
		name = strings.TrimSuffix(strings.TrimSpace(name), "[bot]")
	}
	return bounded(strings.TrimSpace(strings.ReplaceAll(name, "@", "")), 80)
}

// isBot tells whether a program wrote a commit.
func isBot(c *Commit) bool {
	if c.Bot || strings.HasSuffix(c.Login, "[bot]") || strings.HasSuffix(strings.TrimSpace(c.Author), "[bot]") {
		return true
	}
	switch strings.ToLower(cmp.Or(c.Login, c.Author)) {
	case "dependabot", "dependabot-preview", "renovate", "renovate-bot", "renovate bot", "mend bot", "github-actions", "github actions", "greenkeeper", "snyk-bot",
		"pre-commit-ci", "mergify", "semantic-release-bot", "imgbot", "allcontributors", "weblate", "k8s-ci-robot":
		return true
	}
	return false
}
