package githubtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// term is a part of a search: "is:pr", or a text with no name.
type term struct {
	name, value string
	not         bool
}

// terms splits a search at spaces; quotes keep words together.
func terms(q string) []term {
	var found []term
	quoted := false
	for field := range strings.FieldsFuncSeq(q, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	}) {
		field, not := strings.CutPrefix(field, "-")
		name, value, named := strings.Cut(field, ":")
		if !named || strings.HasPrefix(field, `"`) {
			name, value = "", field
		}
		found = append(found, term{strings.ToLower(name), strings.Trim(value, `"`), not})
	}
	return found
}

// hit is an issue or a pull request where it was found.
type hit struct {
	c *call
	i *issue
}

func searchIssues(c *call) reply {
	asked := terms(c.query.Get("q"))
	if len(asked) == 0 {
		return invalid("Search", "q", "missing", "")
	}
	if c.by.token != nil && !slices.ContainsFunc(asked, func(t term) bool { return !t.not && kindOf(t) != "" }) {
		return invalid("Search", "q", "invalid", "Query must include 'is:issue' or 'is:pull-request'")
	}
	repos, refusal := c.searched(asked)
	if refusal != nil {
		return *refusal
	}
	in := places(asked)
	var hits []hit
	for _, r := range repos {
		there := *c
		there.repo = r
		for _, i := range r.numbered(func(*issue) bool { return true }) {
			h := hit{&there, i}
			if !slices.ContainsFunc(asked, func(t term) bool { return h.fits(t, in) == t.not }) {
				hits = append(hits, h)
			}
		}
	}
	sortHits(hits, c.query.Get("sort"), c.query.Get("order"))
	r := pagedUnder(c, "/search/issues", "items", hits, func(h hit) object {
		shown := h.c.showIssue(h.i)
		shown["score"] = 1.0
		delete(shown, "closed_by")
		return shown
	})
	if body, isObject := r.body.(object); isObject {
		body["incomplete_results"], body["search_type"] = false, "lexical"
	}
	return r
}

func kindOf(t term) string {
	if t.name != "is" && t.name != "type" {
		return ""
	}
	return map[string]string{"pr": "pr", "pull-request": "pr", "issue": "issue"}[t.value]
}

// searched is the repositories that are asked for, or all that the caller sees.
func (c *call) searched(asked []term) ([]*Repository, *reply) {
	var found []*Repository
	all := true
	for _, t := range asked {
		if t.name != "repo" || t.not {
			continue
		}
		all = false
		r := c.find(t.value)
		if r == nil || !c.mayFind(r) {
			refused := invalid("Search", "q", "invalid", "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.")
			return nil, &refused
		}
		found = append(found, r)
	}
	if all {
		found = slices.DeleteFunc(c.allRepos(), func(r *Repository) bool { return !c.mayFind(r) })
	}
	return found, nil
}

func (c *call) mayFind(r *Repository) bool {
	switch {
	case !r.Private:
		return true
	case c.by.user != nil:
		return r.role(c.by.user) != ""
	}
	return c.by.token != nil && c.by.token.covers(r) && c.by.token.allows("issues|pull_requests", "read")
}

// places is where texts are looked for.
func places(asked []term) []string {
	for _, t := range asked {
		if t.name == "in" {
			return strings.Split(t.value, ",")
		}
	}
	return []string{"title", "body", "comments"}
}

// fits says whether a term is true, its "not" left aside.
func (h hit) fits(t term, in []string) bool {
	switch t.name {
	case "":
		return h.says(t.value, in)
	case "is", "type", "state":
		return h.is(t.value)
	case "author":
		login := strings.Replace(t.value, "app/", "", 1)
		return strings.EqualFold(h.i.by.login, login) || strings.EqualFold(h.i.by.login, login+"[bot]") && login != t.value
	case "label":
		return slices.ContainsFunc(h.i.labels, func(have string) bool { return strings.EqualFold(have, t.value) })
	case "head":
		return h.i.pull != nil && strings.HasPrefix(h.i.pull.head, t.value)
	case "base":
		return h.i.pull != nil && h.i.pull.base == t.value
	case "repo":
		return !t.not || strings.EqualFold(h.c.repo.FullName(), t.value)
	case "org", "user":
		return strings.EqualFold(h.c.repo.Owner, t.value)
	case "in", "sort":
		return true
	}
	h.c.t.Errorf("githubtest: searching by %s: is not implemented", t.name)
	return false
}

func (h hit) is(what string) bool {
	switch what {
	case "issue":
		return h.i.pull == nil
	case "pr", "pull-request":
		return h.i.pull != nil
	case "open", "closed":
		return h.i.state == what
	case "merged":
		return h.i.pull != nil && !h.i.pull.merged.IsZero()
	case "unmerged":
		return h.i.pull != nil && h.i.pull.merged.IsZero()
	case "draft":
		return h.i.pull != nil && h.i.pull.draft
	case "public", "private":
		return h.c.repo.Private == (what == "private")
	}
	h.c.t.Errorf("githubtest: searching by is:%s is not implemented", what)
	return false
}

func (h hit) says(text string, in []string) bool {
	var texts []string
	for _, place := range in {
		switch place {
		case "title":
			texts = append(texts, h.i.title)
		case "body":
			texts = append(texts, h.i.body)
		case "comments":
			for _, m := range h.i.comments {
				texts = append(texts, m.body)
			}
		}
	}
	return strings.Contains(strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(text))
}

func sortHits(hits []hit, by, order string) {
	slices.SortStableFunc(hits, func(a, b hit) int {
		switch by {
		case "updated":
			return b.i.updated.Compare(a.i.updated)
		case "comments":
			return cmp.Compare(len(b.i.comments), len(a.i.comments))
		}
		return b.i.at.Compare(a.i.at)
	})
	if order == "asc" {
		slices.Reverse(hits)
	}
}

func getMeta(c *call) reply {
	return reply{status: http.StatusOK, body: object{
		"verifiable_password_authentication": false, "installed_version": "3.19.0", "hooks": []string{"127.0.0.1/32"},
		"web": []string{"127.0.0.1/32"}, "api": []string{"127.0.0.1/32"}, "git": []string{"127.0.0.1/32"},
		"domains": object{"website": []string{c.URL}},
	}}
}
