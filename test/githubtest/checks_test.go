package githubtest_test

import (
	"fmt"
	"slices"
	"testing"
)

// TestConclusions shows a run of each conclusion, those too that only GitHub sets,
// and what it means for who requires it.
func TestConclusions(t *testing.T) {
	t.Parallel()
	for conclusion, good := range map[string]bool{
		"success": true, "neutral": true, "skipped": true, "failure": false, "cancelled": false, "timed_out": false,
		"action_required": false, "stale": false, "startup_failure": false,
	} {
		t.Run(conclusion, func(t *testing.T) {
			t.Parallel()
			a := arming(t)
			a.repo.Check(a.head(), "ci-app", "ci", "completed", conclusion)
			run := a.send("GET", "/commits/topic/check-runs", "", 200, "").body["check_runs"].([]any)[0]
			suite := a.send("GET", fmt.Sprintf("/commits/topic/check-suites?app_id=%d", a.hub.OtherApp("ci-app").ID), "", 200, "").body["check_suites"].([]any)[0]
			if at(run, "conclusion") != conclusion || at(suite, "conclusion") != conclusion {
				t.Errorf("run %v, suite %v", at(run, "conclusion"), at(suite, "conclusion"))
			}
			if good {
				a.send("PUT", "/pulls/1/merge", "", 200, "")
				return
			}
			a.send("PUT", "/pulls/1/merge", "", 405, `Required status check "ci" is failing.`)
		})
	}
}

// TestReruns shows that only the newest run of a name counts in a suite, that Apps
// do not stand for each other, and how to see the older ones.
func TestReruns(t *testing.T) {
	p := proposed(t)
	p.ci(false, required("ci"))
	runs := func(query string) string {
		t.Helper()
		var all []string
		for _, run := range p.send("GET", "/commits/topic/check-runs"+query, "", 200, "").body["check_runs"].([]any) {
			all = append(all, fmt.Sprintf("%v %v %v", at(run, "app", "slug"), at(run, "status"), at(run, "conclusion")))
		}
		slices.Sort(all)
		return sprint(all)
	}
	first := p.repo.Check(p.head(), "one", "ci", "completed", "failure")
	p.repo.RerequestCheck(first, "alice")
	p.repo.Check(p.head(), "one", "ci", "queued", "")
	if got := runs(""); got != "[one queued <nil>]" {
		t.Errorf("latest: %s", got)
	}
	p.send("PUT", "/pulls/1/merge", "", 405, `Required status check "ci" is queued.`)
	p.repo.Check(p.head(), "one", "ci", "completed", "success")
	p.repo.Check(p.head(), "two", "ci", "completed", "failure")
	if got := runs("?filter=latest"); got != "[one completed success two completed failure]" {
		t.Errorf("of two Apps: %s", got)
	}
	if got := runs("?filter=all&check_name=ci"); got != "[one completed failure one completed success two completed failure]" {
		t.Errorf("all: %s", got)
	}
	p.send("PUT", "/pulls/1/merge", "", 405, `Required status check "ci" is failing.`)
	p.repo.Check(p.head(), "two", "ci", "completed", "neutral")
	p.send("PUT", "/pulls/1/merge", "", 200, "")
}

// TestManyChecks has more of all than a page holds.
func TestManyChecks(t *testing.T) {
	p := proposed(t)
	if s := p.send("GET", "/commits/topic/status", "", 200, "").body; s["state"] != "pending" || s["total_count"] != 0.0 {
		t.Errorf("without any: %v of %v", s["state"], s["total_count"])
	}
	const many = 103
	for n := range many {
		p.repo.Check(p.head(), "ci-app", fmt.Sprintf("run %d", n), "completed", "success")
		p.repo.Status(p.head(), fmt.Sprintf("status %d", n), "success")
	}
	for path, list := range map[string]string{"check-runs": "check_runs", "status": "statuses"} {
		seen := 0
		for page := 1; ; page++ {
			a := p.send("GET", fmt.Sprintf("/commits/topic/%s?per_page=100&page=%d", path, page), "", 200, "")
			if a.body["total_count"] != float64(many) {
				t.Errorf("%s: %v", path, a.body["total_count"])
			}
			seen += len(a.body[list].([]any))
			if !contains(a.header.Get("Link"), `rel="next"`) {
				break
			}
		}
		if seen != many {
			t.Errorf("%s: %d", path, seen)
		}
	}
	if s := p.send("GET", "/commits/topic/status", "", 200, "").body; s["state"] != "success" {
		t.Errorf("all good: %v", s["state"])
	}
	p.repo.Status(p.head(), "status 102", "error")
	if s := p.send("GET", "/commits/topic/status?per_page=1", "", 200, "").body; s["state"] != "failure" {
		t.Errorf("one of them not: %v", s["state"])
	}
}

// TestStaleReviews shows what tells a review of an older head: its commit, and its
// state where the rules dismiss it.
func TestStaleReviews(t *testing.T) {
	p := proposed(t)
	reviews := func() string {
		t.Helper()
		var all []string
		for _, review := range p.send("GET", "/pulls/1/reviews", "", 200, "").list {
			all = append(all, fmt.Sprintf("%v %v %t", at(review, "user", "login"), at(review, "state"), at(review, "commit_id") == p.head()))
		}
		return sprint(all)
	}
	p.repo.Review(1, "alice", "APPROVED", "")
	p.repo.Review(1, "bob", "CHANGES_REQUESTED", "no")
	p.repo.Review(1, "eve", "COMMENTED", "hm")
	p.repo.Push("topic", "alice", "empty", nil)
	if got := reviews(); got != "[alice APPROVED false bob CHANGES_REQUESTED false eve COMMENTED false]" {
		t.Errorf("kept: %s", got)
	}
	p.reviews(dismissing)
	p.repo.Commit("topic", "more", map[string]string{"d.txt": "d\n"})
	if got := reviews(); got != "[alice DISMISSED false bob CHANGES_REQUESTED false eve COMMENTED false]" {
		t.Errorf("dismissed: %s", got)
	}
	p.repo.Review(1, "alice", "APPROVED", "again")
	if got := reviews(); !contains(got, "alice APPROVED true") {
		t.Errorf("again: %s", got)
	}
}
