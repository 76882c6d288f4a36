package githubtest_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// scenes is what is done before the call of a recording, by its operation or
// more exactly: see keys.
func scenes() map[string]func(*stage) {
	all := map[string]func(*stage){}
	for _, some := range []map[string]func(*stage){appScenes(), gitScenes(), issueScenes(), pullScenes(), repoScenes(), otherScenes()} {
		maps.Copy(all, some)
	}
	return all
}

func appScenes() map[string]func(*stage) {
	return map[string]func(*stage){
		"apps/create-installation-access-token": func(s *stage) {
			s.asApp()
			s.path = fmt.Sprintf("/app/installations/%d/access_tokens", s.install.ID)
		},
		"apps/get-authenticated": (*stage).asApp,
		"apps/get-authenticated 401": func(s *stage) {
			if s.auth = "not.a.jwt"; strings.Contains(fmt.Sprint(s.Response.Body), "'iat'") {
				s.auth = jwt(s.T, s.hub, map[string]any{"iat": "soon"})
			}
		},
		"apps/get-installation": func(s *stage) {
			s.asApp()
			s.path = fmt.Sprintf("/app/installations/%d", s.install.ID)
		},
		"apps/get-org-installation":  (*stage).asApp,
		"apps/get-repo-installation": (*stage).asApp,
		"apps/get-user-installation": func(s *stage) {
			s.asApp()
			s.hub.Install("bogus", everything())
		},
		"apps/list-installations":                    (*stage).asApp,
		"apps/list-repos-accessible-to-installation": (*stage).asInstallation,
	}
}

func otherScenes() map[string]func(*stage) {
	check := func(s *stage) int64 {
		s.asInstallation()
		made := s.make("POST", "/check-runs", fmt.Sprintf(`{"name":"build-only (Java 17)","head_sha":%q,"status":"in_progress"}`, s.repo.Branch("main")))
		id, _ := made.body["id"].(float64)
		return int64(id)
	}
	return map[string]func(*stage){
		"checks/create": func(s *stage) {
			s.asInstallation()
			s.body["head_sha"] = s.repo.Branch("main")
		},
		"checks/update": func(s *stage) { s.under("/check-runs/%d", check(s)) },
		"checks/list-for-ref": func(s *stage) {
			check(s)
			s.make("POST", "/check-runs", fmt.Sprintf(`{"name":"two","head_sha":%q}`, s.repo.Branch("main")))
			s.make("POST", "/check-runs", fmt.Sprintf(`{"name":"three","head_sha":%q}`, s.repo.Branch("main")))
			s.auth = ""
			s.under("/commits/%s/check-runs", s.repo.Branch("main"))
		},
		"meta/get":           func(*stage) {},
		"rate-limit/get":     func(*stage) {},
		"rate-limit/get 401": func(s *stage) { s.auth = "wrong" },
		"search/issues-and-pull-requests": func(s *stage) {
			s.repo.Commit("topic", "topic", map[string]string{"topic.txt": "t\n"})
			if number := s.repo.OpenPull(s.person, "refreshFromSearchResults", "topic", "main"); strings.Contains(s.path, "closed") {
				s.repo.ClosePull(number, s.person)
				s.path = strings.Replace(s.path, "page=16", "page=2&per_page=1", 1)
				s.repo.ClosePull(s.pull("other"), s.person)
			}
		},
	}
}

