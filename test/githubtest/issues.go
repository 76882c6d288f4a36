package githubtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func listIssues(c *call) reply {
	state, creator, since := c.query.Get("state"), c.query.Get("creator"), c.since()
	all := c.repo.numbered(func(i *issue) bool {
		return stateFits(state, i.state) && c.labelled(i) && (creator == "" || strings.EqualFold(creator, i.by.login)) &&
			!i.updated.Before(since)
	})
	c.sortIssues(all)
	return paged(c, "/repos/"+c.repo.FullName()+"/issues", all, c.showIssue)
}

// since is the time that a list is asked from.
func (c *call) since() time.Time {
	at, err := time.Parse(time.RFC3339, c.query.Get("since"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// sortIssues puts a list, newest first as it is, into the order asked for.
func (c *call) sortIssues(all []*issue) {
	slices.SortStableFunc(all, func(a, b *issue) int {
		switch c.query.Get("sort") {
		case "updated":
			return b.updated.Compare(a.updated)
		case "comments":
			return cmp.Compare(len(b.comments), len(a.comments))
		}
		return 0
	})
	if c.query.Get("direction") == "asc" {
		slices.Reverse(all)
	}
}

// labelled says whether the issue has all labels asked for.
func (c *call) labelled(i *issue) bool {
	if c.query.Get("labels") == "" {
		return true
	}
	for name := range strings.SplitSeq(c.query.Get("labels"), ",") {
		if !slices.ContainsFunc(i.labels, func(have string) bool { return strings.EqualFold(have, name) }) {
			return false
		}
	}
	return true
}

func stateFits(asked, state string) bool {
	return asked == "all" || asked == state || (asked == "" && state == "open")
}
