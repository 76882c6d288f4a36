package handlers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers"
)

const shop = `"repository": {"id": 7, "name": "shop", "full_name": "acme/shop", "owner": {"login": "acme"}, "default_branch": "main"},
	"installation": {"id": 3}, "sender": {"login": "alice", "type": "User"}`

func TestDecode(t *testing.T) {
	byUs := strings.Replace(shop, "alice", "updater[bot]", 1)
	repository := handlers.Repository{ID: 7, Owner: "acme", Name: "shop", DefaultBranch: "main"}
	about := func(change func(*handlers.News)) handlers.News {
		n := handlers.News{InstallationID: 3, Account: "acme", Repository: repository}
		change(&n)
		return n
	}
	looks := about(func(n *handlers.News) { n.Look = true })
	asks := about(func(n *handlers.News) { n.Look, n.Person = true, true })
	on := func(branch string) handlers.News {
		return about(func(n *handlers.News) { n.Look, n.Branch = true, branch })
	}
	ignored := func(why string) handlers.News {
		return about(func(n *handlers.News) { n.Ignored = why })
	}
	tests := map[string]struct {
		event, body string
		want        handlers.News
	}{
		"pushed to the default branch": {"push", `{"ref": "refs/heads/main",` + shop + `}`, looks},
		"pushed to another branch":     {"push", `{"ref": "refs/heads/feature/x",` + shop + `}`, on("feature/x")},
		"a branch called like a tag":   {"push", `{"ref": "refs/heads/refs/tags/v1",` + shop + `}`, on("refs/tags/v1")},
		"pushed a tag":                 {"push", `{"ref": "refs/tags/v1",` + shop + `}`, ignored("it is about no branch")},
		"pushed to the shared repository": {
			"push", `{"ref": "refs/heads/main", "repository": {"id": 8, "name": ".imageupdater", "full_name": "acme/.imageupdater", "default_branch": "main"}}`,
			handlers.News{Account: "acme", Repository: handlers.Repository{ID: 8, Owner: "acme", Name: ".imageupdater", DefaultBranch: "main"}, Look: true, LookAtAll: true},
		},
		"pushed by the App": {"push", `{"ref": "refs/heads/main",` + strings.Replace(shop, "alice", "updater[bot]", 1) + `}`, ignored("the App did it itself")},

		"a pull request":             {"pull_request", `{"action": "closed", "pull_request": {"head": {"ref": "imageupdater/x", "repo": {"id": 7}}},` + shop + `}`, on("imageupdater/x")},
		"a pull request of a fork":   {"pull_request", `{"action": "closed", "pull_request": {"head": {"ref": "imageupdater/x", "repo": {"id": 9}}},` + shop + `}`, ignored("it comes from another repository")},
		"a fork that is no more":     {"pull_request", `{"action": "closed", "pull_request": {"head": {"ref": "imageupdater/x", "repo": null}},` + shop + `}`, ignored("it comes from another repository")},
		"a pull request is new":      {"pull_request", `{"action": "opened", "pull_request": {"head": {"ref": "x", "repo": {"id": 9}}, "base": {"ref": "main"}},` + shop + `}`, looks},
		"a pull request was pushed":  {"pull_request", `{"action": "synchronize", "pull_request": {"head": {"ref": "x", "repo": {"id": 7}}, "base": {"ref": "main"}},` + shop + `}`, looks},
		"ours was pushed by us":      {"pull_request", `{"action": "synchronize", "pull_request": {"head": {"ref": "x", "repo": {"id": 7}}, "base": {"ref": "main"}},` + byUs + `}`, ignored("the App did it itself")},
		"one for another branch":     {"pull_request", `{"action": "opened", "pull_request": {"head": {"ref": "x", "repo": {"id": 7}}, "base": {"ref": "release"}},` + shop + `}`, looks},
		"a pull request is labelled": {"pull_request", `{"action": "labeled", "pull_request": {"head": {"ref": "x", "repo": {"id": 7}}, "base": {"ref": "main"}},` + shop + `}`, on("x")},
		"a review":                   {"pull_request_review", `{"action": "submitted", "pull_request": {"head": {"ref": "imageupdater/x", "repo": {"id": 7}}},` + shop + `}`, on("imageupdater/x")},
		"a check run":                {"check_run", `{"action": "completed", "check_run": {"check_suite": {"head_branch": "imageupdater/x"}},` + shop + `}`, on("imageupdater/x")},
		"a check run of no branch":   {"check_run", `{"action": "completed", "check_run": {"check_suite": {"head_branch": null}},` + shop + `}`, ignored("it is about no branch")},
		"a check run asked for":      {"check_run", `{"action": "rerequested", "check_run": {"check_suite": {"head_branch": "b"}},` + shop + `}`, about(func(n *handlers.News) { n.Look, n.Branch, n.Person = true, "b", true })},
		"a check run of our push":    {"check_run", `{"action": "completed", "check_run": {"app": {"slug": "github-actions"}, "check_suite": {"head_branch": "imageupdater/x"}},` + byUs + `}`, on("imageupdater/x")},
		"our own check run":          {"check_run", `{"action": "completed", "check_run": {"app": {"slug": "updater"}, "check_suite": {"head_branch": "imageupdater/x"}},` + shop + `}`, ignored("the App did it itself")},
		"our check run asked for":    {"check_run", `{"action": "rerequested", "check_run": {"app": {"slug": "updater"}, "check_suite": {"head_branch": "b"}},` + shop + `}`, asks},
		"ours on a fork asked for":   {"check_suite", `{"action": "rerequested", "check_suite": {"app": {"slug": "updater"}, "head_branch": null},` + shop + `}`, asks},
		"a check suite of our push":  {"check_suite", `{"action": "completed", "check_suite": {"app": {"slug": "github-actions"}, "head_branch": "imageupdater/x"},` + byUs + `}`, on("imageupdater/x")},
		"our own check suite":        {"check_suite", `{"action": "completed", "check_suite": {"app": {"slug": "updater"}, "head_branch": "imageupdater/x"},` + shop + `}`, ignored("the App did it itself")},
		"asked to check our push":    {"check_suite", `{"action": "requested", "check_suite": {"app": {"slug": "updater"}, "head_branch": "imageupdater/x"},` + byUs + `}`, ignored("the App did it itself")},
		"a check suite":              {"check_suite", `{"action": "completed", "check_suite": {"head_branch": "imageupdater/x"},` + shop + `}`, on("imageupdater/x")},
		"a status":                   {"status", `{"branches": [{"name": "main"}, {"name": "imageupdater/x"}],` + shop + `}`, on("imageupdater/x")},
		"a status of two branches":   {"status", `{"branches": [{"name": "feature"}, {"name": "main"}, {"name": "imageupdater/x"}],` + shop + `}`, looks},
		"a status of the default":    {"status", `{"branches": [{"name": "main"}],` + shop + `}`, ignored("it is about no branch of ours")},
		"a merge group":              {"merge_group", `{"action": "checks_requested",` + shop + `}`, looks},
		"rules of branches":          {"repository_ruleset", `{"action": "edited",` + shop + `}`, looks},
		"rules of an organisation":   {"repository_ruleset", `{"action": "edited", "installation": {"id": 3}}`, handlers.News{InstallationID: 3, Ignored: "it names no repository"}},
		"a command":                  {"issue_comment", `{"action": "created", "comment": {"body": "please\n  /rescan\n"},` + shop + `}`, asks},
		"an edited command":          {"issue_comment", `{"action": "edited", "comment": {"body": "/rescan"},` + shop + `}`, ignored("only new comments are commands")},
		"talk":                       {"issue_comment", `{"action": "created", "comment": {"body": "use either/or"},` + shop + `}`, ignored("there is no command in it")},
		"a bot's command":            {"issue_comment", `{"action": "created", "comment": {"body": "/rescan", "user": {"type": "Bot"}},` + shop + `}`, ignored("bots give no commands")},
		"a box":                      {"issues", `{"action": "edited", "issue": {"user": {"login": "updater[bot]"}},` + shop + `}`, asks},
		"a box, with the texts": {
			"issues", `{"action": "edited", "issue": {"number": 4, "body": "[x]", "user": {"login": "updater[bot]"}}, "changes": {"body": {"from": "[ ]"}},` + shop + `}`,
			about(func(n *handlers.News) {
				n.Look, n.Person, n.Edited = true, true, &handlers.Edited{Number: 4, From: "[ ]", Body: "[x]"}
			}),
		},
		"the dashboard's label":      {"issues", `{"action": "labeled", "issue": {"user": {"login": "updater[bot]"}},` + shop + `}`, ignored("nothing of it matters")},
		"the dashboard by the App":   {"issues", `{"action": "edited", "issue": {"user": {"login": "updater[bot]"}},` + strings.Replace(shop, "alice", "updater[bot]", 1) + `}`, ignored("the App did it itself")},
		"the dashboard closed":       {"issues", `{"action": "closed", "issue": {"user": {"login": "updater[bot]"}},` + shop + `}`, looks},
		"somebody's issue":           {"issues", `{"action": "edited", "issue": {"user": {"login": "bob"}},` + shop + `}`, ignored("the issue is not the App's")},
		"renamed":                    {"repository", `{"action": "renamed",` + shop + `}`, looks},
		"renamed by the App, maybe":  {"repository", `{"action": "renamed",` + strings.Replace(shop, "alice", "updater[bot]", 1) + `}`, looks},
		"deleted":                    {"repository", `{"action": "deleted",` + shop + `}`, handlers.News{InstallationID: 3, Account: "acme", Removed: []int64{7}}},
		"an action nobody knows yet": {"repository", `{"action": "painted",` + shop + `}`, ignored("nothing of it matters")},
		"an event nobody knows yet":  {"painting", `{`, handlers.News{Ignored: "the event is not known"}},
		"empty":                      {"push", `{}`, handlers.News{Ignored: "it is about no branch"}},

		"installed": {
			"installation", `{"action": "created", "installation": {"id": 3, "account": {"id": 5, "login": "acme"}, "permissions": {"contents": "write"}},
				"repositories": [{"id": 7, "name": "shop", "full_name": "acme/shop"}]}`,
			handlers.News{
				InstallationID: 3, Account: "acme", Added: []handlers.Repository{{ID: 7, Owner: "acme", Name: "shop"}}, LookAtAll: true,
				Installed: &handlers.Installed{AccountID: 5, Permissions: map[string]string{"contents": "write"}},
			},
		},
		"suspended": {
			"installation", `{"action": "suspend", "installation": {"id": 3, "account": {"id": 5, "login": "acme"}, "suspended_at": "2026-01-01T00:00:00Z"}}`,
			handlers.News{InstallationID: 3, Account: "acme", Added: []handlers.Repository{}, Installed: &handlers.Installed{AccountID: 5, Suspended: true}},
		},
		"uninstalled": {
			"installation", `{"action": "deleted", "installation": {"id": 3, "account": {"id": 5, "login": "acme"}}}`,
			handlers.News{InstallationID: 3, Account: "acme", Uninstalled: true},
		},
		"repositories come and go": {
			"installation_repositories", `{"action": "added", "installation": {"id": 3, "account": {"login": "acme"}},
				"repositories_added": [{"id": 7, "name": "shop", "full_name": "acme/shop"}], "repositories_removed": [{"id": 8}]}`,
			handlers.News{InstallationID: 3, Account: "acme", Added: []handlers.Repository{{ID: 7, Owner: "acme", Name: "shop"}}, Removed: []int64{8}},
		},
		"an image": {
			"registry_package", `{"action": "published", "registry_package": {"name": "Shop", "package_type": "CONTAINER", "owner": {"login": "Acme"}}}`,
			handlers.News{Images: []handlers.Image{{Registry: "ghcr.io", Path: "acme/shop"}}},
		},
		"a package that is none": {
			"registry_package", `{"action": "published", "registry_package": {"name": "shop", "package_type": "npm", "owner": {"login": "acme"}}}`,
			handlers.News{Ignored: "the package is no image"},
		},
	}
	d := &handlers.Decoder{Bot: "updater[bot]"}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := d.Decode(tt.event, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeNonsense(t *testing.T) {
	d := &handlers.Decoder{Bot: "updater[bot]"}
	for _, event := range handlers.Events() {
		for _, body := range []string{"", "[]", `"x"`, `{"repository": 3}`, "{", strings.Repeat(`{"a":`, 20_000)} {
			if _, err := d.Decode(event, []byte(body)); err == nil || !strings.Contains(err.Error(), event) {
				t.Errorf("%s of %.20q: %v", event, body, err)
			}
		}
	}
}

// TestExamples decodes what GitHub shows as examples.
func TestExamples(t *testing.T) {
	shared := os.Getenv("IMAGEUPDATER_SHARED")
	if shared == "" {
		shared = "../../shared"
	}
	index, err := os.ReadFile(filepath.Join(shared, "github", "webhooks", "index.json"))
	if err != nil {
		t.Skipf("GitHub's example webhooks are not there: %v", err)
	}
	var examples []struct{ File, Event, Action string }
	if err := json.Unmarshal(index, &examples); err != nil {
		t.Fatal(err)
	}
	known, decoded := handlers.Events(), 0
	for _, e := range examples {
		if !slices.Contains(known, e.Event) {
			continue
		}
		body, err := os.ReadFile(filepath.Join(shared, "github", "webhooks", e.File))
		if err != nil {
			t.Fatal(err)
		}
		n, err := (&handlers.Decoder{}).Decode(e.Event, body)
		if err != nil {
			t.Errorf("%s: %v", e.File, err)
		}
		if n.Ignored == "" && !n.Look && n.Images == nil && n.Installed == nil && !n.Uninstalled && n.Added == nil && n.Removed == nil {
			t.Errorf("%s says nothing, and not why", e.File)
		}
		decoded++
	}
	if decoded < 60 {
		t.Errorf("decoded %d examples", decoded)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("push", []byte(`{"ref": "refs/heads/main",`+shop+`}`))
	f.Add("status", []byte(`{"branches": [null],`+shop+`}`))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		n, err := (&handlers.Decoder{Bot: "x"}).Decode(event, body)
		if err == nil && n.Look && n.Repository.ID == 0 {
			t.Errorf("wants a look at nothing: %+v", n)
		}
	})
}
