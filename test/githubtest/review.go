package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type review struct {
	id     int64
	by     *user
	body   string
	state  string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
	commit string // the head at the time
	at     time.Time
}

func (c *call) showReview(i *issue, v *review) object {
	page := c.repo.html(fmt.Sprintf("/pull/%d#pullrequestreview-%d", i.number, v.id))
	api := c.repo.api(fmt.Sprintf("/pulls/%d", i.number))
	shown := object{
		"id": v.id, "node_id": node("PRR", v.id), "user": c.showUser(v.by), "body": v.body, "state": v.state,
		"html_url": page, "pull_request_url": api, "commit_id": v.commit, "author_association": c.association(v.by),
		"_links": object{"html": object{"href": page}, "pull_request": object{"href": api}},
	}
	if v.state != "PENDING" {
		shown["submitted_at"] = stamp(v.at)
	}
	return shown
}

// visible is the reviews that the caller may see: a pending one is its
// author's alone.
func (c *call) visible(i *issue) []*review {
	var found []*review
	for _, v := range i.pull.reviews {
		if v.state != "PENDING" || v.by == c.caller() {
			found = append(found, v)
		}
	}
	return found
}

func listReviews(c *call) reply {
	i := c.pull()
	if i == nil {
		return notFound()
	}
	path := fmt.Sprintf("/repos/%s/pulls/%d/reviews", c.repo.FullName(), i.number)
	return paged(c, path, c.visible(i), func(v *review) object { return c.showReview(i, v) })
}

// reviewIn is what a call to review asks for.
type reviewIn struct {
	Commit string `json:"commit_id"`
	Body   string `json:"body"`
	Event  string `json:"event"`
}

