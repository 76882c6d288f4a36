package forge_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	"github.com/palantir/go-githubapp/githubapp"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// bot is a client that writes as the App.
func (w *world) bot(t *testing.T) *github.Client {
	t.Helper()
	var config githubapp.Config
	config.WebURL, config.V3APIURL, config.V4APIURL = w.hub.URL, w.hub.APIURL(), w.hub.GraphQLURL()
	config.App.IntegrationID, config.App.PrivateKey = w.hub.App.ID, w.hub.App.PrivateKey
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := creator.NewInstallationClient(w.installation.ID)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestPulls reads what there is to know of pull requests: of the App's, and of
// people's.
func TestPulls(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Push("imageupdater/web", "alice", "m", map[string]*githubtest.File{"w": githubtest.Text("w\n")})
	made, _, err := w.bot(t).PullRequests.Create(t.Context(), "acme", "shop", &github.NewPullRequest{
		Title: new("Update web"), Body: new("By the App."), Head: new("imageupdater/web"), Base: new("main"), Draft: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.repo.Label(made.GetNumber(), "alice", "images")
	w.hub.Advance(time.Second)
	w.repo.ClosePull(2, "alice")
	pulls, err := w.client(t, forge.Options{}).Repo(w.ref).Pulls(t.Context())
	if err != nil || len(pulls.All) != 2 || pulls.More || pulls.Unchanged {
		t.Fatalf("got %+v, %v", pulls, err)
	}
	theirs, ours := pulls.All[0], pulls.All[1] // the one that changed last comes first
	want := forge.Pull{
		Number: made.GetNumber(), NodeID: made.GetNodeID(), Open: true, Draft: true, Title: "Update web", Body: "By the App.",
		Author: forge.Account{ID: made.GetUser().GetID(), Login: w.hub.App.Slug + "[bot]", Kind: "Bot"}, Labels: []string{"images"},
		Head:        forge.Branch{Name: "imageupdater/web", SHA: made.GetHead().GetSHA(), Repository: w.ref.ID},
		Base:        forge.Branch{Name: "main", SHA: w.sha, Repository: w.ref.ID},
		MergeCommit: ours.MergeCommit, Created: ours.Created, Updated: ours.Updated,
	}
	if diff := cmp.Diff(want, ours); diff != "" || ours.Created.IsZero() {
		t.Errorf("ours (-want +got):\n%s", diff)
	}
	if theirs.Open || theirs.Closed.IsZero() || !theirs.Merged.IsZero() || theirs.Body != "" || theirs.Author.Login != "alice" {
		t.Errorf("theirs: %+v", theirs)
	}
}

// TestManyPulls reads one page, and says that there are more.
func TestManyPulls(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.hub.Fault(githubtest.Fault{Operation: "pulls/list", When: githubtest.AfterWork, Func: func(e *githubtest.Exchange) {
		one := strings.Trim(string(e.Answer), "[]")
		e.Answer = []byte("[" + strings.Repeat(one+",", 99) + one + "]")
	}})
	pulls, err := w.client(t, forge.Options{}).Repo(w.ref).Pulls(t.Context())
	if err != nil || len(pulls.All) != 100 || !pulls.More {
		t.Errorf("%d pull requests, more %v: %v", len(pulls.All), pulls.More, err)
	}
	asked := w.hub.Calls(githubtest.Of("pulls/list"))[0].Query
	for _, want := range []string{"state=all", "sort=updated", "direction=desc", "per_page=100"} {
		if !strings.Contains(asked, want) {
			t.Errorf("asked for %s", asked)
		}
	}
}

// TestIssue reads one, with its labels, and a pull request as one.
func TestIssue(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.repo.Label(1, "alice", "dashboard")
	r := w.client(t, forge.Options{}).Repo(w.ref)
	i, _, err := r.Issue(t.Context(), 1)
	if err != nil || i.Number != 1 || i.Body != "its body" || !i.Open || i.Pull || i.Author.Login != "alice" || len(i.Labels) != 1 {
		t.Errorf("got %+v, %v", i, err)
	}
	if i, _, err = r.Issue(t.Context(), 2); err != nil || !i.Pull {
		t.Errorf("got %+v, %v", i, err)
	}
}

// TestMessages repeats GitHub's words, with those of the details, in short.
func TestMessages(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	for name, tt := range map[string]struct {
		body, want string
		kind       error
	}{
		"a message in the details": {
			`{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for acme:b."}]}`,
			"Validation Failed: A pull request already exists for acme:b.", forge.ErrExists,
		},
		"a field": {
			`{"message":"Validation Failed","errors":[{"resource":"Issue","field":"body","code":"invalid"}]}`,
			"Validation Failed: Issue body invalid", forge.ErrInvalid,
		},
		"text":            {`{"message":"Validation Failed","errors":["Could not verify."]}`, "Validation Failed: Could not verify.", forge.ErrInvalid},
		"errors as text":  {`{"message":"Validation Failed","errors":"All of it."}`, "Validation Failed: All of it.", forge.ErrInvalid},
		"long":            {`{"message":"` + strings.Repeat("ü", 5000) + `"}`, "üü", forge.ErrInvalid},
		"nothing to read": {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			fault := w.hub.Fault(githubtest.Fault{Operation: "git/get-ref", Status: http.StatusUnprocessableEntity, Func: func(e *githubtest.Exchange) {
				e.Answer = []byte(tt.body)
			}})
			defer fault.Remove()
			err := w.head(t.Context(), w.github(t, forge.Options{}))
			if tt.kind != nil {
				is(tt.kind)(t, w, err)
			}
			refused, _ := errorAs[*forge.RefusedError](err)
			if refused == nil || !strings.HasPrefix(refused.Message, tt.want) || len(refused.Message) > 310 || !utf8.ValidString(refused.Message) {
				t.Errorf("got %v", err)
			}
		})
	}
	other := w.hub.Fault(githubtest.Fault{Operation: "git/get-ref", Status: http.StatusMethodNotAllowed, Message: "Pull Request is not mergeable"})
	err := w.head(t.Context(), w.github(t, forge.Options{}))
	if refused, is := errorAs[*forge.RefusedError](err); !is || refused.Kind != nil || refused.Status != http.StatusMethodNotAllowed {
		t.Errorf("an unknown one: %v", err)
	}
	other.Remove()
}
