package web

import "net/url"

// tally is how many there are of what a list can be narrowed to.
type tally struct {
	State        string
	Open, Closed int
}

func (t *tally) count(state string) {
	if state == "open" {
		t.Open++
		return
	}
	t.Closed++
}

// state is the one of the list that is looked at.
func (v *visit) state() string {
	if v.r.URL.Query().Get("state") == "closed" {
		return "closed"
	}
	return "open"
}

func listPulls(v *visit) (any, error) {
	all, err := list[pull](v, "pulls/list", nil, url.Values{"state": {"all"}})
	found := struct {
		tally

		Items []pull
	}{tally: tally{State: v.state()}}
	for _, p := range all {
		if found.count(p.State); p.State == found.State {
			found.Items = append(found.Items, p)
		}
	}
	return found, err
}

func listIssues(v *visit) (any, error) {
	all, err := list[issue](v, "issues/list-for-repo", nil, url.Values{"state": {"all"}})
	found := struct {
		tally

		Items []issue
	}{tally: tally{State: v.state()}}
	for _, i := range all {
		if i.PullRequest != nil {
			continue
		}
		if found.count(i.State); i.State == found.State {
			found.Items = append(found.Items, i)
		}
	}
	return found, err
}
