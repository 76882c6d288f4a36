package githubtest_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
	"github.com/palantir/go-githubapp/githubapp"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// grants is what the App needs for the whole story.
func grants() map[string]string {
	return map[string]string{
		"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write", "checks": "write", "statuses": "write",
	}
}

// client is the real one, as the product makes it.
func client(t *testing.T, hub *githubtest.Server, i *githubtest.Installation) *github.Client {
	t.Helper()
	var config githubapp.Config
	config.WebURL, config.V3APIURL, config.V4APIURL = hub.URL, hub.APIURL(), hub.GraphQLURL()
	config.App.IntegrationID, config.App.PrivateKey = hub.App.ID, hub.App.PrivateKey
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	if err != nil {
		t.Fatal(err)
	}
	app, err := creator.NewAppClient()
	if err != nil {
		t.Fatal(err)
	}
	self, _, err := app.Apps.Get(t.Context(), "")
	if err != nil || self.GetSlug() != hub.App.Slug {
		t.Fatalf("GET /app: %v, %v", self, err)
	}
	found, err := githubapp.NewInstallationsService(app).GetByOwner(t.Context(), i.Account)
	if err != nil || found.ID != i.ID {
		t.Fatalf("installation of %s: %v, %v", i.Account, found, err)
	}
	made, err := creator.NewInstallationClient(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// must is for calls that have to work.
func must[T any](t *testing.T) func(T, *github.Response, error) T {
	t.Helper()
	return func(v T, _ *github.Response, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestStory is what the App does, with the clients that it does it with.
func TestStory(t *testing.T) {
	hub := githubtest.New(t, githubtest.Options{})
	repo := hub.AddRepository("acme/shop", map[string]string{"deploy/web.yaml": "image: web:1.0\n", "README.md": "Shop\n"})
	gh := client(t, hub, hub.Install("acme", grants(), repo))
	ctx := t.Context()

	repos := must[*github.ListRepositories](t)(gh.Apps.ListRepos(ctx, nil))
	if repos.GetTotalCount() != 1 || repos.Repositories[0].GetFullName() != "acme/shop" {
		t.Fatalf("repositories: %v", repos)
	}
	base := must[*github.Reference](t)(gh.Git.GetRef(ctx, "acme", "shop", "heads/main")).GetObject().GetSHA()
	parent := must[*github.Commit](t)(gh.Git.GetCommit(ctx, "acme", "shop", base))
	tree := must[*github.Tree](t)(gh.Git.CreateTree(ctx, "acme", "shop", parent.GetTree().GetSHA(), []*github.TreeEntry{{
		Path: new("deploy/web.yaml"), Mode: new("100644"), Type: new("blob"), Content: new("image: web:1.1\n"),
	}}))
	commit := must[*github.Commit](t)(gh.Git.CreateCommit(ctx, "acme", "shop", &github.Commit{
		Message: new("Update web to 1.1"), Tree: tree, Parents: []*github.Commit{{SHA: &base}},
	}, nil))
	if !commit.GetVerification().GetVerified() || commit.GetAuthor().GetName() != hub.App.Slug+"[bot]" {
		t.Errorf("the commit is not a verified one of the bot: %v", commit)
	}
	must[*github.Reference](t)(gh.Git.CreateRef(ctx, "acme", "shop", &github.Reference{
		Ref: new("refs/heads/image-updater/web"), Object: &github.GitObject{SHA: commit.SHA},
	}))
	pull := must[*github.PullRequest](t)(gh.PullRequests.Create(ctx, "acme", "shop", &github.NewPullRequest{
		Title: new("Update web to 1.1"), Head: new("image-updater/web"), Base: new("main"), Body: new("web 1.1 is out"),
	}))
	if pull.Mergeable != nil {
		t.Error("mergeable is known at once")
	}
	comment := must[*github.IssueComment](t)(gh.Issues.CreateComment(ctx, "acme", "shop", pull.GetNumber(), &github.IssueComment{Body: new("hello")}))
	must[*github.Reaction](t)(gh.Reactions.CreateIssueCommentReaction(ctx, "acme", "shop", comment.GetID(), "eyes"))
	must[[]*github.Label](t)(gh.Issues.AddLabelsToIssue(ctx, "acme", "shop", pull.GetNumber(), []string{"dependencies"}))
	must[*github.CheckRun](t)(gh.Checks.CreateCheckRun(ctx, "acme", "shop", github.CreateCheckRunOptions{
		Name: "image-updater", HeadSHA: commit.GetSHA(), Status: new("completed"), Conclusion: new("success"),
		Output: &github.CheckRunOutput{Title: new("Good"), Summary: new("All is well")},
	}))
	must[*github.RepoStatus](t)(gh.Repositories.CreateStatus(ctx, "acme", "shop", commit.GetSHA(), &github.RepoStatus{State: new("success"), Context: new("ci")}))
	files := must[[]*github.CommitFile](t)(gh.PullRequests.ListFiles(ctx, "acme", "shop", pull.GetNumber(), nil))
	if len(files) != 1 || files[0].GetFilename() != "deploy/web.yaml" || !strings.Contains(files[0].GetPatch(), "+image: web:1.1") {
		t.Errorf("files: %v", files)
	}
	pull = must[*github.PullRequest](t)(gh.PullRequests.Get(ctx, "acme", "shop", pull.GetNumber()))
	if !pull.GetMergeable() || pull.GetMergeableState() != "clean" {
		t.Errorf("mergeable %v, %s", pull.GetMergeable(), pull.GetMergeableState())
	}
	merged := must[*github.PullRequestMergeResult](t)(gh.PullRequests.Merge(ctx, "acme", "shop", pull.GetNumber(), "", &github.PullRequestOptions{
		SHA: commit.GetSHA(), MergeMethod: "squash",
	}))
	if merged.GetSHA() != repo.Branch("main") {
		t.Errorf("merged as %s, main is at %s", merged.GetSHA(), repo.Branch("main"))
	}
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, "clone", "--quiet", repo.CloneURL(), dir)
	if got := git(t, "-C", dir, "show", "HEAD:deploy/web.yaml"); got != "image: web:1.1\n" {
		t.Errorf("the clone has %q", got)
	}
	if got := git(t, "-C", dir, "log", "-1", "--format=%s"); got != "Update web to 1.1 (#1)\n" {
		t.Errorf("the clone's commit is %q", got)
	}
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}
