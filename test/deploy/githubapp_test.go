package deploy_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/handlers"
)

type manifest struct {
	URL            string               `json:"url"`
	Public         bool                 `json:"public"`
	HookAttributes struct{ URL string } `json:"hook_attributes"`
	Permissions    map[string]string    `json:"default_permissions"`
	Events         []string             `json:"default_events"`
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal([]byte(read(t, "deploy/github-app/manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// subscribable says which of the events that the server knows an App subscribes to.
func subscribable(event string) bool {
	return !slices.Contains([]string{
		"installation", "installation_repositories", // every App gets them
		"package", // what webhooks of repositories call registry_package
	}, event)
}

func TestTheAppSubscribesToWhatTheServerKnows(t *testing.T) {
	t.Parallel()
	want := slices.DeleteFunc(handlers.Events(), func(e string) bool { return !subscribable(e) })
	slices.Sort(want)
	if diff := cmp.Diff(want, readManifest(t).Events); diff != "" {
		t.Errorf("default_events (-wanted +there):\n%s", diff)
	}
}

func TestTheAppIsWhereTheExampleSays(t *testing.T) {
	t.Parallel()
	m, c := readManifest(t), loads(t, read(t, "deploy/server.example.yaml"))
	if want := c.PublicURL + "/api/github/hook"; m.HookAttributes.URL != want {
		t.Errorf("webhooks go to %s, want %s", m.HookAttributes.URL, want)
	}
	if m.URL == "" || m.Public {
		t.Errorf("url %q, public %t", m.URL, m.Public)
	}
}

// needs is the permission without which GitHub lets no App subscribe to an event.
func needs() map[string]string {
	return map[string]string{
		"branch_protection_rule":     "administration",
		"check_run":                  "checks",
		"check_suite":                "checks",
		"issue_comment":              "issues",
		"issues":                     "issues",
		"merge_group":                "merge_queues",
		"pull_request":               "pull_requests",
		"pull_request_review":        "pull_requests",
		"pull_request_review_thread": "pull_requests",
		"push":                       "contents",
		"registry_package":           "packages",
		"repository":                 "metadata",
		"repository_ruleset":         "administration",
		"status":                     "statuses",
	}
}

// writes are the permissions by which the server changes something; any other is for an event.
func writes() []string { return []string{"checks", "contents", "issues", "pull_requests"} }

func TestTheAppMayDoWhatItNeedsAndNothingElse(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	want := map[string]string{}
	for _, event := range m.Events {
		permission, known := needs()[event]
		if !known {
			t.Errorf("which permission does %s need?", event)
		}
		want[permission] = "read"
	}
	for _, permission := range writes() {
		want[permission] = "write"
	}
	if diff := cmp.Diff(want, m.Permissions); diff != "" {
		t.Errorf("default_permissions (-wanted +there):\n%s", diff)
	}
}

// Each permission and each event has its row in the README, with a reason.
func TestTheAppSaysWhy(t *testing.T) {
	t.Parallel()
	m, page := readManifest(t), read(t, "deploy/github-app/README.md")
	levels, events := map[string]string{}, map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (read|write|`[a-z_]+`) \\| \\S.{15,} \\|$")
	for _, cells := range row.FindAllStringSubmatch(page, -1) {
		if name, second := cells[1], cells[2]; second[0] == '`' {
			events[name] = second[1 : len(second)-1]
		} else {
			levels[name] = second
		}
	}
	if diff := cmp.Diff(m.Permissions, levels); diff != "" {
		t.Errorf("permissions (-manifest +README):\n%s", diff)
	}
	maps.DeleteFunc(events, func(event, permission string) bool { return needs()[event] == permission })
	if len(events) > 0 {
		t.Errorf("the README names wrong permissions of %v", events)
	}
	for _, event := range m.Events {
		if !regexp.MustCompile("(?m)^\\| `" + event + "` \\| `").MatchString(page) {
			t.Errorf("the README does not say what %s is for", event)
		}
	}
}
