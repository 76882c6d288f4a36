package app_test

import (
	"testing"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
	"github.com/imageupdater/imageupdater/server"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestOnce looks at one repository as `imageupdater run` does: without a webhook's
// secret, and without writing when that is not wanted.
func TestOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), githubtest.Options{})
	repo := w.outdated("acme/shop")
	installation := w.hub.Install("acme", grants(), repo)
	for _, dry := range []bool{true, false} {
		o := w.options("")
		o.Config.GitHub.WebhookSecret, o.DryRun = grant.Secret{}, dry
		s, err := server.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		report, err := s.Once(t.Context(), "acme", "shop")
		if err != nil {
			t.Fatal(err)
		}
		if report.State != run.Planned || len(report.PullRequests) != 1 || report.PullRequests[0].Number != 0 {
			t.Errorf("dry run %v: %+v", dry, report)
		}
		if wrote := len(w.hub.Writes(githubtest.By(installation))); (wrote == 0) != dry || len(repo.Pulls()) > 1 {
			t.Errorf("dry run %v: %d calls that write, %d pull requests", dry, wrote, len(repo.Pulls()))
		}
		if err := s.Run(t.Context()); err == nil {
			t.Error("serves without a webhook's secret")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
