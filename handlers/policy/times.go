package policy

import (
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// clock is how a time is written, in the repository's zone.
const clock = "2006-01-02 15:04 MST"

func (j *judging) at(t time.Time) string { return t.In(j.rule.zone()).Format(clock) }

// freeze wants a day without one. It stops orders too.
func (j *judging) freeze() {
	c := Condition{About: AboutFreeze, Wanted: "no freeze", Now: "none", State: Met}
	if freeze, until := j.rule.config.Frozen(j.now); freeze != nil {
		c.Now, c.State, c.Until, c.Says = "until "+j.at(until), Waiting, until, says(freeze.Origin)
		if freeze.Reason != "" {
			c.Now += ": " + foreign.Code(string(freeze.Reason))
		}
	}
	j.add(c)
}

// windows wants each window to be open.
func (j *judging) windows() {
	for i := range j.rule.Windows {
		w := &j.rule.Windows[i]
		texts := make([]string, len(w.Value))
		for n := range w.Value {
			texts[n] = w.Value[n].String()
		}
		c := Condition{
			About: AboutWindow, Wanted: listed(texts) + " in " + foreign.Code(j.rule.zone().String()), Now: "open", State: Met, Says: says(w.Origin),
		}
		isOpen, next := w.Value.Open(j.now, j.rule.zone())
		switch {
		case j.order != nil:
			c.Now = dropped
		case isOpen:
		case next.IsZero():
			c.Now, c.State, c.needs = "it never opens", Failed, needsPerson
		default:
			c.Now, c.State, c.Until = "opens "+j.at(next), Waiting, next
		}
		j.add(c)
	}
}

// after wants the head to have stood for a while.
func (j *judging) after() {
	after := time.Duration(j.rule.After.Value)
	wanted := "the head has stood for " + span(after)
	if unread(j, AboutAfter, wanted, &j.facts.Pushed) || after <= 0 {
		return
	}
	pushed, _ := j.facts.Pushed.Get()
	end := pushed.Add(after)
	c := Condition{About: AboutAfter, Wanted: wanted, Now: "since " + j.at(pushed), State: Met, Says: says(j.rule.After.Origin)}
	switch {
	case j.order != nil:
		c.Now = dropped
	case !j.now.Before(end):
	default:
		c.Now, c.State, c.Until = c.Now+", until "+j.at(end), Waiting, end
	}
	j.add(c)
}

// ends is when what GitHub is told to merge by itself has to be taken back, since a freeze
// begins or a window closes; zero where that does not come, or there is nothing to take
// back.
func (j *judging) ends(a Action) time.Time {
	n, _ := j.facts.Native.Get()
	ours := n.Queued != nil && n.Queued.App || n.Queued == nil && n.Armed != nil && n.Armed.App
	if pull, _ := j.facts.Pull.Get(); pull.State != open || a != Enqueue && a != Arm && (a != Nothing || !ours) {
		return time.Time{}
	}
	first := j.rule.config.Freezes(j.now)
	if j.order != nil {
		return first
	}
	for i := range j.rule.Windows {
		first = sooner(first, j.rule.Windows[i].Value.Closes(j.now, j.rule.zone()))
	}
	return first
}

// sooner is the earlier of two times; zero where both are.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
