package githubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

func TestJournal(t *testing.T) {
	hub, repo, i, token := world(t)
	etag := call(t, hub, token, "GET", "/repos/acme/shop", "").header.Get("Etag")
	call(t, hub, token, "GET", "/repos/acme/shop", "", "If-None-Match", etag)
	if writes := hub.Writes(); len(writes) != 0 {
		t.Errorf("reads and a token are no writes: %v", writes)
	}
	mark := hub.Mark()
	call(t, hub, token, "POST", "/repos/acme/shop/git/blobs", `{"content":"x"}`)
	ask(t, hub, token, `{ viewer { login } }`, nil)
	ask(t, hub, token, updateRefs, push(repositoryID(t, hub, token, "acme/shop"), update{"name": "refs/heads/x", "afterOid": repo.Branch("main")}))
	call(t, hub, jwt(t, hub, nil), "GET", "/app", "")

	if since := hub.Since(mark); len(since) != 5 {
		t.Errorf("since the mark: %v", since)
	}
	writes := hub.Writes(githubtest.By(i))
	if len(writes) != 2 || writes[0].Operation != "git/create-blob" || writes[1].Operation != "updateRefs" {
		t.Errorf("writes: %v", writes)
	}
	if got := hub.Counts()["repos/get"]; got != (githubtest.Count{Calls: 3, Free: 1}) {
		t.Errorf("counts: %+v", got)
	}
	if got := hub.Calls(githubtest.Of("repos/get"), githubtest.Answered(http.StatusNotModified)); len(got) != 1 || !got[0].Free() {
		t.Errorf("304: %v", got)
	}
	if got := hub.Calls(githubtest.Of("apps/get-authenticated")); len(got) != 1 || got[0].Caller != "app" || got[0].Installation != 0 {
		t.Errorf("of the App: %v", got)
	}
	if dump := hub.Dump(2); strings.Count(dump, "\n") != 2 || !strings.Contains(dump, "app") || !strings.Contains(dump, "updateRefs") {
		t.Errorf("dump:\n%s", dump)
	}
	if all := fmt.Sprintf("%+v", hub.Journal()); strings.Contains(all, token) || strings.Contains(all, "ghs_") {
		t.Error("a token is in the journal")
	}
}

// TestJournalIsBounded makes more calls, and longer answers, than it keeps.
func TestJournalIsBounded(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{InMemory: true})
	long := strings.Repeat("line\n", 20_000)
	token := tokenOf(t, hub, hub.Install("acme", grants(), hub.AddRepository("acme/shop", map[string]string{"long": long})), "")
	call(t, hub, token, "GET", "/repos/acme/shop/contents/long", "")
	last := hub.Journal()[1]
	if last.Answer != nil || last.Length < len(long) {
		t.Errorf("an answer of %d bytes is kept with %d", last.Length, len(last.Answer))
	}
}