func createReview(c *call) reply {
	var in reviewIn
	i := c.pull()
	switch {
	case i == nil:
		return notFound()
	case len(c.body) > 0 && !c.decode(&in):
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	v, refusal := c.review(i, in)
	if refusal != nil {
		return *refusal
	}
	return ok(c.showReview(i, v))
}

// review adds one; a review without an event is pending, and nobody is told.
func (c *call) review(i *issue, in reviewIn) (*review, *reply) {
	if refusal := c.refuseReview(i, in); refusal != nil {
		return nil, refusal
	}
	states := map[string]string{
		"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", "": "PENDING",
	}
	v := &review{id: c.id(), by: c.caller(), body: in.Body, state: states[in.Event], commit: in.Commit, at: c.Now()}
	if v.commit == "" {
		v.commit = i.pull.headSHA
	}
	i.pull.reviews, i.updated = append(i.pull.reviews, v), c.Now()
	if v.state != "PENDING" {
		i.pull.reviewers = slices.DeleteFunc(i.pull.reviewers, func(u *user) bool { return u == v.by })
		c.tellReview(i, v, "submitted")
		c.repo.advance(c.ctx)
	}
	return v, nil
}

func (c *call) refuseReview(i *issue, in reviewIn) *reply {
	own := i.by == c.caller()
	pending := slices.ContainsFunc(i.pull.reviews, func(v *review) bool { return v.state == "PENDING" && v.by == c.caller() })
	switch {
	case own && in.Event == "APPROVE":
		return unprocessable("Review Can not approve your own pull request")
	case own && in.Event == "REQUEST_CHANGES":
		return unprocessable("Review Can not request changes on your own pull request")
	case pending:
		return unprocessable("User can only have one pending review per pull request")
	case in.Body == "" && (in.Event == "COMMENT" || in.Event == "REQUEST_CHANGES"):
		return unprocessable("Body can't be blank")
	case in.Commit != "" && c.repo.resolve(in.Commit) == "":
		return unprocessable("The commit does not exist")
	}
	return nil
}

// unprocessable is a 422 whose errors are sentences.
func unprocessable(sentence string) *reply {
	r := failure(http.StatusUnprocessableEntity, "Unprocessable Entity")
	if body, isObject := r.body.(object); isObject {
		body["errors"] = []string{sentence}
	}
	return &r
}

func (c *call) tellReview(i *issue, v *review, action string) {
	shown := c.showReview(i, v)
	shown["state"] = strings.ToLower(v.state) // as webhooks have it
	c.happen(event{name: "pull_request_review", action: action, repo: c.repo, by: c.caller(), payload: object{
		"review": shown, "pull_request": c.showPullShort(i),
	}})
}

// dismiss takes back what a review said.
func (c *call) dismiss(i *issue, v *review) {
	v.state, i.updated = "DISMISSED", c.Now()
	c.tellReview(i, v, "dismissed")
}

// reviewed is the diff that reviews are of, "" where there are none.
func (c *call) reviewed(i *issue) string {
	if len(i.pull.reviews) == 0 {
		return ""
	}
	return c.diff(i)
}

// dismissStale dismisses what was approved before a push changed the diff.
func (c *call) dismissStale(i *issue, before string) {
	wanted := slices.ContainsFunc(c.repo.demands(i.pull.base), func(rules Rules) bool {
		return rules.Reviews != nil && rules.Reviews.DismissStale
	})
	if !wanted || len(i.pull.reviews) == 0 || before == c.diff(i) {
		return
	}
	for _, v := range i.pull.reviews {
		if v.state == "APPROVED" {
			c.dismiss(i, v)
		}
	}
}

// diff is what a pull request changes, to tell one push from another by.
func (c *call) diff(i *issue) string {
	text, err := c.repo.git.run(c.ctx, nil, "diff-tree", "-r", "-p", "--full-index", c.fork(i), i.pull.headSHA)
	if err != nil {
		return ""
	}
	return text
}

// Review reviews a pull request as a person: state is APPROVED,
// CHANGES_REQUESTED or COMMENTED. It returns the review's id.
func (r *Repository) Review(number int, login, state, body string) int64 {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	events := map[string]string{"APPROVED": "APPROVE", "CHANGES_REQUESTED": "REQUEST_CHANGES", "COMMENTED": "COMMENT"}
	if events[state] == "" {
		r.server.t.Fatalf("%s is no state of a review", state)
	}
	c, i := r.onPull(number, login)
	v, refusal := c.review(i, reviewIn{Event: events[state], Body: body})
	r.must(refusal)
	return v.id
}

// DismissReview takes a review back, as a person.
func (r *Repository) DismissReview(number int, id int64, login string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	for _, v := range i.pull.reviews {
		if v.id == id {
			c.dismiss(i, v)
			r.advance(c.ctx)
			return
		}
	}
	r.server.t.Fatalf("githubtest: #%d has no review %d", number, id)
}

// RequestReview asks people for a review, as a person.
func (r *Repository) RequestReview(number int, login string, reviewers ...string) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	c.requestReviews(i, reviewers, nil)
}

// SetDraft makes a pull request a draft, or ready for review, as a person.
func (r *Repository) SetDraft(number int, login string, draft bool) {
	r.server.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	c, i := r.onPull(number, login)
	c.setDraft(i, draft)
}

func (c *call) setDraft(i *issue, draft bool) {
	if i.pull.draft != draft {
		i.pull.draft, i.updated = draft, c.Now()
		c.about(i, map[bool]string{true: "converted_to_draft", false: "ready_for_review"}[draft], nil)
		if draft {
			c.dequeue(i, "MANUAL")
			c.disarm(i, "Pull request was converted to draft")
		}
		c.repo.advance(c.ctx)
	}
}

// onPull is a call by a person about a pull request; the lock is held.
func (r *Repository) onPull(number int, login string) (*call, *issue) {
	r.server.t.Helper()
	c := r.acting(r.server.t.Context(), r.server.person(login))
	c.params["pull_number"] = strconv.Itoa(number)
	i := c.pull()
	if i == nil {
		r.server.t.Fatalf("githubtest: %s has no pull request %d", r.FullName(), number)
	}
	return c, i
}
