package githubtest_test

import (
	"fmt"
	"testing"
)

func TestSuites(t *testing.T) {
	p := proposed(t)
	head := p.head()
	suites := func(query string) string {
		t.Helper()
		var all []any
		for _, s := range p.send("GET", "/commits/topic/check-suites"+query, "", 200, "").body["check_suites"].([]any) {
			all = append(all, at(s, "app", "slug"), at(s, "status"), at(s, "conclusion"), at(s, "latest_check_runs_count"))
		}
		return sprint(all)
	}
	see := func(want string) {
		t.Helper()
		if got := suites(fmt.Sprintf("?app_id=%d", p.hub.OtherApp("ci-app").ID)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := suites(""); got != "[image-updater queued <nil> 0]" { // from the push, since the App may write checks
		t.Errorf("after the push: %s", got)
	}
	p.repo.Check(head, "ci-app", "a", "queued", "")
	see("[ci-app queued <nil> 1]")
	p.repo.Check(head, "ci-app", "b", "completed", "skipped")
	see("[ci-app in_progress <nil> 2]")
	a := p.repo.Check(head, "ci-app", "a", "completed", "success")
	see("[ci-app completed success 2]")
	p.repo.Check(head, "ci-app", "c", "completed", "failure")
	see("[ci-app completed failure 3]")
	p.repo.RerequestCheck(a, "alice")
	see("[ci-app queued <nil> 3]")
	p.repo.Check(head, "ci-app", "c", "completed", "success")
	see("[ci-app completed success 3]")
	if got := suites("?check_name=b"); got != "[ci-app completed success 3]" {
		t.Errorf("by name: %s", got)
	}
	p.send("GET", "/commits/none/check-suites", "", 422, "No commit found for SHA: none")
}

func TestChecksOfOthers(t *testing.T) {
	p := proposed(t)
	head := p.head()
	id := p.repo.Check(head, "ci-app", "x", "completed", "success")
	mine := p.send("POST", "/check-runs", fmt.Sprintf(`{"name":"x","head_sha":%q,"conclusion":"success"}`, head), 201, "")
	if pulls := mine.body["pull_requests"].([]any); len(pulls) != 1 || at(pulls[0], "number") != 1.0 {
		t.Errorf("pull requests: %v", pulls)
	}
	count := func(query string) any {
		return p.send("GET", "/commits/topic/check-runs"+query, "", 200, "").body["total_count"]
	}
	p.send("POST", "/check-runs", fmt.Sprintf(`{"name":"x","head_sha":%q,"conclusion":"failure"}`, head), 201, "")
	if count("") != 2.0 || count("?filter=all") != 3.0 || count(fmt.Sprintf("?app_id=%d", p.hub.App.ID)) != 1.0 {
		t.Errorf("checks: %v, %v, %v", count(""), count("?filter=all"), count(fmt.Sprintf("?app_id=%d", p.hub.App.ID)))
	}
	p.send("PATCH", fmt.Sprintf("/check-runs/%d", id), `{"conclusion":"failure"}`, 403, "check run can only be modified by the GitHub App that created it.")
}
