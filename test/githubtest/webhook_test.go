package githubtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

const secret = "It's a Secret to Everybody"

// receiver is the App's side: it keeps what arrives, and answers as it is told.
type receiver struct {
	url string

	mu     sync.Mutex
	got    []received
	answer http.HandlerFunc
}

type received struct {
	header http.Header
	body   map[string]any
	raw    []byte
}

// key is as "pull_request.opened", or "push".
func (r received) key() string {
	action, _ := r.body["action"].(string)
	return strings.TrimSuffix(r.header.Get("X-Github-Event")+"."+action, ".")
}

func (r received) guid() string { return r.header.Get("X-Github-Delivery") }

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			t.Errorf("reading a webhook: %v", err)
		}
		one := received{header: req.Header, raw: raw}
		if err := json.Unmarshal(raw, &one.body); err != nil {
			t.Errorf("parsing a webhook: %v", err)
		}
		r.mu.Lock()
		r.got = append(r.got, one)
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) answers(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// take is what arrived since it was last asked, once the hub has settled.
func (r *receiver) take(hub *githubtest.Server) []received {
	hub.Settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func keys(all []received) string {
	names := make([]string, 0, len(all))
	for _, one := range all {
		names = append(names, one.key())
	}
	return strings.Join(names, " ")
}

// everything is what an App may be granted that has to do with webhooks.
func everything() map[string]string {
	all := grants()
	for _, name := range []string{"administration", "members", "merge_queues", "packages"} {
		all[name] = "read"
	}
	return all
}

// hooked is a world whose App receives webhooks.
func hooked(t *testing.T, o githubtest.Options) (*githubtest.Server, *githubtest.Repository, *githubtest.Installation, *receiver) {
	t.Helper()
	hub := githubtest.New(t, o)
	r := receive(t)
	hub.Webhook(r.url, secret)
	repo := hub.AddRepository("acme/shop", map[string]string{"a/b.txt": "one\n", "c.txt": "see\n"})
	i := hub.Install("acme", everything(), repo)
	if got := keys(r.take(hub)); got != "ping installation.created" {
		t.Errorf("the App was told %q", got)
	}
	return hub, repo, i, r
}

func TestWebhookHeaders(t *testing.T) {
	hub, repo, _, r := hooked(t, onlyPushes())
	repo.Commit("main", "more", map[string]string{"c.txt": "seen <&>\n"})
	got := r.take(hub)
	if keys(got) != "push" {
		t.Fatalf("got %s", keys(got))
	}
	one := got[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "X-Github-Event": "push", "Accept": "*/*",
		"X-Github-Hook-Installation-Target-Id":   strconv.FormatInt(hub.App.ID, 10),
		"X-Github-Hook-Installation-Target-Type": "integration",
	} {
		if one.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, one.header.Get(name), want)
		}
	}
	if len(one.guid()) != 36 || !strings.HasPrefix(one.header.Get("User-Agent"), "GitHub-Hookshot/") || one.header.Get("X-Github-Hook-Id") == "" {
		t.Errorf("headers: %v", one.header)
	}
	for _, name := range []string{"X-Hub-Signature-256", "X-Hub-Signature"} {
		if err := github.ValidateSignature(one.header.Get(name), one.raw, []byte(secret)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if github.ValidateSignature(one.header.Get(name), one.raw, []byte("other")) == nil {
			t.Errorf("%s is good for any secret", name)
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(one.raw)))
	req.Header = one.header
	if _, err := github.ValidatePayload(req, []byte(secret)); err != nil {
		t.Error(err)
	}
}

func TestPushes(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	first := repo.Branch("main")
	second := repo.Commit("main", "second", map[string]string{"c.txt": "changed\n", "ü/new.txt": "new\n"})
	push := r.take(hub)[0].body
	commits, _ := push["commits"].([]any)
	if push["before"] != first || push["after"] != second || push["created"] != false || push["forced"] != false || len(commits) != 1 {
		t.Fatalf("push: %v", push)
	}
	commit, _ := commits[0].(map[string]any)
	if fmt.Sprint(commit["added"], commit["modified"], commit["removed"], commit["distinct"]) != "[ü/new.txt] [c.txt] [] true" {
		t.Errorf("commit: %v", commit)
	}
	repo.PushRefs(map[string]string{"refs/heads/main": first})
	if push := r.take(hub)[0].body; push["forced"] != true || fmt.Sprint(push["commits"]) != "[]" {
		t.Errorf("forced: %v", push)
	}
	repo.PushRefs(map[string]string{"refs/heads/topic": first})
	got := r.take(hub)
	if keys(got) != "push create" || got[1].body["ref"] != "topic" || got[0].body["base_ref"] != "refs/heads/main" || got[0].body["created"] != true {
		t.Errorf("created: %s %v", keys(got), got)
	}
	repo.PushRefs(map[string]string{"refs/heads/topic": ""})
	got = r.take(hub)
	if keys(got) != "push delete" || got[0].body["deleted"] != true || got[0].body["after"] != strings.Repeat("0", 40) || got[0].body["head_commit"] != nil {
		t.Errorf("deleted: %s %v", keys(got), got)
	}
}

// Of more than three tags at once GitHub tells nothing.
func TestManyTagsAtOnce(t *testing.T) {
	hub, repo, _, r := hooked(t, githubtest.Options{})
	head := repo.Branch("main")
	refs := map[string]string{"refs/tags/v1": head, "refs/tags/v2": head, "refs/tags/v3": head}
	repo.PushRefs(refs)
	if got := keys(r.take(hub)); got != "push create push create push create" {
		t.Errorf("three tags: %s", got)
	}
	refs = map[string]string{"refs/tags/w1": head, "refs/tags/w2": head, "refs/tags/w3": head, "refs/tags/w4": head, "refs/heads/b": head}
	repo.PushRefs(refs)
	if got := keys(r.take(hub)); got != "push create check_suite.requested" {
		t.Errorf("four tags and a branch: %s", got)
	}
}

// TestEventsOfTheApp goes through what the App does; go-github knows every
// event that comes of it, and each is the App's own doing.
func TestEventsOfTheApp(t *testing.T) {
	hub, repo, i, r := hooked(t, githubtest.Options{})
	token := tokenOf(t, hub, i, "")
	repo.Commit("topic", "topic", map[string]string{"c.txt": "t\n"})
	send := func(method, path, body, want string) {
		t.Helper()
		r.take(hub)
		a := call(t, hub, token, method, "/repos/acme/shop"+path, body)
		if a.status > 299 {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.message())
		}
		got := r.take(hub)
		if keys(got) != want {
			t.Errorf("%s %s: told %q, want %q", method, path, keys(got), want)
		}
		for _, one := range got {
			sender, _ := one.body["sender"].(map[string]any)
			if sender["type"] != "Bot" || sender["login"] != hub.App.Slug+"[bot]" {
				t.Errorf("%s was sent by %v", one.key(), sender)
			}
			if _, err := github.ParseWebHook(one.header.Get("X-Github-Event"), one.raw); err != nil {
				t.Errorf("%s: %v", one.key(), err)
			}
		}
	}
	send("POST", "/pulls", open("topic"), "pull_request.opened")
	send("PATCH", "/pulls/1", `{"title":"New","body":"text"}`, "pull_request.edited")
	send("PATCH", "/pulls/1", `{"title":"New"}`, "")
	send("PATCH", "/pulls/1", `{"state":"closed"}`, "pull_request.closed")
	send("PATCH", "/pulls/1", `{"state":"open"}`, "pull_request.reopened")
	send("POST", "/issues/1/labels", `{"labels":["a","b"]}`, "pull_request.labeled pull_request.labeled")
	send("DELETE", "/issues/1/labels/a", "", "pull_request.unlabeled")
	send("POST", "/issues/1/comments", `{"body":"hello"}`, "issue_comment.created")
	send("POST", "/issues", `{"title":"Dashboard"}`, "issues.opened")
	send("PATCH", "/issues/2", `{"title":"Board","state":"closed"}`, "issues.edited issues.closed")
	send("POST", "/git/refs", fmt.Sprintf(`{"ref":"refs/heads/other","sha":%q}`, repo.Branch("main")), "push create check_suite.requested")
	send("DELETE", "/git/refs/heads/other", "", "push delete")
	send("PUT", "/contents/c.txt", fmt.Sprintf(`{"message":"m","content":"dDI=","branch":"topic","sha":%q}`, blobOf(t, hub, token)), "push pull_request.synchronize check_suite.requested")
	send("PUT", "/pulls/1/merge", `{"merge_method":"squash"}`, "pull_request.closed push check_suite.requested")
}

func blobOf(t *testing.T, hub *githubtest.Server, token string) string {
	t.Helper()
	return fmt.Sprint(call(t, hub, token, "GET", "/repos/acme/shop/contents/c.txt?ref=topic", "").body["sha"])
}

// What is sent but not GitHub's shape fails the test.
func TestPayloadsAreHeldAgainstTheDescription(t *testing.T) {
	var failures []string
	hub := githubtest.New(broken{t, &failures}, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"a": "b"})
	hub.Install("acme", everything(), repo)
	repo.Tell("merge_group", "checks_requested", "ann", map[string]any{"merge_group": map[string]any{"head_sha": 7}})
	repo.Tell("merge_group", "exploded", "ann", nil)
	if len(failures) != 2 || !contains(failures[0], "/merge_group/head_sha") || !contains(failures[1], "merge_group.exploded") {
		t.Errorf("failures: %q", failures)
	}
	if got := hub.Deliveries(); len(got) != 0 {
		t.Errorf("sent without an address: %v", got)
	}
}