func gitScenes() map[string]func(*stage) {
	return map[string]func(*stage){
		"git/create-blob": func(*stage) {},
		"git/create-commit": func(s *stage) {
			s.body["tree"], s.body["parents"] = emptyTree, []string{s.repo.Branch("main")}
		},
		"git/create-ref": func(s *stage) { s.body["sha"] = s.repo.Branch("main") },
		"git/create-tree": func(s *stage) {
			s.repo.Commit("main", "more", map[string]string{"data/val1.dat": "1\n"})
			blob := s.make("POST", "/git/blobs", `{"content":"x"}`).body["sha"]
			s.body["base_tree"] = s.make("GET", "/git/trees/main", "").body["sha"]
			entries, _ := s.body["tree"].([]any)
			for _, e := range entries {
				if entry, isObject := e.(map[string]any); isObject && entry["sha"] != nil {
					entry["sha"] = blob
				}
			}
		},
		"git/delete-ref": func(s *stage) { s.repo.Commit("test/content_ref_cache", "c", map[string]string{"x": "y"}) },
		"git/get-blob": func(s *stage) {
			s.under("/git/blobs/%v", s.make("POST", "/git/blobs", `{"content":"some text that is long enough"}`).body["sha"])
			s.header = []string{"Accept", "application/vnd.github.raw"}
		},
		"git/get-tree":           func(s *stage) { s.under("/git/trees/%v", s.make("GET", "/git/trees/main", "").body["sha"]) },
		"git/list-matching-refs": func(s *stage) { s.repo.Commit("gh-pages", "c", map[string]string{"x": "y"}) },
		"git/update-ref":         func(s *stage) { s.body["sha"] = s.repo.Commit("next", "c", map[string]string{"x": "y"}) },
	}
}

func issueScenes() map[string]func(*stage) {
	labelled := func(s *stage, labels ...string) int {
		number := s.repo.OpenIssue(s.person, "I", "body")
		if len(labels) > 0 {
			s.repo.Label(number, s.person, labels...)
		}
		return number
	}
	return map[string]func(*stage){
		"issues/add-labels": func(s *stage) { s.under("/issues/%d/labels", labelled(s)) },
		"issues/create":     func(*stage) {},
		"issues/create-comment": func(s *stage) {
			s.under("/issues/%d/comments", s.pull("topic"))
		},
		"issues/create-label":  func(*stage) {},
		"issues/get":           func(s *stage) { s.under("/issues/%d", labelled(s, "bug")) },
		"issues/get-label":     func(s *stage) { s.make("POST", "/labels", `{"name":"test2","color":"123456"}`) },
		"issues/get-label 404": func(*stage) {},
		"issues/list-comments": func(s *stage) {
			number := labelled(s)
			if list, _ := s.Response.Body.([]any); len(list) > 0 {
				number = s.pull("topic")
				s.repo.Comment(number, s.person, "hello")
			}
			s.under("/issues/%d/comments", number)
		},
		"issues/list-for-repo": func(s *stage) {
			labelled(s, "bug")
		},
		"issues/list-labels-for-repo": func(s *stage) { labelled(s, "bug") },
		"issues/remove-label": func(s *stage) {
			s.under("/issues/%d/labels/removeLabels_label_name_3", labelled(s, "removeLabels_label_name_3", "other"))
		},
		"issues/remove-label 404": func(s *stage) { s.under("/issues/%d/labels/none", labelled(s, "other")) },
		"issues/update":           func(s *stage) { s.under("/issues/%d", labelled(s, "bug")) },
		"reactions/create-for-issue-comment": func(s *stage) {
			s.under("/issues/comments/%d/reactions", s.repo.Comment(labelled(s), s.person, "hello"))
		},
		"reactions/list-for-issue-comment": func(s *stage) {
			id := s.repo.Comment(labelled(s), s.person, "hello")
			s.make("POST", fmt.Sprintf("/issues/comments/%d/reactions", id), `{"content":"eyes"}`)
			s.under("/issues/comments/%d/reactions", id)
		},
	}
}

