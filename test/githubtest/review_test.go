package githubtest_test

import (
	"testing"
)

func TestReviews(t *testing.T) {
	p := proposed(t)
	send := p.send
	errors := func(body, message string) {
		t.Helper()
		send("POST", "/pulls/1/reviews", body, 422, message)
	}
	errors(`{"event":"APPROVE"}`, "Can not approve your own pull request")
	errors(`{"event":"REQUEST_CHANGES","body":"no"}`, "Can not request changes on your own pull request")
	errors(`{"event":"COMMENT"}`, "Body can't be blank")
	a := send("POST", "/pulls/1/reviews", `{"event":"COMMENT","body":"look"}`, 200, "")
	if a.body["state"] != "COMMENTED" || a.body["commit_id"] != p.head() || a.body["submitted_at"] == nil {
		t.Errorf("review: %v", a.body)
	}
	if a = send("POST", "/pulls/1/reviews", `{"body":"later"}`, 200, ""); a.body["state"] != "PENDING" || a.body["submitted_at"] != nil {
		t.Errorf("pending: %v", a.body)
	}
	first := p.head()
	id := p.repo.Review(1, "alice", "APPROVED", "fine")
	p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
	p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no")
	p.repo.DismissReview(1, id, "bob")
	var states []any
	for _, v := range send("GET", "/pulls/1/reviews", "", 200, "").list {
		states = append(states, at(v, "user", "login"), at(v, "state"), at(v, "commit_id") == first)
	}
	bot := p.hub.App.Slug + "[bot]"
	want := sprint([]any{bot, "COMMENTED", true, bot, "PENDING", true, "alice", "DISMISSED", true, "bob", "CHANGES_REQUESTED", false})
	if sprint(states) != want {
		t.Errorf("reviews: %v, want %s", states, want)
	}
	if a = send("GET", "/pulls/1/reviews?per_page=3&page=2", "", 200, ""); len(a.list) != 1 {
		t.Errorf("second page: %v", a.list)
	}
	send("GET", "/pulls/9/reviews", "", 404, "Not Found")
	send("POST", "/pulls/9/reviews", `{"event":"APPROVE"}`, 404, "Not Found")
}

func TestReviewers(t *testing.T) {
	p := proposed(t)
	send := p.send
	p.hub.Organization("acme").AddToTeam("platform", "carol", "member")
	strangers := "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the acme/shop repository."
	send("POST", "/pulls/1/requested_reviewers", `{"reviewers":["alice","mallory"]}`, 422, strangers)
	send("POST", "/pulls/1/requested_reviewers", `{"team_reviewers":["none"]}`, 422, strangers)
	send("POST", "/pulls/1/requested_reviewers", `{"reviewers":["image-updater[bot]"]}`, 422, "Review cannot be requested from pull request author.")
	send("POST", "/pulls/1/requested_reviewers", `{"reviewers":["Alice","bob","alice"],"team_reviewers":["platform"]}`, 201, "")
	shown := func() string {
		body := send("GET", "/pulls/1", "", 200, "").body
		var names []any
		for _, u := range body["requested_reviewers"].([]any) {
			names = append(names, at(u, "login"))
		}
		for _, team := range body["requested_teams"].([]any) {
			names = append(names, at(team, "slug"))
		}
		return sprint(names)
	}
	if got := shown(); got != "[alice bob platform]" {
		t.Errorf("requested: %s", got)
	}
	p.repo.Review(1, "alice", "COMMENTED", "hm")
	p.repo.RequestReview(1, "bob", "acme")
	if got := shown(); got != "[bob acme platform]" {
		t.Errorf("after a review: %s", got)
	}
	send("POST", "/pulls/9/requested_reviewers", "", 404, "Not Found")
}

func TestAssignees(t *testing.T) {
	p := proposed(t)
	logins := func(body any) string {
		var names []any
		for _, u := range at(body, "assignees").([]any) {
			names = append(names, at(u, "login"))
		}
		return sprint(names)
	}
	a := p.send("POST", "/issues/1/assignees", `{"assignees":["alice","nobody",{"login":"bob"},"alice"]}`, 201, "")
	if got := logins(a.body); got != "[alice bob]" || at(a.body, "assignee", "login") != "alice" {
		t.Errorf("assigned: %s", got)
	}
	if got := logins(p.send("GET", "/pulls/1", "", 200, "").body); got != "[alice bob]" {
		t.Errorf("shown: %s", got)
	}
	many := `{"title":"I","assignees":["a1","a2","a3","a4","a5","a6","a7","a8","a9","b1","b2"]}`
	for _, login := range []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2"} {
		p.repo.Collaborate(login, "read")
	}
	if got := p.send("POST", "/issues", many, 201, "").body["assignees"].([]any); len(got) != 10 {
		t.Errorf("%d assignees, want 10", len(got))
	}
	p.send("POST", "/issues/9/assignees", `{"assignees":["alice"]}`, 404, "Not Found")
}
