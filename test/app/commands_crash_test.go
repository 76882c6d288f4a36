package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// ordered is an order, and the call at which the process is killed.
type ordered struct {
	order, operation string
	nth              int
	when             githubtest.When
}

func orderedAt() (all []ordered) {
	const react = "reactions/create-for-issue-comment"
	for _, o := range []ordered{
		{"/hold", react, 1, 0},
		{"/hold", "issues/add-labels", 1, 0},
		{"/hold", react, 2, 0},
		{"/help", "issues/create-comment", 1, 0},
		{"/ignore", "git/create-commit", 1, 0},
		{"/ignore", "updateRefs", 1, 0},
		{"/ignore", "pulls/create", 1, 0},
		{"/rebase", "updateRefs", 1, 0},
	} {
		for _, when := range []githubtest.When{githubtest.BeforeWork, githubtest.AfterWork} {
			o.when = when
			all = append(all, o)
		}
	}
	return all
}

// TestKilledWhileObeying kills the process between an order and its answer. The next
// one ends it: nothing is done twice, and nothing is forgotten.
func TestKilledWhileObeying(t *testing.T) {
	t.Parallel()
	for database, at := range storetest.Places() {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, at(t), githubtest.Options{})
			orders := orderedAt()
			all := w.proposings(make([]string, len(orders)))
			for _, p := range all {
				p.repo.Collaborate("alice", "write")
			}
			const more = "work: {looks: 20}"
			first := w.launch(more)
			for _, p := range all {
				first.settled(w.hub, p.name)
			}
			w.nothingLeft()
			comments := make([]int64, len(all))
			for n, p := range all {
				p.point = strings.Join([]string{orders[n].order, orders[n].operation}, " at ")
				p.repo.Push("main", "bob", "else", map[string]*githubtest.File{"else": githubtest.Text("else\n")})
			}
			w.hub.Settle()
			w.nothingLeft()
			for n, p := range all {
				o := orders[n]
				p.held = w.hub.Fault(githubtest.Fault{Operation: o.operation, Installation: p.app.ID, Nth: o.nth, When: o.when, Hold: true})
				comments[n] = p.repo.Comment(1, "alice", o.order)
			}
			second := w.killedAt(first, all, more)
			w.hub.Settle()
			w.nothingLeft()
			for n, p := range all {
				p.obeyed(orders[n], comments[n])
			}
			w.writesNoMore(second, all)
		})
	}
}

// obeyed makes sure that an order was carried out once, and answered.
func (p *proposing) obeyed(o ordered, comment int64) {
	p.t.Helper()
	var answers int
	for _, m := range p.repo.Remarks(1) {
		if m.By == bot {
			answers++
		}
		if m.ID == comment && !slices.Equal(m.Reactions, done()) {
			p.t.Errorf("%s, killed %s: got %q", p.name, p.point, m.Reactions)
		}
	}
	pulls := p.repo.Pulls()
	want := map[string]struct{ answers, pulls int }{"/hold": {0, 1}, "/help": {1, 1}, "/ignore": {0, 2}, "/rebase": {0, 1}}[o.order]
	held := slices.Contains(pulls[0].Labels, proposal.PausedLabel)
	rebased := p.repo.Read(pulls[0].Head, "else") != ""
	if answers != want.answers || len(pulls) != want.pulls || held != (o.order == "/hold") || rebased != (o.order == "/rebase") {
		p.t.Errorf("%s, killed %s: %d answers, %+v", p.name, p.point, answers, pulls)
	}
}
