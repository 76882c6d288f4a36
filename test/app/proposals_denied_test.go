package app_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// refusing are the stories of what GitHub does not give.
func refusing(web []string) []tale {
	return []tale{
		{"no drafts", asleep, web, []string{"web:1.1.0"}, func(l *life) {
			l.repo.SetDrafts(false)
			l.settings("defaults: {draft: true}\n")
			l.look()
			l.has("web=1.1.0")
			if l.one().Draft {
				l.t.Error("it is a draft")
			}
			l.quiet()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if tried := l.refusals("pulls/create"); tried != 1 {
				l.t.Errorf("drafts were tried %d times for one pull request", tried)
			}
			l.repo.SetDrafts(true)
			l.repo.MergePull(l.one().Number, "alice", "squash")
			l.push("web:1.3.0")
			l.look()
			l.has("web=1.3.0")
			if !l.one().Draft {
				l.t.Error("it is no draft")
			}
		}},
		{"reviewers who cannot review", asleep, web, []string{"web:1.1.0"}, func(l *life) {
			l.hub.Person("carol")
			l.settings("schedule: 24h\ndefaults: {reviewers: [\"@bob\", \"@carol\", \"@acme/ghosts\"], labels: [images]}\n")
			l.look()
			l.has("web=1.1.0")
			if got := l.app.shown("acme/shop").Result; got.Next.Sub(got.At) < 20*time.Hour {
				l.t.Errorf("what is not tried again brings a look at %s", got.Next)
			}
			asked := func(p githubtest.Shown) {
				l.t.Helper()
				if !slices.Equal(p.Reviewers, []string{"bob"}) || !slices.Equal(p.Labels, []string{"images"}) {
					l.t.Errorf("%+v", p)
				}
			}
			asked(l.one())
			l.quiet()
			said := strings.Join(l.refused(), "\n")
			for _, who := range []string{"@carol", "@acme/ghosts"} {
				if !strings.Contains(said, who+" cannot be asked for a review") || strings.Contains(said, "@bob") {
					l.t.Errorf("of %s is said: %s", who, said)
				}
			}
			tried := l.refusals("pulls/request-reviewers")
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			asked(l.one())
			l.quiet()
			if again := l.refusals("pulls/request-reviewers"); !l.forgetful && again != tried {
				l.t.Errorf("reviewers were refused %d times, and %d later", tried, again)
			}
		}},
	}
}

// refusals counts the calls that GitHub answered with 422.
func (l *life) refusals(operation string) int {
	return len(l.hub.Calls(githubtest.By(l.installation), githubtest.Of(operation), githubtest.Answered(http.StatusUnprocessableEntity)))
}
