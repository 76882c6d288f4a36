package policy

import (
	"slices"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// merging wants GitHub to be able to merge it, in a way that is permitted.
func (j *judging) merging() {
	if !unread(j, AboutConflicts, "no conflicts", &j.facts.Merge) {
		m, _ := j.facts.Merge.Get()
		j.conflicts(m)
		j.upToDate(m)
		j.github(m)
	}
	j.methods()
	if !unread(j, AboutNative, "GitHub's auto-merge and merge queue are known", &j.facts.Native) {
		j.native()
	}
}

// The words of GitHub for how a pull request can be merged.
const (
	stateDirty   = "dirty"
	stateBehind  = "behind"
	stateBlocked = "blocked"
)

// conflicts wants the head to go with the base. The App builds a branch with conflicts
// again, unless the repository wants none of that.
func (j *judging) conflicts(m Mergeability) {
	c := Condition{About: AboutConflicts, Wanted: "no conflicts with the base", Now: "none", State: Met}
	switch {
	case m.State != stateDirty:
	case j.rule.Rebase == config.RebaseNever:
		c.Now, c.State, c.needs = "there are some: comment `/rebase`", Failed, needsPerson
	default:
		c.Now, c.State = "there are some: the branch is built again", Waiting
	}
	j.add(c)
}

// upToDate wants the newest base beneath the head where the branch requires it. A merge
// queue sees to that itself.
func (j *judging) upToDate(m Mergeability) {
	if !j.protection.UpToDate && m.State != stateBehind || j.queue {
		return
	}
	const wanted = "built on the newest base: the branch requires it"
	if m.State == stateBehind {
		m.Behind = Read(true)
	}
	if unread(j, AboutUpToDate, wanted, &m.Behind) {
		return
	}
	c := Condition{About: AboutUpToDate, Wanted: wanted, Now: "it is", State: Met}
	switch behind, _ := m.Behind.Get(); {
	case !behind:
	case j.rule.Rebase == config.RebaseNever:
		c.Now, c.State, c.needs = "it is not: comment `/rebase`", Failed, needsPerson
	default:
		c.Now, c.State = "it is not: the branch is built again once nothing else is missing, reviews aside", Waiting
	}
	j.add(c)
}

// github wants GitHub to let it be merged. What it blocks for a reason that is a
// condition by itself is told there.
func (j *judging) github(m Mergeability) {
	c := Condition{About: AboutGitHub, Wanted: "GitHub lets it be merged", Now: "it does", State: Met, github: true}
	switch m.State {
	case "clean", "has_hooks", "unstable": // which of them may be our own check's doing
	case stateBlocked:
		j.blocked(&c)
	case stateDirty, stateBehind, "draft":
		c.Now, c.State = "not before "+foreign.Code(m.State)+" is mended", Waiting
	default:
		c.Now, c.State = "it does not know yet: "+foreign.Code(m.State), Waiting
		j.settling = true
	}
	j.add(c)
}

// blocked says why GitHub blocks it. What it says is no news where it waits for our own
// check, which says success when the rest is met; and with a merge queue it judges
// again when it is asked to enqueue.
func (j *judging) blocked(c *Condition) {
	waits := slices.ContainsFunc(j.conditions, func(c Condition) bool { return c.State != Met && (c.github || c.About == AboutUpToDate) })
	switch {
	case waits:
		c.Now, c.State = "blocked, for what is not met above", Waiting
	case j.ownRequired():
		c.Now = "blocked until this check says success"
	case j.queue:
		c.Now = "blocked, and judged again by the merge queue"
	default:
		c.Now, c.State = "blocked, for something else", Waiting
		if also := j.protection.others(); len(also) > 0 {
			c.Now = "blocked, maybe since the branch requires " + several(also)
		}
	}
}

// others is what a branch requires that is no condition by itself.
func (p *Protection) others() []string {
	var all []string
	if p.Signatures {
		all = append(all, "signed commits")
	}
	for _, environment := range p.Deployments {
		all = append(all, "a deployment to "+foreign.Code(environment))
	}
	if slices.ContainsFunc(p.Checks, func(r Required) bool { return r.Name == OwnConfigCheck }) {
		all = append(all, "the check `"+OwnConfigCheck+"`, which this pull request never gets")
	}
	return all
}

// order is in which methods are tried where nobody set one.
func order() [3]config.Method {
	return [...]config.Method{config.MethodSquash, config.MethodMerge, config.MethodRebase}
}

// methods wants a way to merge that the repository and the branch permit.
func (j *judging) methods() {
	const wanted = "a method that is permitted"
	if unread(j, AboutMethod, wanted, &j.facts.Repository) {
		return
	}
	c := Condition{About: AboutMethod, Wanted: wanted, State: Met, Says: says(j.rule.Method.Origin), needs: needsPerson}
	if j.queue {
		c.Now = "the merge queue's own"
		j.add(c)
		return
	}
	permitted := j.permitted()
	set := j.rule.Method.Value
	switch {
	case set != "" && slices.Contains(permitted, set):
		j.method, c.Now = set, string(set)
	case set != "":
		c.Now, c.State = foreign.Code(string(set))+" is not permitted here", Failed
	case len(permitted) == 0:
		c.Now, c.State = "none is permitted", Failed
	default:
		j.method = permitted[0]
		c.Now = string(permitted[0]) + ", the first that is permitted"
	}
	j.add(c)
}

// permitted are the methods that both the repository and the branch permit, in the
// order in which they are tried.
func (j *judging) permitted() []config.Method {
	repository, _ := j.facts.Repository.Get()
	var all []config.Method
	for _, m := range order() {
		linear := !j.protection.Linear || m != config.MethodMerge
		if slices.Contains(repository.Methods, m) && linear && (j.protection.Methods == nil || slices.Contains(j.protection.Methods, m)) {
			all = append(all, m)
		}
	}
	return all
}

// bothMethods are the methods of which two sets permit each; none of a set means all,
// and an empty result that is not nil means none.
func bothMethods(a, b []config.Method) []config.Method {
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return slices.DeleteFunc(slices.Clone(a), func(m config.Method) bool { return !slices.Contains(b, m) })
}

// native tells what GitHub itself is about to do.
func (j *judging) native() {
	n, _ := j.facts.Native.Get()
	if a := n.Armed; a != nil {
		j.add(Condition{
			About: AboutNative, Wanted: "nothing", State: Met,
			Now: "GitHub's auto-merge was armed by " + foreign.Code(a.By) + " (" + foreign.Code(string(a.Method)) + ")",
		})
	}
	if q := n.Queued; q != nil {
		j.add(Condition{About: AboutQueue, Wanted: "merged by the queue", Now: "in it, put there by " + foreign.Code(q.By), State: Waiting, github: true})
	}
}

// action is what is to be done now. What the App armed or enqueued is taken back as soon
// as anything of its own is not met any more; what a person did stays.
func (j *judging) action() Action {
	n, known := j.facts.Native.Get()
	met, agreed := true, known
	for i := range j.conditions {
		c := &j.conditions[i]
		met = met && c.State == Met
		agreed = agreed && (c.State == Met || c.github && c.State == Waiting)
	}
	repository, _ := j.facts.Repository.Get()
	viaGitHub := j.rule.Via.Value == config.ViaGitHub
	kept := agreed && viaGitHub && n.Armed != nil && (j.queue || n.Armed.Method == j.method)
	switch pull, _ := j.facts.Pull.Get(); {
	case pull.State == closed, pull.State == merged:
		return Nothing
	case n.Queued != nil && n.Queued.App && !agreed:
		return Dequeue
	case n.Queued != nil:
		return Nothing
	case met && j.queue:
		return Enqueue
	case met:
		return Merge
	case n.Armed != nil && n.Armed.App && !kept:
		return Disarm
	case agreed && viaGitHub && n.Armed == nil && repository.AutoMerge && !j.settling:
		return Arm
	}
	return Nothing
}
