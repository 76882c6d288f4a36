package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/palantir/go-githubapp/githubapp"

	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/githubtest/web"
)

// What the App writes, with the stand-in's address and a commit to put in.
const (
	proposed = `This pull request changes 2 images in 2 files (group ` + "`backend`" + `).

| Image | From | To | Kind | Since | Where |
| --- | --- | --- | --- | --- | --- |
| ` + "`ghcr.io/acme/shop`" + ` | ` + "`1.4.2`" + ` | ` + "`1.5.0`" + ` | minor | 2026-11-18 | [` + "`envs/dev/values.yaml:3`" + `](URL/acme/shop/blob/SHA/envs/dev/values.yaml#L3)<br>[` + "`envs/prod/values.yaml:3`" + `](URL/acme/shop/blob/SHA/envs/prod/values.yaml#L3) |
| ` + "`ghcr.io/acme/worker`" + ` | ` + "`2.9.1`" + ` | ` + "`2.11.0`" + ` | minor | 2026-11-17 | [` + "`envs/dev/values.yaml:6`" + `](URL/acme/shop/blob/SHA/envs/dev/values.yaml#L6) |

**Merging**: Waits for a person to merge it.

**Commands**, as comments:

- ` + "`/rebase`" + ` builds the branch anew

- [ ] Tick this to build the branch anew

<details>
<summary>Digests, platforms and places</summary>

- ` + "`ghcr.io/acme/shop`" + ` digest after: ` + "`sha256:f9e8d7c6b5a4938271605f4e3d2c1b0af9e8d7c6b5a4938271605f4e3d2c1b0a`" + `

</details>
<!-- image-updater: {"version":1} -->
`
	dashboard = `What the App knows of this repository. Tick a box, and it acts.

## Open

- [ ] Rebase #1 Update backend: shop to 1.5.0, worker to 2.11.0

## Waiting

- [ ] ` + "`ghcr.io/acme/cache`" + ` 7.4.0 → 8.0.0: too new until 2026-11-24
- [ ] ` + "`docker.io/library/postgres`" + ` 16.4 → 17.2: a major step

## In order

| Image | Version |
| --- | --- |
| ` + "`ghcr.io/acme/exporter`" + ` | 0.11.3-alpine |
`
	chart = `image:
  repository: ghcr.io/acme/shop
  tag: "1.4.2"
worker:
  image:
    repository: ghcr.io/acme/worker
    tag: "2.9.1"
replicas: 2
`
	readme = `# Shop

The deployment of the shop: a chart's values for each environment.

| Environment | Values |
| --- | --- |
| dev | [envs/dev](envs/dev/values.yaml) |
| prod | [envs/prod](envs/prod/values.yaml) |

` + "```sh\nhelm template shop charts/shop -f envs/dev/values.yaml\n```\n"
)

// told is a world in which the App has proposed something, and people have spoken.
func told(t *testing.T) *world {
	t.Helper()
	hub := githubtest.New(t, githubtest.Options{})
	hub.Organization("acme")
	before := map[string]string{
		"README.md": readme, "envs/dev/values.yaml": chart, "envs/prod/values.yaml": chart, ".imageupdater.yaml": "version: 1\n",
	}
	repo := hub.AddRepository("acme/shop", before)
	hub.AddRepository("acme/infra", map[string]string{"README.md": "# Infra\n"})
	repo.Collaborate("writer", "write")
	repo.Collaborate("maintainer", "maintain")
	pages, err := web.New(hub, "writer", "maintainer", "outsider")
	if err != nil {
		t.Fatal(err)
	}
	hub.Pages(pages)
	app := asApp(t, hub, repo)
	base := repo.Push("main", "writer", "Raise the replicas", map[string]*githubtest.File{"envs/prod/values.yaml": githubtest.Text(strings.ReplaceAll(chart, "replicas: 2", "replicas: 4"))})
	head := repo.Commit("image-updater/main/backend", "Update backend: shop to 1.5.0, worker to 2.11.0", map[string]string{
		"envs/dev/values.yaml": strings.NewReplacer("1.4.2", "1.5.0", "2.9.1", "2.11.0").Replace(chart),
	})
	body := strings.NewReplacer("URL", hub.URL, "SHA", base).Replace(proposed)
	pull, _, err := app.PullRequests.Create(t.Context(), "acme", "shop", &github.NewPullRequest{
		Title: new("Update backend: shop to 1.5.0, worker to 2.11.0"), Head: new("image-updater/main/backend"), Base: new("main"), Body: &body,
	})
	if err != nil {
		t.Fatal(err)
	}
	repo.Label(pull.GetNumber(), "writer", "dependencies", "minor")
	check(t, app, head)
	repo.Status(head, "ci/render", "success")
	question := repo.Comment(pull.GetNumber(), "outsider", "/rebase")
	repo.Comment(pull.GetNumber(), "writer", "Does anybody know what is **new** in it? @maintainer\n\n> see #1")
	if _, _, err := app.Reactions.CreateIssueCommentReaction(t.Context(), "acme", "shop", question, "eyes"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := app.Issues.CreateComment(t.Context(), "acme", "shop", pull.GetNumber(), &github.IssueComment{Body: new("@outsider `/rebase` needs the role write here.")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := app.Issues.Create(t.Context(), "acme", "shop", &github.IssueRequest{Title: new("Image updates"), Body: new(dashboard)}); err != nil {
		t.Fatal(err)
	}
	return &world{t, hub, repo, http.DefaultClient}
}

// check is the App's own, with a remark on a line.
func check(t *testing.T, app *github.Client, head string) {
	t.Helper()
	_, _, err := app.Checks.CreateCheckRun(t.Context(), "acme", "shop", github.CreateCheckRunOptions{
		Name: "imageupdater/config", HeadSHA: head, Status: new("completed"), Conclusion: new("failure"), CompletedAt: &github.Timestamp{Time: time.Now()},
		Output: &github.CheckRunOutput{
			Title: new("One mistake"), Summary: new("`.imageupdater.yaml` is **not** understood."),
			Annotations: []*github.CheckRunAnnotation{{
				Path: new(".imageupdater.yaml"), StartLine: new(1), EndLine: new(1), AnnotationLevel: new("failure"), Title: new("version"), Message: new("there is no version 1"),
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asApp is a client that is the App.
func asApp(t *testing.T, hub *githubtest.Server, repo *githubtest.Repository) *github.Client {
	t.Helper()
	installation := hub.Install("acme", map[string]string{"contents": "write", "pull_requests": "write", "issues": "write", "checks": "write"}, repo)
	var config githubapp.Config
	config.WebURL, config.V3APIURL, config.V4APIURL = hub.URL, hub.APIURL(), hub.GraphQLURL()
	config.App.IntegrationID, config.App.PrivateKey = hub.App.ID, hub.App.PrivateKey
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := creator.NewInstallationClient(installation.ID)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
