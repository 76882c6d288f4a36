package githubtest

import "slices"

// Shown is a pull request as a test looks at it.
type Shown struct {
	Number      int
	Title, Body string
	State       string // "open" or "closed"
	Merged      bool
	Draft       bool
	Head, Base  string // branches
	HeadSHA     string
	Labels      []string
	Reviewers   []string // who was asked for a review
	Comments    []string
}

// MergedBy is the login of who merged a pull request; "" where nobody did.
func (r *Repository) MergedBy(number int) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	for _, i := range r.numbered(func(i *issue) bool { return i.pull != nil && i.number == number }) {
		if i.pull.mergedBy != nil {
			return i.pull.mergedBy.login
		}
	}
	return ""
}

// ArmedBy is the login of who told GitHub to merge a pull request by itself; "" where
// nobody did.
func (r *Repository) ArmedBy(number int) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if i := r.issues[number]; i != nil && i.pull != nil && i.pull.auto != nil {
		return i.pull.auto.by.login
	}
	return ""
}

// Pulls are all pull requests, oldest first.
func (r *Repository) Pulls() []Shown {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	found := []Shown{}
	for _, i := range slices.Backward(r.numbered(func(i *issue) bool { return i.pull != nil })) {
		s := Shown{
			Number: i.number, Title: i.title, Body: i.body, State: i.state, Merged: !i.pull.merged.IsZero(), Draft: i.pull.draft,
			Head: i.pull.head, Base: i.pull.base, HeadSHA: i.pull.headSHA, Labels: slices.Clone(i.labels),
		}
		for _, u := range i.pull.reviewers {
			s.Reviewers = append(s.Reviewers, u.login)
		}
		for _, c := range i.comments {
			s.Comments = append(s.Comments, c.body)
		}
		found = append(found, s)
	}
	return found
}

// Read is a file of a branch, "" where there is none.
func (r *Repository) Read(branch, path string) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	o, err := r.git.read("refs/heads/" + branch + ":" + path)
	if err != nil {
		return ""
	}
	return string(o.data)
}

// Remark is a comment as a test looks at it.
type Remark struct {
	ID       int64
	By, Body string
	// Reactions are who gave which, as "eyes by alice".
	Reactions []string
}

// Remarks are the comments on an issue or a pull request, oldest first.
func (r *Repository) Remarks(number int) []Remark {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	var found []Remark
	i := r.issues[number]
	if i == nil {
		return nil
	}
	for _, c := range i.comments {
		m := Remark{ID: c.id, By: c.by.login, Body: c.body}
		for _, given := range c.reactions {
			m.Reactions = append(m.Reactions, given.content+" by "+given.by.login)
		}
		found = append(found, m)
	}
	return found
}

// Body is the text of an issue or a pull request, "" where there is none.
func (r *Repository) Body(number int) string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if i := r.issues[number]; i != nil {
		return i.body
	}
	return ""
}

// Open is how many issues and how many pull requests are open.
func (r *Repository) Open() (issues, pulls int) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	for _, i := range r.issues {
		switch {
		case i.state != "open":
		case i.pull == nil:
			issues++
		default:
			pulls++
		}
	}
	return issues, pulls
}

// Annotation is a word on lines of a file as a test looks at it; 0 is no column.
type Annotation struct {
	Path                   string
	StartLine, EndLine     int
	StartColumn, EndColumn int
	Level, Title, Message  string
}

// ShownCheck is a check run as a test looks at it.
type ShownCheck struct {
	ID                       int64
	App, Name                string
	Status, Conclusion, Note string
	Title, Summary           string
	Annotations              []Annotation
}

// Checks are all check runs of a commit, oldest first.
func (r *Repository) Checks(sha string) []ShownCheck {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	found := []ShownCheck{}
	for _, k := range slices.Backward(r.checksOf(sha)) {
		s := ShownCheck{
			ID: k.id, App: k.suite.app.Slug, Name: k.name, Status: k.status, Conclusion: k.conclusion, Note: k.external,
		}
		for _, a := range k.annotations {
			shown := Annotation{Path: a.Path, StartLine: a.StartLine, EndLine: a.EndLine, Level: a.Level, Message: a.Message}
			set(&shown.StartColumn, a.StartColumn)
			set(&shown.EndColumn, a.EndColumn)
			set(&shown.Title, a.Title)
			s.Annotations = append(s.Annotations, shown)
		}
		set(&s.Title, k.title)
		set(&s.Summary, k.summary)
		found = append(found, s)
	}
	return found
}
