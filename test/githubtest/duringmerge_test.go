package githubtest_test

import (
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestDuringMerge lets something happen after GitHub has looked and before it
// moves the base.
func TestDuringMerge(t *testing.T) {
	t.Parallel()
	const moved = "Base branch was modified. Review and try the merge again."
	tests := map[string]struct {
		happens func(p place)
		status  int
		message string
	}{
		"nothing": {func(place) {}, 200, ""},
		"the base moves": {
			func(p place) { p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"}) }, 405, moved,
		},
		"the head moves": {
			func(p place) { p.repo.Push("topic", "alice", "more", nil) }, 409, "Head branch was modified. Review and try the merge again.",
		},
		"it gets another base": {func(p place) { p.send("PATCH", "/pulls/1", `{"base":"other"}`, 200, "") }, 405, moved},
		"it is closed":         {func(p place) { p.repo.ClosePull(1, "alice") }, 405, "Pull Request is not mergeable"},
		"somebody merges it":   {func(p place) { p.repo.MergePull(1, "alice", "squash") }, 405, "Pull Request is not mergeable"},
		"a check turns red": {
			func(p place) { p.repo.Check(p.head(), "ci-app", "ci", "completed", "failure") }, 405, `Required status check "ci" is failing.`,
		},
		"a review is dismissed": {
			func(p place) { p.repo.DismissReview(1, p.review(), "bob") },
			405, "At least 1 approving review is required by reviewers with write access.",
		},
		"another check turns red": {func(p place) { p.repo.Status(p.head(), "other", "failure") }, 200, ""},
		"a label":                 {func(p place) { p.repo.Label(1, "alice", "hold") }, 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			p.repo.Commit("other", "o", map[string]string{"o.txt": "o\n"})
			p.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{
				Checks: []githubtest.RequiredCheck{required("ci")}, Reviews: &githubtest.RequiredReviews{Approvals: 1},
			}})
			p.repo.Review(1, "alice", "APPROVED", "")
			p.repo.Check(p.head(), "ci-app", "ci", "completed", "success")
			p.repo.DuringMerge(func() { tt.happens(p) })
			if a := p.send("PUT", "/pulls/1/merge", "", tt.status, tt.message); tt.status == 200 && a.body["sha"] != p.repo.Branch("main") {
				t.Errorf("%v", a.body)
			}
		})
	}
}

// review is the id of the first one.
func (p place) review() int64 {
	return int64(at(p.send("GET", "/pulls/1/reviews", "", 200, "").list[0], "id").(float64))
}

// TestMergedBranches is what may become of the head afterwards.
func TestMergedBranches(t *testing.T) {
	p := proposed(t)
	p.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 200, "")
	p.send("GET", "/pulls/1/merge", "", 204, "")
	p.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 405, "Pull Request is not mergeable")
	p.send("DELETE", "/git/refs/heads/topic", "", 204, "")
	p.send("DELETE", "/git/refs/heads/topic", "", 422, "Reference does not exist")
	if shown := p.send("GET", "/pulls/1", "", 200, "").body; shown["merged"] != true || at(shown, "head", "ref") != "topic" {
		t.Errorf("merged %v, head %v", shown["merged"], at(shown, "head", "ref"))
	}

	p = proposed(t)
	p.repo.SetMerging(githubtest.Merging{AllowSquash: true, DeleteBranch: true})
	p.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 200, "")
	p.send("DELETE", "/git/refs/heads/topic", "", 422, "Reference does not exist")

	p = proposed(t)
	p.repo.SetMerging(githubtest.Merging{AllowSquash: true, DeleteBranch: true})
	p.repo.Protect("topic", githubtest.Protection{})
	p.send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, 200, "")
	p.send("DELETE", "/git/refs/heads/topic", "", 422, "Cannot delete this protected branch")

	p = proposed(t)
	p.repo.Archive("acme", true)
	p.send("PUT", "/pulls/1/merge", "", 403, "Repository was archived so is read-only.")
}
