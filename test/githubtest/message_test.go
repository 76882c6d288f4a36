package githubtest_test

import (
	"fmt"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestMergeMessages(t *testing.T) {
	t.Parallel()
	bot := func(p place) string {
		commit := p.send("GET", "/commits/"+p.head(), "", 200, "").body
		return fmt.Sprintf("Co-authored-by: %s <%s>", at(commit, "commit", "author", "name"), at(commit, "commit", "author", "email"))
	}
	two := func(p place) { p.repo.Commit("topic", "more\n\nWhy so.", map[string]string{"d.txt": "d\n"}) }
	tests := map[string]struct {
		arrange func(p place)
		body    string
		want    string // %s is the trailer
	}{
		"merge":   {two, `{"merge_method":"merge"}`, "Merge pull request #1 from acme/topic\n\nT"},
		"squash":  {func(place) {}, `{"merge_method":"squash"}`, "topic (#1)\n\n%s"},
		"several": {two, `{"merge_method":"squash"}`, "T (#1)\n\n* topic\n\n* more\n\nWhy so.\n\n---------\n\n%s"},
		"given": {
			two, `{"merge_method":"squash","commit_title":"Given","commit_message":"Words"}`, "Given\n\nWords",
		},
		"title given": {two, `{"merge_method":"merge","commit_title":"Given"}`, "Given\n\nT"},
		"by settings": {func(p place) {
			p.repo.SetMerging(githubtest.Merging{AllowSquash: true, SquashTitle: "PR_TITLE", SquashMessage: "PR_BODY"})
			p.send("PATCH", "/pulls/1", `{"body":"The body"}`, 200, "")
		}, `{"merge_method":"squash"}`, "T (#1)\n\nThe body\n\n%s"},
		"merge by settings": {func(p place) {
			p.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, MergeTitle: "PR_TITLE", MergeMessage: "BLANK"})
		}, "", "T (#1)"},
		"co-authors once": {func(p place) {
			p.repo.Commit("topic", "more\n\nCo-authored-by: Zoe <zoe@example.com>", map[string]string{"d.txt": "d\n"})
			p.repo.Commit("topic", "even more\n\nCo-Authored-By: Zoe <zoe@example.com>", map[string]string{"e.txt": "e\n"})
		}, `{"merge_method":"squash"}`, "T (#1)\n\n* topic\n\n* more\n\n* even more\n\n---------\n\n%s\nCo-authored-by: Zoe <zoe@example.com>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t)
			tt.arrange(p)
			want := tt.want
			if contains(want, "%s") {
				want = fmt.Sprintf(want, bot(p))
			}
			p.send("PUT", "/pulls/1/merge", tt.body, 200, "")
			if got := p.message(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestWhoMerged(t *testing.T) {
	for method, verified := range map[string]bool{"merge": true, "squash": true, "rebase": false} {
		t.Run(method, func(t *testing.T) {
			p := proposed(t)
			base := p.repo.Commit("main", "m", map[string]string{"m.txt": "m\n"})
			p.send("PUT", "/pulls/1/merge", fmt.Sprintf(`{"merge_method":%q}`, method), 200, "")
			c := p.send("GET", "/git/commits/"+p.repo.Branch("main"), "", 200, "")
			if at(c.body["parents"].([]any)[0], "sha") != base || at(c.body, "verification", "verified") != verified {
				t.Errorf("%v", c.body)
			}
		})
	}
}
