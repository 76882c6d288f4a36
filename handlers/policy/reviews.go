package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// reviews wants people to have agreed: as many as the rule says, and as the branch
// requires, and nobody to object.
func (j *judging) reviews() {
	const wanted = "reviews are known"
	if unread(j, AboutReviews, wanted, &j.facts.Reviews) {
		return
	}
	latest := j.latest()
	j.approvals(latest)
	j.requiredReviews(latest)
	j.objections(latest)
	j.conversations()
}

// latest is what each person thinks by now, in the order of their names. Comments leave
// it as it was, and the author has no say.
func (j *judging) latest() []Review {
	all, _ := j.facts.Reviews.Get()
	pull, _ := j.facts.Pull.Get()
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Review) int { return a.At.Compare(b.At) })
	by := map[string]Review{}
	for _, r := range sorted {
		opinion := r.State == approved || r.State == changesRequested || r.State == dismissed
		if opinion && !strings.EqualFold(r.User, pull.Author) {
			by[strings.ToLower(r.User)] = r
		}
	}
	latest := make([]Review, 0, len(by))
	for _, r := range by {
		latest = append(latest, r)
	}
	slices.SortFunc(latest, func(a, b Review) int { return strings.Compare(strings.ToLower(a.User), strings.ToLower(b.User)) })
	return latest
}

// The states of reviews that say what somebody thinks.
const (
	approved         = "approved"
	changesRequested = "changes_requested"
	dismissed        = "dismissed"
)

// approvals wants people's approvals of this very head, as many as the rule says.
func (j *judging) approvals(latest []Review) {
	need := int(j.rule.Approvals.Value)
	if need <= 0 {
		return
	}
	pull, _ := j.facts.Pull.Get()
	var by []string
	for i := range latest {
		if r := &latest[i]; r.State == approved && r.Writer && !r.Bot && r.Commit == pull.Head && r.Commit != "" {
			by = append(by, r.User)
		}
	}
	c := Condition{
		About: AboutApprovals, Wanted: counted(need, "approval", "approvals") + " of this head, by people who may write",
		Now: approvedBy(by), State: Met, Says: says(j.rule.Approvals.Origin), needs: needsPerson,
	}
	switch {
	case len(by) >= need:
	case j.order != nil:
		c.Now = dropped
	default:
		c.State = Waiting
	}
	j.add(c)
}

func approvedBy(people []string) string {
	if len(people) == 0 {
		return "none"
	}
	return "approved by " + listed(people)
}

// requiredReviews wants the reviews that the branch requires.
func (j *judging) requiredReviews(latest []Review) {
	p := &j.protection
	if p.Approvals <= 0 && !p.CodeOwners && !p.LastPush {
		return
	}
	pull, _ := j.facts.Pull.Get()
	var by []string
	ofHead := false
	for i := range latest {
		r := &latest[i]
		if isOfHead := r.Commit == pull.Head && r.Commit != ""; r.State == approved && r.Writer && (isOfHead || !p.DismissStale) {
			by, ofHead = append(by, r.User), ofHead || isOfHead && !strings.EqualFold(r.User, pull.Pusher)
		}
	}
	wanted := []string{counted(p.Approvals, "approval", "approvals")}
	if p.CodeOwners {
		wanted = append(wanted, "code owners approve")
	}
	if p.LastPush {
		wanted = append(wanted, "one approval of the newest push")
	}
	c := Condition{
		About: AboutReviews, Wanted: strings.Join(wanted, ", ") + ": the branch requires it",
		Now: approvedBy(by), State: Met, needs: needsPerson, github: true,
	}
	decision, decided := j.facts.Decision.Get()
	switch {
	case p.CodeOwners && !decided:
		c.State, c.Now = Unknown, "not known: "+j.facts.Decision.reason()
	case len(by) < p.Approvals:
		c.State = Waiting
	case p.LastPush && !ofHead:
		c.State, c.Now = Waiting, c.Now+", but not the newest push"
	case p.CodeOwners && decision != approved, decided && decision != approved && decision != "":
		c.State, c.Now = Waiting, c.Now+"; GitHub says "+foreign.Code(decision)
	}
	j.add(c)
}

// objections wants nobody who may write to have asked for changes.
func (j *judging) objections(latest []Review) {
	var by []string
	for i := range latest {
		if latest[i].State == changesRequested && latest[i].Writer {
			by = append(by, latest[i].User)
		}
	}
	c := Condition{About: AboutObjections, Wanted: "nobody asks for changes", Now: "nobody does", State: Met, needs: needsPerson}
	if len(by) > 0 {
		c.Now, c.State = "changes are asked for by "+listed(by), Failed
	}
	j.add(c)
}

// conversations wants them to be resolved where the branch requires it.
func (j *judging) conversations() {
	const wanted = "all are resolved: the branch requires it"
	if !j.protection.Conversations || unread(j, AboutConversations, wanted, &j.facts.Unresolved) {
		return
	}
	c := Condition{About: AboutConversations, Wanted: wanted, Now: "all are", State: Met, needs: needsPerson, github: true}
	if n, _ := j.facts.Unresolved.Get(); n != 0 {
		c.Now, c.State = counted(n, "is not", "are not"), Waiting
	}
	j.add(c)
}

// span writes a time span as people do: 24 h, 3 days, 1 h 30 min.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day && d%day == 0 {
		return counted(int(d/day), "day", "days")
	}
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, counted(int(n), unit.name, unit.name))
			d %= unit.length
		}
	}
	if len(parts) == 0 {
		return "no time"
	}
	return strings.Join(parts, " ")
}
