package policy_test

import (
	"slices"
	"strings"
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
	var next time.Time
	for _, t := range o.next {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	return outcome, o.action(p, method, outcome == policy.Merges), method, next
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

func (o *oracle) window(windows config.Windows, at time.Time) {
	isOpen := func(t time.Time) bool {
		t = t.In(o.plan.zone)
		return slices.ContainsFunc(windows, func(w config.Window) bool { return hours(t, w.String()) })
	}
	if len(windows) == 0 || isOpen(at) {
		return
	}
	o.way["wait"]++
	t := o.now.Truncate(time.Minute)
	for !isOpen(t) {
		t = t.Add(time.Minute)
	}
	o.next = append(o.next, t)
}

// result is a check or a status that counts.
type outcomeOf struct {
	name   string
	app    int64
	status bool
	how    string // "good", "bad" or "pending"
}

func own(name string, app int64) bool {
	return (name == "imageupdater/merge-policy" || name == "imageupdater/config") && (app == 0 || app == ownApp)
}

func (o *oracle) results() []outcomeOf {
	var all []outcomeOf
	if peek(o.facts.Pull).Head != head {
		return nil
	}
	runs := peek(o.facts.Runs)
	for _, r := range runs {
		if r.Head != head {
			continue
		}
		superseded := slices.ContainsFunc(runs, func(n policy.Run) bool {
			same := n.Head == head && n.Name == r.Name && n.App == r.App && n.ID > r.ID
			return same && (n.Suite == r.Suite && r.Suite != 0 && r.ID != 0 || r.Conclusion == "cancelled" || r.Conclusion == "stale")
		})
		if superseded {
			continue
		}
		how := "bad"
		switch {
		case r.Status != "completed":
			how = "pending"
		case slices.Contains([]string{"success", "neutral", "skipped"}, r.Conclusion):
			how = "good"
		}
		all = append(all, outcomeOf{r.Name, r.App, false, how})
	}
	statuses := peek(o.facts.Statuses)
	for _, s := range statuses {
		newer := slices.ContainsFunc(statuses, func(n policy.Status) bool { return n.Head == head && n.Context == s.Context && n.ID > s.ID })
		if s.Head != head || newer {
			continue
		}
		how := map[string]string{"success": "good", "pending": "pending"}[s.State]
		if how == "" {
			how = "bad"
		}
		all = append(all, outcomeOf{s.Context, s.App, true, how})
	}
	return all
}

func (o *oracle) checks(p policy.Protection) {
	get(o, o.facts.Runs)
	get(o, o.facts.Statuses)
	_, hasRuns := o.facts.Runs.Get()
	_, hasStatuses := o.facts.Statuses.Get()
	if !hasRuns || !hasStatuses {
		return
	}
	all := slices.DeleteFunc(o.results(), func(r outcomeOf) bool { return own(r.name, r.app) })
	requires := false
	for _, want := range p.Checks {
		if own(want.Name, want.App) {
			continue
		}
		requires = true
		there, bad, pending := false, false, false
		for _, r := range all {
			counts := r.name == want.Name && (want.App == 0 || r.app == want.App)
			mightCount := r.name == want.Name && r.status && r.app == 0
			there = there || counts
			bad = bad || (counts || mightCount) && r.how == "bad"
			pending = pending || (counts || mightCount) && r.how == "pending"
		}
		switch {
		case bad:
			o.way["person"]++
		case pending || !there:
			o.way["github wait"]++
		}
	}
	for _, u := range o.updates {
		for _, name := range u.Checks.Value.Names {
			o.all(slices.DeleteFunc(slices.Clone(all), func(r outcomeOf) bool { return !like(string(name), r.name) }))
		}
	}
	for _, u := range o.updates {
		if u.Checks.Value.Which == "all" || u.Checks.Value.Which == "required" && !requires {
			o.all(all)
			return
		}
	}
}

func like(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// all wants checks to be there, and good.
func (o *oracle) all(of []outcomeOf) {
	bad := slices.ContainsFunc(of, func(r outcomeOf) bool { return r.how == "bad" })
	pending := slices.ContainsFunc(of, func(r outcomeOf) bool { return r.how == "pending" })
	switch {
	case bad:
		o.way["person"]++
	case pending || len(of) == 0:
		o.way["wait"]++
	}
}

func (o *oracle) reviews(p policy.Protection, ordered bool) {
	all, known := o.facts.Reviews.Get()
	if !known {
		o.way["unknown"]++
		return
	}
	pull := peek(o.facts.Pull)
	policyCount, branchCount, ofHead, objections := 0, 0, false, 0
	for i, r := range all {
		last := true
		for k, later := range all {
			newer := later.At.After(r.At) || later.At.Equal(r.At) && k > i
			last = last && (!strings.EqualFold(later.User, r.User) || !newer || later.State == "commented" || later.State == "pending")
		}
		if !last || r.User == pull.Author || !r.Writer {
			continue
		}
		current := r.Commit == pull.Head && pull.Head != ""
		switch r.State {
		case "changes_requested":
			objections++
		case "approved":
			if current && !r.Bot {
				policyCount++
			}
			if current || !p.DismissStale {
				branchCount++
				ofHead = ofHead || current && r.User != pull.Pusher
			}
		}
	}
	for _, u := range o.updates {
		o.blocks("person", ordered || policyCount >= int(u.Approvals.Value))
	}
	o.blocks("person", objections == 0)
	decision, decided := o.facts.Decision.Get()
	if p.Approvals > 0 || p.CodeOwners || p.LastPush {
		switch {
		case p.CodeOwners && !decided:
			o.way["unknown"]++
		case branchCount < p.Approvals, p.LastPush && !ofHead:
			o.way["github person"]++
		case p.CodeOwners && decision != "approved", decided && decision != "" && decision != "approved":
			o.way["github person"]++
		}
	}
	if p.Conversations {
		if n := get(o, o.facts.Unresolved); n != 0 {
			o.way["github person"]++
		}
	}
}

func (o *oracle) github(p policy.Protection) config.Method {
	if m, known := o.facts.Merge.Get(); known {
		o.mergeability(m, p)
	} else {
		o.way["unknown"]++
	}
	native := get(o, o.facts.Native)
	if native.Queued != nil {
		o.way["github wait"]++
	}
	repository, known := o.facts.Repository.Get()
	o.blocks("unknown", known)
	if !known || p.Queue {
		return ""
	}
	wanted := config.Method("")
	for _, u := range o.updates {
		if u.Method.Value == "" {
			continue
		}
		if wanted != "" && wanted != u.Method.Value {
			wanted = ""
			break
		}
		wanted = u.Method.Value
	}
	for _, m := range []config.Method{"squash", "merge", "rebase"} {
		if slices.Contains(repository.Methods, m) && (!p.Linear || m != "merge") && (wanted == "" || wanted == m) {
			return m
		}
	}
	o.way["person"]++
	return ""
}

func (o *oracle) mergeability(m policy.Mergeability, p policy.Protection) {
	lazy := "wait"
	if o.plan.rebase == "never" {
		lazy = "person"
	}
	behind := false
	o.blocks(lazy, m.State != "dirty")
	if (p.UpToDate || m.State == "behind") && !p.Queue && (m.Behind || m.State == "behind") {
		behind = true
		o.way[lazy]++
	}
	switch m.State {
	case "clean", "has_hooks", "unstable":
	case "dirty", "behind", "draft":
		o.way["github wait"]++
	case "blocked":
		waits := o.way["github wait"]+o.way["github person"] > 0 || behind || o.requiredBad(p)
		if waits || !o.ownMissing(p) && !p.Queue {
			o.way["github wait"]++
		}
	default:
		o.way["github settles"]++
	}
}

// requiredBad says whether a required check is what GitHub blocks for.
func (o *oracle) requiredBad(p policy.Protection) bool {
	_, hasRuns := o.facts.Runs.Get()
	_, hasStatuses := o.facts.Statuses.Get()
	for _, want := range p.Checks {
		if own(want.Name, want.App) || !hasRuns || !hasStatuses {
			continue
		}
		for _, r := range o.results() {
			if r.name == want.Name && !own(r.name, r.app) && r.how == "bad" && (want.App == 0 || r.app == want.App || r.status && r.app == 0) {
				return true
			}
		}
	}
	_, decided := o.facts.Decision.Get()
	_, reviewed := o.facts.Reviews.Get()
	return reviewed && p.CodeOwners && !decided
}

// ownMissing says whether the App's own check is required and does not say yes yet.
func (o *oracle) ownMissing(p policy.Protection) bool {
	wanted, good, bad := false, false, false
	for _, want := range p.Checks {
		wanted = wanted || want.Name == "imageupdater/merge-policy" && own(want.Name, want.App)
	}
	for _, r := range o.results() {
		if r.name == "imageupdater/merge-policy" && own(r.name, r.app) {
			good, bad = good || r.how == "good", bad || r.how != "good"
		}
	}
	return wanted && (!good || bad)
}

func (o *oracle) action(p policy.Protection, method config.Method, met bool) policy.Action {
	native, known := o.facts.Native.Get()
	pull := peek(o.facts.Pull)
	via := len(o.updates) > 0
	for _, u := range o.updates {
		via = via && u.Via.Value == "github" && len(u.Window.Value) == 0
	}
	w := o.way
	agreed := known && w["stop"]+w["person"]+w["wait"]+w["unknown"] == 0
	switch {
	case pull.State == "closed" || pull.State == "merged":
		return ""
	case native.Queued != nil:
		if native.Queued.App && !agreed {
			return "dequeue"
		}
		return ""
	case met && p.Queue:
		return "enqueue"
	case met:
		return "merge"
	case native.Armed != nil:
		if native.Armed.App && (!agreed || !via || !p.Queue && native.Armed.Method != method) {
			return "disarm"
		}
		return ""
	case agreed && via && peek(o.facts.Repository).AutoMerge && w["github settles"] == 0:
		return "arm"
	}
	return ""
}
