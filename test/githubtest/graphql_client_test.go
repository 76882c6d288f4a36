package githubtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/palantir/go-githubapp/githubapp"
	"github.com/shurcooL/githubv4"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// The types of a mutation as the real client wants them: their names are the
// schema's.
type (
	GitRefname string
	RefUpdate  struct {
		Name      GitRefname            `json:"name"`
		AfterOid  githubv4.GitObjectID  `json:"afterOid"`
		BeforeOid *githubv4.GitObjectID `json:"beforeOid,omitempty"`
		Force     githubv4.Boolean      `json:"force"`
	}
	UpdateRefsInput struct {
		RepositoryID githubv4.ID `json:"repositoryId"`
		RefUpdates   []RefUpdate `json:"refUpdates"`
	}
)

// TestGraphQLClient uses the client that the product has.
func TestGraphQLClient(t *testing.T) {
	hub, repo, i, token := world(t)
	var config githubapp.Config
	config.WebURL, config.V3APIURL, config.V4APIURL = hub.URL, hub.APIURL(), hub.GraphQLURL()
	config.App.IntegrationID, config.App.PrivateKey = hub.App.ID, hub.App.PrivateKey
	creator, err := githubapp.NewDefaultCachingClientCreator(config)
	if err != nil {
		t.Fatal(err)
	}
	v4, err := creator.NewInstallationV4Client(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	var mutation struct {
		UpdateRefs struct{ ClientMutationID *string } `graphql:"updateRefs(input: $input)"`
	}
	main, none := githubv4.GitObjectID(repo.Branch("main")), githubv4.GitObjectID(zeros)
	in := UpdateRefsInput{repositoryID(t, hub, token, "acme/shop"), []RefUpdate{{"refs/heads/bot", main, &none, false}}}
	if err := v4.Mutate(t.Context(), &mutation, in, nil); err != nil {
		t.Fatal(err)
	}
	if repo.Branch("bot") != string(main) {
		t.Errorf("bot is at %q", repo.Branch("bot"))
	}
	if err := v4.Mutate(t.Context(), &mutation, in, nil); err == nil || !strings.Contains(err.Error(), "expected "+zeros) {
		t.Errorf("a second time: %v", err)
	}
	writes := hub.Writes(githubtest.Of("updateRefs"), githubtest.By(i))
	if len(writes) != 2 || !slices.ContainsFunc(writes, func(e githubtest.Exchange) bool { return e.GraphQL }) {
		t.Errorf("the journal has %v", writes)
	}
}
