package policy_test

import (
	"slices"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// generated is a generated situation.
type generated struct {
	updates []config.Merge
	plan    *plan
	facts   policy.Facts
	now     time.Time
}

// plan is what a configuration says apart from merge settings, once for the program and
// once for the oracle.
type plan struct {
	config *config.Config
	zone   *time.Location
	frozen []string // days
	rebase string
}

// hours are windows as the oracle understands them: "1-5 9 17", days from Sunday 0, whole
// hours of the clock, and not over midnight.
func hours(t time.Time, window string) bool {
	switch window {
	case "mon-fri 09:00-17:00":
		return t.Weekday() >= 1 && t.Weekday() <= 5 && t.Hour() >= 9 && t.Hour() < 17
	case "sat,sun 02:00-04:00":
		return (t.Weekday() == 6 || t.Weekday() == 0) && t.Hour() >= 2 && t.Hour() < 4
	case "mon-sun 00:00-24:00":
		return true
	}
	panic(window)
}

// oracle decides slowly, one thing after the other. It counts what is in the way: "stop",
// "person", "wait" and "unknown", with "github" before those that GitHub itself waits for.
type oracle struct {
	*generated
	way  map[string]int
	next []time.Time
}

func (o *oracle) blocks(kind string, unless bool) {
	if !unless {
		o.way[kind]++
	}
}

func get[T any](o *oracle, k policy.Known[T]) T {
	v, known := k.Get()
	o.blocks("unknown", known)
	return v
}

func peek[T any](k policy.Known[T]) T { v, _ := k.Get(); return v }

func (g *generated) decide() (policy.Outcome, policy.Action, config.Method, time.Time) {
	o := &oracle{generated: g, way: map[string]int{}}
	p := o.protection()
	ordered := o.standing()
	o.times(ordered)
	o.checks(p)
	o.reviews(p, ordered)
	method := o.github(p)
	outcome := policy.Merges
	switch w := o.way; {
	case w["stop"] > 0:
		outcome = policy.Stopped
	case w["person"]+w["github person"] > 0:
		outcome = policy.Person
	case w["wait"]+w["github wait"]+w["github settles"]+w["unknown"] > 0:
		outcome = policy.Waits
	}
	action := o.action(p, method, outcome == policy.Merges)
	o.ends(action, ordered)
	var next time.Time
	for _, t := range o.next {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	return outcome, action, method, next
}

// ends tries when that is over by which GitHub merges by itself, until long after all
// freezes of the plans.
func (o *oracle) ends(a policy.Action, ordered bool) {
	n := peek(o.facts.Native)
	ours := n.Armed != nil && n.Armed.App
	if n.Queued != nil { // before all else, whoever put it there
		ours = n.Queued.App
	}
	if peek(o.facts.Pull).State != "open" || a != policy.Enqueue && a != policy.Arm && (a != policy.Nothing || !ours) {
		return
	}
	for _, day := range o.plan.frozen {
		if begin, err := time.ParseInLocation(time.DateOnly, day, o.plan.zone); err == nil && begin.After(o.now) {
			o.next = append(o.next, begin)
		}
	}
	const week = 8 * 24 * time.Hour
	for _, u := range o.updates {
		if ordered || len(u.Window.Value) == 0 {
			continue
		}
		t := o.now.Truncate(30 * time.Minute)
		for o.isOpen(u.Window.Value, t) && t.Before(o.now.Add(week)) {
			t = t.Add(30 * time.Minute)
		}
		if t.Before(o.now.Add(week)) {
			o.next = append(o.next, t)
		}
	}
}

func (o *oracle) protection() policy.Protection {
	a, b := get(o, o.facts.Rules), get(o, o.facts.Classic)
	a.Checks = slices.Concat(a.Checks, b.Checks)
	a.UpToDate = a.UpToDate || b.UpToDate
	a.Approvals = max(a.Approvals, b.Approvals)
	a.CodeOwners = a.CodeOwners || b.CodeOwners
	a.LastPush = a.LastPush || b.LastPush
	a.DismissStale = a.DismissStale || b.DismissStale
	a.Conversations = a.Conversations || b.Conversations
	a.Linear = a.Linear || b.Linear
	a.Queue = a.Queue || b.Queue
	return a
}

func (o *oracle) standing() bool {
	pull := get(o, o.facts.Pull)
	if _, known := o.facts.Pull.Get(); known {
		o.blocks("stop", pull.State == "open")
		o.blocks("person", !pull.Draft)
	}
	own := o.facts.Ownership
	for _, sign := range []policy.Known[policy.Sign]{own.Head, own.Commits, own.Tree, own.Base, own.Branch, own.Record} {
		if s, known := sign.Get(); known {
			o.blocks("stop", s.OK)
		} else {
			o.way["unknown"]++
		}
	}
	get(o, o.facts.Owner)
	get(o, o.facts.Newer)
	o.blocks("stop", !get(o, o.facts.Paused))
	o.blocks("person", len(get(o, o.facts.Restricted)) == 0)
	order := get(o, o.facts.Order)
	ordered := order != nil && order.Writer && order.Head == head && pull.Head == head
	auto, owners := len(o.updates) > 0, true
	for _, u := range o.updates {
		if !u.Auto.Value {
			auto = false
			owners = owners && u.Auto.Origin != nil && u.Auto.Origin.Field == "enforce.merge.auto"
		}
	}
	if !auto && !ordered {
		o.blocks("stop", !owners)
		o.blocks("person", owners)
	}
	o.blocks("person", len(get(o, o.facts.RolledBack)) == 0 || ordered)
	return ordered
}

func (o *oracle) times(ordered bool) {
	at := o.now.In(o.plan.zone)
	if slices.Contains(o.plan.frozen, at.Format(time.DateOnly)) {
		o.way["wait"]++
		end := at
		for slices.Contains(o.plan.frozen, end.Format(time.DateOnly)) {
			end = time.Date(end.Year(), end.Month(), end.Day()+1, 0, 0, 0, 0, o.plan.zone)
		}
		o.next = append(o.next, end)
	}
	since, known := o.facts.Pushed.Get()
	o.blocks("unknown", known)
	for _, u := range o.updates {
		if ordered {
			break
		}
		if end := since.Add(time.Duration(u.After.Value)); known && u.After.Value > 0 && o.now.Before(end) {
			o.way["wait"]++
			if !slices.ContainsFunc(o.updates, func(other config.Merge) bool { return other.After.Value > u.After.Value }) {
				o.next = append(o.next, end)
			}
		}
		o.window(u.Window.Value, at)
	}
}

func (o *oracle) isOpen(windows config.Windows, t time.Time) bool {
	t = t.In(o.plan.zone)
	return slices.ContainsFunc(windows, func(w config.Window) bool { return hours(t, w.String()) })
}

func (o *oracle) window(windows config.Windows, at time.Time) {
	if len(windows) == 0 || o.isOpen(windows, at) {
		return
	}
	o.way["wait"]++
	t := o.now.Truncate(time.Minute)
	for !o.isOpen(windows, t) {
		t = t.Add(time.Minute)
	}
	o.next = append(o.next, t)
}
