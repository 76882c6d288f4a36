package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestPushesAgainstRules(t *testing.T) {
	t.Parallel()
	reviewed := githubtest.Rules{Reviews: &githubtest.RequiredReviews{}}
	checked := githubtest.Rules{Checks: []githubtest.RequiredCheck{required("ci")}}
	all := []string{"~ALL"}
	update := func(p place, status int, message string) {
		p.send("PATCH", "/git/refs/heads/main", fmt.Sprintf(`{"sha":%q,"force":true}`, p.head()), status, message)
	}
	tests := map[string]func(p place){
		"classic reviews": func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: reviewed})
			update(p, 422, "Changes must be made through a pull request.")
			p.send("PUT", "/contents/n.txt", `{"message":"n","content":"aGk="}`, 409, "Changes must be made through a pull request.")
			p.send("POST", "/merges", `{"base":"main","head":"topic"}`, 409, "Changes must be made through a pull request.")
			p.send("PUT", "/pulls/1/merge", "", 200, "")
		},
		"classic checks": func(p place) {
			p.repo.Protect("main", githubtest.Protection{Rules: checked})
			update(p, 422, `Required status check "ci" is expected.`)
			p.repo.Status(p.head(), "ci", "success")
			update(p, 200, "")
		},
		"classic keeps history": func(p place) {
			p.repo.Protect("main", githubtest.Protection{})
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
			update(p, 422, "Cannot force-push to this branch")
			p.send("DELETE", "/git/refs/heads/main", "", 422, "Cannot delete this protected branch")
		},
		"ruleset": func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Rules: reviewed, NoDeletion: true})
			update(p, 422, "Repository rule violations found\n\nChanges must be made through a pull request.\n\n")
			p.send("DELETE", "/git/refs/heads/main", "", 422, "Cannot delete this protected branch")
		},
		"ruleset over all branches": func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Rules: checked, Include: all})
			ref := fmt.Sprintf(`{"ref":"refs/heads/new","sha":%q}`, p.head())
			p.send("POST", "/git/refs", ref, 422, `Required status check "ci" is expected.`)
			p.send("GET", "/git/ref/heads/new", "", 404, "")
		},
		"ruleset passed": func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Rules: checked, Include: all, MergeQueue: true, Bypass: []string{p.hub.App.Slug + "[bot]"}})
			update(p, 200, "")
		},
		"linear history": func(p place) {
			p.repo.AddRuleset(githubtest.Ruleset{Rules: githubtest.Rules{LinearHistory: true}, Include: all})
			p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
			p.send("PUT", "/pulls/1/update-branch", "", 422, "This branch must not contain merge commits.")
		},
	}
	for name, check := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(proposed(t))
		})
	}
}
