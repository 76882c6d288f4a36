package web

import (
	"net/url"
	"strconv"
	"strings"
)

// perPage is how many commits stand on a page.
const perPage = 30

func (v *visit) history(p at, count int) ([]commit, error) {
	var found []commit
	query := url.Values{"sha": {p.Ref}, "per_page": {strconv.Itoa(count)}, "page": {strconv.Itoa(v.page())}}
	if p.Path != "" {
		query.Set("path", p.Path)
	}
	return found, v.ask(&found, "repos/list-commits", nil, query)
}

// log is a branch's commits.
type log struct {
	at

	Commits     []commit
	Page, Older int
}

// Newer is the page before.
func (l log) Newer() int { return l.Page - 1 }

func showLog(v *visit) (any, error) {
	p, err := v.place()
	if err != nil {
		return nil, err
	}
	l := log{at: p, Page: v.page()}
	if l.Commits, err = v.history(p, perPage); len(l.Commits) == perPage {
		l.Older = l.Page + 1
	}
	return l, err
}

func showCommit(v *visit) (any, error) {
	var c commit
	if err := v.ask(&c, "repos/get-commit", params{"ref": v.r.PathValue("sha")}, nil); err != nil {
		return nil, err
	}
	return struct {
		commit

		Diff diff
	}{c, newDiff(c.Files)}, nil
}

func showCompare(v *visit) (any, error) {
	var found struct {
		Status  string    `json:"status"`
		Ahead   int       `json:"ahead_by"`
		Behind  int       `json:"behind_by"`
		Commits []commit  `json:"commits"`
		Files   []changed `json:"files"`
	}
	rest := v.r.PathValue("rest")
	base, head, both := strings.Cut(rest, "...")
	if !both {
		base, head = v.Repo.DefaultBranch, rest
	}
	if err := v.ask(&found, "repos/compare-commits-with-basehead", params{"basehead": base + "..." + head}, nil); err != nil {
		return nil, err
	}
	return struct {
		Base, Head, Status string
		Ahead, Behind      int
		Commits            []commit
		Diff               diff
	}{base, head, found.Status, found.Ahead, found.Behind, found.Commits, newDiff(found.Files)}, nil
}