func pullScenes() map[string]func(*stage) {
	outdated := func(s *stage) int {
		number := s.pull("topic")
		s.repo.Commit("main", "meanwhile", map[string]string{"x": "y"})
		return number
	}
	return map[string]func(*stage){
		"pulls/create":        func(s *stage) { s.repo.Commit("test/stable", "c", map[string]string{"x": "y"}) },
		"pulls/create 422":    func(s *stage) { s.pull("test/stable") },
		"pulls/create-review": func(s *stage) { s.under("/pulls/%d/reviews", s.pull("topic")) },
		"pulls/get":           seenPull,
		"pulls/list":          func(s *stage) { s.pull("test/stable") },
		"pulls/list-commits":  func(s *stage) { s.under("/pulls/%d/commits", s.pull("topic")) },
		"pulls/list-reviews": func(s *stage) {
			number := s.pull("topic")
			if strings.Contains(fmt.Sprint(s.Response.Body), "state:PENDING") { // only its author sees it
				s.make("POST", fmt.Sprintf("/pulls/%d/reviews", number), `{"body":"so far"}`)
			} else {
				s.repo.Collaborate("reviewer", "write")
				s.repo.Review(number, "reviewer", "APPROVED", "good")
			}
			s.under("/pulls/%d/reviews", number)
		},
		"pulls/merge": func(s *stage) { s.under("/pulls/%d/merge", s.pull("topic")) },
		"pulls/request-reviewers": func(s *stage) {
			s.hub.Organization("hub4j-test-org").AddToTeam("dummy-team", "dummy", "member")
			s.person = "author"
			s.repo.Collaborate(s.person, "admin")
			s.under("/pulls/%d/requested_reviewers", s.pull("topic"))
		},
		"pulls/update": func(s *stage) { s.under("/pulls/%d", s.pull("topic")) },
		"pulls/update-branch": func(s *stage) {
			s.under("/pulls/%d/update-branch", outdated(s))
			s.body["expected_head_sha"] = s.repo.Branch("topic")
		},
		"pulls/update-branch 422": func(s *stage) { s.under("/pulls/%d/update-branch", outdated(s)) },
	}
}

// seenPull is a pull request that is armed where the recorded one was.
func seenPull(s *stage) {
	number := s.pull("topic")
	if shown, _ := s.Response.Body.(map[string]any); shown["auto_merge"] != nil {
		s.repo.Collaborate("seate", "write")
		s.repo.SetMerging(githubtest.Merging{AllowMergeCommit: true, AllowAutoMerge: true})
		s.repo.Protect("main", githubtest.Protection{Rules: githubtest.Rules{Checks: []githubtest.RequiredCheck{{Context: "ci"}}}})
		id := s.make("GET", fmt.Sprintf("/pulls/%d", number), "").body["node_id"]
		const mutation = `mutation($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, commitHeadline: "H", commitBody: "B"}) { actor { login } } }`
		if a := ask(s.T, s.hub, s.hub.Token("seate"), mutation, map[string]any{"id": id}); a.body["errors"] != nil {
			s.Fatalf("%v", a.body)
		}
	}
	s.under("/pulls/%d", number)
}

