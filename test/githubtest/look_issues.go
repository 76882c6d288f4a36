package githubtest

import "slices"

// ShownIssue is an issue, and no pull request, as a test looks at it.
type ShownIssue struct {
	Number      int
	Title, Body string
	By          string
	State       string // "open" or "closed"
	Comments    []string
}

// Issues are all issues, oldest first.
func (r *Repository) Issues() []ShownIssue {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	found := []ShownIssue{}
	for _, i := range slices.Backward(r.numbered(func(i *issue) bool { return i.pull == nil })) {
		s := ShownIssue{Number: i.number, Title: i.title, Body: i.body, By: i.by.login, State: i.state}
		for _, c := range i.comments {
			s.Comments = append(s.Comments, c.body)
		}
		found = append(found, s)
	}
	return found
}

// DeleteIssue takes an issue away for good, as an admin does on its page.
func (r *Repository) DeleteIssue(number int, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	i := r.issues[number]
	if i == nil || i.pull != nil {
		r.server.t.Fatalf("there is no issue %d", number)
	}
	c := r.acting(r.server.t.Context(), r.server.person(login))
	c.about(i, "deleted", nil)
	delete(r.issues, number)
}
