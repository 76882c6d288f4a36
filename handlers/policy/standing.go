package policy

import (
	"strings"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// open wants a pull request that is there to be merged.
func (j *judging) open() {
	const wanted = "open"
	if unread(j, AboutOpen, wanted, &j.facts.Pull) {
		return
	}
	pull, _ := j.facts.Pull.Get()
	c := Condition{About: AboutOpen, Wanted: wanted, Now: open, State: Met, needs: needsStart}
	if pull.State != open {
		c.Now, c.State = foreign.Code(pull.State), Failed
	}
	j.add(c)
	draft := Condition{About: AboutDraft, Wanted: "no draft", Now: "none", State: Met, needs: needsPerson}
	if pull.Draft {
		draft.Now, draft.State = "a draft: somebody has to say that it is ready", Failed
	}
	j.add(draft)
}

// pause wants nobody to have stopped it.
func (j *judging) pause() {
	const wanted, labels = "not paused", "no label that restricts it"
	if !unread(j, AboutPause, wanted, &j.facts.Paused) {
		c := Condition{About: AboutPause, Wanted: wanted, Now: "not paused", State: Met, needs: needsStart}
		if paused, _ := j.facts.Paused.Get(); paused {
			c.Now, c.State = "paused: `/unhold` lets it go on", Failed
		}
		j.add(c)
	}
	if !unread(j, AboutLabels, labels, &j.facts.Restricted) {
		c := Condition{About: AboutLabels, Wanted: labels, Now: "none", State: Met, needs: needsPerson}
		if restricting, _ := j.facts.Restricted.Get(); len(restricting) > 0 {
			c.Now, c.State = listed(restricting), Failed
		}
		j.add(c)
	}
}

// ownership wants all to be as the App made it.
func (j *judging) ownership() {
	o := &j.facts.Ownership
	for _, part := range []struct {
		about, wanted string
		sign          *Known[Sign]
	}{
		{AboutHead, "the commit that the App pushed", &o.Head},
		{AboutCommits, "all commits by the App, and verified", &o.Commits},
		{AboutTree, "what the App wrote", &o.Tree},
		{AboutBase, "the branch that it was made for", &o.Base},
		{AboutBranch, "the branch that it was made from", &o.Branch},
		{AboutRecord, "its updates, applied to the base, give what it has", &o.Record},
	} {
		if unread(j, part.about, part.wanted, part.sign) {
			continue
		}
		c := Condition{About: part.about, Wanted: part.wanted, Now: "as wanted", State: Met, needs: needsStart}
		if sign, _ := part.sign.Get(); !sign.OK {
			c.Now, c.State = "not as wanted", Failed
			if sign.Why != "" {
				c.Now = foreign.Code(sign.Why)
			}
		}
		j.add(c)
	}
}

// allowed wants the rule, or a person, to let it be merged.
func (j *judging) allowed() {
	unread(j, AboutOwner, "what the owner enforces is known", &j.facts.Owner)
	j.ordering()
	j.auto()
	j.rollback()
	if !unread(j, AboutNewer, "newer versions are known", &j.facts.Newer) {
		if newer, _ := j.facts.Newer.Get(); len(newer) > 0 {
			j.add(Condition{About: AboutNewer, Wanted: "nothing", Now: listed(newer) + ": newer than what is proposed here", State: Met})
		}
	}
}

// ordering tells of a person's order.
func (j *judging) ordering() {
	const wanted = "at this head, by somebody who may write"
	if unread(j, AboutOrder, wanted, &j.facts.Order) {
		return
	}
	order, _ := j.facts.Order.Get()
	if order == nil {
		return
	}
	c := Condition{About: AboutOrder, Wanted: wanted, State: Met, Now: "`/merge` by " + foreign.Code(order.By)}
	switch {
	case !order.Writer:
		c.Now += " does not count: no write access"
	case j.order == nil:
		c.Now += " does not count: it was at " + foreign.Code(order.Head)
	}
	j.add(c)
}

// auto wants the rule to let it merge by itself, unless a person ordered it.
func (j *judging) auto() {
	r := j.rule
	c := Condition{About: AboutAuto, Wanted: "it may merge by itself", State: Met, Says: says(r.Auto.Origin), needs: needsPerson}
	switch {
	case r.Auto.Value:
		c.Now = "it may"
		if len(r.By) > 1 {
			c.Now += ": " + ruleNames(r.By)
		}
	case j.order != nil:
		c.Now = dropped
	case unreadable(r.Auto.Origin):
		c.Now, c.State = "not known: what the owner enforces could not be read", Unknown
	case enforced(r.Auto.Origin):
		c.Now, c.State, c.needs = "forbidden; a person may still merge it, or comment `/merge`", Failed, needsStart
	default:
		c.Now, c.State = "it may not: a person merges it, or comments `/merge`", Failed
	}
	j.add(c)
}

// dropped is said of conditions that an order does without.
const dropped = "not asked for, since a person ordered it"

// rollback wants a person where versions are proposed of what was rolled back.
func (j *judging) rollback() {
	const wanted = "no image that was rolled back"
	if unread(j, AboutRollback, wanted, &j.facts.RolledBack) {
		return
	}
	c := Condition{About: AboutRollback, Wanted: wanted, Now: "none", State: Met, needs: needsPerson}
	if images, _ := j.facts.RolledBack.Get(); len(images) > 0 {
		c.Now = listed(images)
		if j.order == nil {
			c.Now, c.State = c.Now+": a person merges it, or lifts the rollback with `/unhold IMAGE`", Failed
		}
	}
	j.add(c)
}

// mostListed is how many of a kind are named in a cell.
const mostListed = 10

// listed names things from outside.
func listed(all []string) string {
	var b strings.Builder
	for i, one := range all {
		if i == mostListed {
			b.WriteString(" and " + counted(len(all)-i, "more", "more"))
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(foreign.Code(one))
	}
	return b.String()
}

// Restricting are those labels of a pull request that keep it from being merged, as
// people elsewhere use them: "do-not-merge" and whatever begins with it, "wip" and
// "blocked", in any case, with blanks and underscores for the dashes too.
func Restricting(labels []string) []string {
	var all []string
	for _, l := range labels {
		name := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(l))
		if strings.HasPrefix(name, "do-not-merge") || strings.HasPrefix(name, "don't-merge") || name == "wip" || name == "blocked" {
			all = append(all, l)
		}
	}
	return all
}
