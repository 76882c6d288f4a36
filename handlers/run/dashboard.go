package run

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/notice"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// board is the dashboard during a look.
type board struct {
	desk *notice.Desk
	// issue is as it was when the look began; nil where there was none.
	issue *forge.Issue
	// acted are the boxes that this look acts on.
	acted dashboard.Ticks
	// lost is the issue's body as people had made it when our last write took that
	// away; "" where it did not, or somebody wrote other notes since.
	lost string
	seen *firstSeen
}

// board reads the dashboard: what people tick there is among the look's orders
// afterwards. It is nil where there shall be none.
func (r *Runner) board(ctx context.Context, l *Look, out *Outcome) (*board, error) {
	desk := r.desk(*l)
	if desk == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	if err := r.mended(ctx, desk, out); err != nil {
		return nil, err
	}
	if !out.Config.Dashboard.Value {
		return nil, r.finish(ctx, desk, dashboardIssue, out, "The configuration says `dashboard: false`.")
	}
	b := &board{desk: desk, seen: &firstSeen{History: r.History}}
	var err error
	if b.issue, err = desk.Find(ctx, dashboardIssue, true); err != nil {
		return nil, out.unsaid(err)
	}
	if b.issue == nil {
		return b, nil
	}
	text := dashboardIssue.Text(b.issue.Body)
	b.acted = dashboard.Read(text)
	lost, untouched := desk.Lost(ctx, dashboardIssue, b.issue)
	maps.Copy(b.acted, dashboard.Read(dashboardIssue.Text(lost)))
	if untouched {
		b.lost = lost
	}
	b.seen.mirrored(dashboard.ReadSeen(text, l.Repository.ID, r.Historian.Keys), r.Now())
	if b.acted.Order(&out.Orders, &out.past, b.issue.Updated.UTC()) {
		l.Forced = r.Now()
	}
	r.Historian.Lift(ctx, l.Repository.ID, &out.past, out.Orders.Lift)
	return b, nil
}

// show writes the dashboard, if it has changed. It is read again just before: boxes
// that were ticked since it was read stay ticked, and another look comes for them.
func (r *Runner) show(ctx context.Context, l Look, out *Outcome) error {
	b := out.board
	if b == nil || out.Desired == nil {
		return nil
	}
	wish := r.wish(l, b, out)
	if b.issue != nil && b.desk.Changes(dashboardIssue, b.issue, wish) {
		var err error
		was := dashboardIssue.Notes(b.issue.Body)
		if b.issue, err = b.desk.Find(ctx, dashboardIssue, true); err != nil {
			return out.unsaid(err)
		}
		if b.issue != nil && dashboardIssue.Notes(b.issue.Body) != was {
			b.lost = "" // somebody wrote them anew
		}
		wish = r.wish(l, b, out)
	}
	if len(b.later()) > 0 {
		out.wake(r.Now())
	}
	var err error
	if out.Dashboard, err = b.desk.Keep(ctx, dashboardIssue, b.issue, wish); err == nil && len(b.acted) > 0 {
		r.Decisions.Decided(ctx, l.Repository.ID, proposal.Done{What: "ordered", Number: out.Dashboard, Why: "ticked: " + b.acted.String()})
	}
	return out.unsaid(err)
}

// later are the boxes that this look does not act on.
func (b *board) later() dashboard.Ticks {
	if b.issue == nil {
		return nil
	}
	return dashboard.Read(dashboardIssue.Text(b.issue.Body)).Without(b.acted)
}

// wish is how the dashboard should be.
func (r *Runner) wish(l Look, b *board, out *Outcome) notice.Wish {
	state := &dashboard.State{
		RepositoryID: l.Repository.ID, URL: r.Web + "/" + l.Repository.FullName(), Base: out.Base, Commit: out.Head, Config: out.Config,
		Warnings: out.Warnings, Plan: out.Plan, Desired: out.Desired, Past: out.past, Opened: out.opened, Closed: out.closed, Refused: out.Refused,
		Ticked: b.later(), Seen: b.seen.of(out.Plan), Keys: r.Historian.Keys, Now: r.Now(),
	}
	if b.issue != nil {
		state.Most = dashboardIssue.Room(cmp.Or(b.lost, b.issue.Body), dashboard.Longest)
	}
	text := dashboard.Text(state)
	return notice.Wish{Open: true, Text: text, Around: b.lost, Same: func(was string) bool { return dashboard.Same(was, text) }}
}

// history is what a plan asks when tags were first seen.
func (r *Runner) history(b *board) scanner.History {
	if b == nil || r.History == nil {
		return r.History
	}
	return b.seen
}

// firstSeen is a history that also knows what the dashboard mirrors, and notes what
// it was asked. The earlier time counts: the database may have been lost since.
type firstSeen struct {
	scanner.History

	mu     sync.Mutex
	before map[[2]string]time.Time
	asked  map[[2]string]time.Time
}

// mirrored takes over what the dashboard says, but for times that are yet to come.
func (f *firstSeen) mirrored(all []dashboard.Seen, now time.Time) {
	f.before = map[[2]string]time.Time{}
	for _, s := range all {
		if !s.At.After(now) {
			f.before[[2]string{s.Image, s.Tag}] = s.At
		}
	}
}

// FirstSeen is part of scanner.History.
func (f *firstSeen) FirstSeen(ctx context.Context, repo image.Repository, names []string) (map[string]time.Time, error) {
	times, err := f.History.FirstSeen(ctx, repo, names)
	if err != nil {
		return nil, err //nolint:wrapcheck // who asks says what for
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[[2]string]time.Time{}
	}
	for name, at := range times {
		of := [2]string{repo.String(), name}
		if before, is := f.before[of]; is && before.Before(at) {
			at = before
			times[name] = at
		}
		f.asked[of] = at
	}
	return times, nil
}

// known is what was mirrored of an image.
func (f *firstSeen) known(name string) []dashboard.Seen {
	var all []dashboard.Seen
	for of, at := range f.before {
		if of[0] == name {
			all = append(all, dashboard.Seen{Image: name, Tag: of[1], At: at})
		}
	}
	return all
}

// of are the times of what waits for its age, and of what is proposed, which would
// have to wait again. Of images of which nothing is known now they stay.
func (f *firstSeen) of(plan *scanner.Plan) []dashboard.Seen {
	var all []dashboard.Seen
	for i := range plan.Results {
		r := &plan.Results[i]
		name, tags := r.Field.Ref.Repository().String(), slices.Clone(r.Young)
		if r.Waiting != nil {
			tags = append(tags, r.Waiting.Tag)
		}
		for _, u := range r.Updates {
			tags = append(tags, u.Tag, u.Tag+"@"+u.Digest)
		}
		if r.Status == scanner.StatusProblem || r.Reason != nil && r.Reason.Code == scanner.Postponed {
			all = append(all, f.known(name)...)
		}
		for _, tag := range tags {
			if at, is := f.asked[[2]string{name, tag}]; is {
				all = append(all, dashboard.Seen{Image: name, Tag: tag, At: at})
			}
		}
	}
	slices.SortFunc(all, func(a, b dashboard.Seen) int {
		return cmp.Or(strings.Compare(a.Image+" "+a.Tag, b.Image+" "+b.Tag), a.At.Compare(b.At))
	})
	return slices.CompactFunc(all, func(a, b dashboard.Seen) bool { return a.Image == b.Image && a.Tag == b.Tag })
}