func repoScenes() map[string]func(*stage) {
	limited := func(s *stage) {
		wait := -time.Second
		if s.recording.header("Retry-After") != "" {
			wait = time.Minute
		}
		fault := githubtest.SecondaryLimit("repos/get", s.status, wait)
		if message, isText := s.Response.Body.(map[string]any)["message"].(string); isText && !strings.Contains(message, "secondary") {
			fault = githubtest.Fault{Operation: "repos/get", Status: s.status, Message: message}
		}
		s.hub.Fault(fault)
	}

	return map[string]func(*stage){
		"repos/compare-commits-with-basehead": func(s *stage) {
			base := s.repo.Commit("main", "zero", map[string]string{"x": "z"})
			s.repo.Commit("topic", "one", map[string]string{"README.md": "1\n"})
			s.under("/compare/%s...%s", base, s.repo.Commit("topic", "two", map[string]string{"x": "y"}))
		},
		"repos/create-or-update-file-contents 200": func(s *stage) {
			s.repo.Commit("test/updateContentSquashMerge", "c", map[string]string{"updateContentSquashMerge": "1\n"})
			s.repo.Commit("main", "c", map[string]string{"test+directory #50/test file-to+create-#1.txt": "1\n"})
			s.body["sha"] = s.make("POST", "/git/blobs", `{"content":"1\n"}`).body["sha"]
		},
		"repos/create-or-update-file-contents 201": func(s *stage) {
			s.repo.Commit("branchToMerge", "c", map[string]string{"x": "y"})
			s.repo.Commit("kgromov-test", "c", map[string]string{"x": "y"})
		},
		"repos/get": func(s *stage) {
			if s.repository() == "hub4j-test-org/github-api" { // a fork
				s.repo.Delete(s.person)
				s.repo = s.hub.Fork(s.hub.AddRepository("hub4j/github-api", map[string]string{"a": "b"}), "hub4j-test-org")
				s.repo.Collaborate(s.person, "admin")
				return
			}
			s.auth = s.hub.Token("stranger")
		},
		"repos/get 301":    func(s *stage) { s.repo.Rename(s.person, "elsewhere") },
		"repos/get 304":    func(s *stage) { s.header = []string{"If-None-Match", s.make("GET", "", "").header.Get("ETag")} },
		"repos/get 403":    limited,
		"repos/get 404":    func(s *stage) { s.repo.Delete(s.person) },
		"repos/get 429":    limited,
		"repos/get-branch": func(s *stage) { s.repo.Commit("main", "more", map[string]string{"x": "y"}) },
		"repos/get-branch-protection": func(s *stage) {
			p := githubtest.Protection{Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 1}}}
			if strings.Contains(s.From, "testEnableBranchProtections") {
				p.Checks, p.Strict, p.Reviews.CodeOwners = []githubtest.RequiredCheck{{Context: "test-status-check"}}, true, true
			}
			s.repo.Protect("main", p)
		},
		"repos/get-branch-rules": func(s *stage) {
			s.repo.AddRuleset(githubtest.Ruleset{Name: "r", Rules: githubtest.Rules{Reviews: &githubtest.RequiredReviews{Approvals: 1}}, NoForcePush: true, NoDeletion: true})
		},
		"repos/list-branches": func(s *stage) { s.repo.Commit("branching-test", "c", map[string]string{"x": "y"}) },
		"repos/list-pull-requests-associated-with-commit": func(s *stage) {
			commit := s.repo.Branch("main")
			if list, _ := s.Response.Body.([]any); len(list) > 0 {
				s.pull("topic")
				commit = s.repo.Branch("topic")
			}
			s.under("/commits/%s/pulls", commit)
		},
		"repos/merge":     func(s *stage) { s.body["head"] = s.repo.Commit("topic", "c", map[string]string{"x": "y"}) },
		"repos/merge 204": func(s *stage) { s.body["head"] = s.repo.Branch("main") },
		"repos/get-collaborator-permission-level":     func(s *stage) { s.repo.Collaborate("alecharp", "maintain"); s.repo.Collaborate("dude", "write") },
		"repos/get-collaborator-permission-level 403": func(s *stage) { s.auth = s.hub.Token("stranger") },
		"repos/get-commit": func(s *stage) {
			s.under("/commits/%s", s.repo.Commit("main", "two", map[string]string{"README.md": "2\n"}))
		},
		"repos/get-content": func(s *stage) {
			s.repo.Commit("main", "more", map[string]string{"test+directory #50/test file-to+create-#1.txt": "some text\n"})
		},
		"repos/get-content 404":        func(*stage) {},
		"repos/get-latest-release":     func(s *stage) { s.repo.Release(s.person, "release_tag", "One", "body", "") },
		"repos/get-latest-release 404": func(*stage) {},
		"repos/get-release-by-tag":     func(s *stage) { s.repo.Release(s.person, "v2.3.0-pre10", "One", "body", "") },
		"repos/get-release-by-tag 404": func(*stage) {},
		"repos/list-commits":           func(*stage) {},
		"repos/list-releases":          func(s *stage) { s.repo.Release(s.person, "release_tag", "One", "body", "") },
		"repos/list-tags": func(s *stage) {
			if list, _ := s.Response.Body.([]any); len(list) == 0 {
				return
			}
			for n := range 67 {
				s.repo.Tag(s.person, fmt.Sprintf("v%d", n), s.repo.Branch("main"), "")
			}
		},
	}
}
