package policy_test

import (
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

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
	if (p.UpToDate || m.State == "behind") && !p.Queue {
		is, known := m.Behind.Get()
		switch {
		case is || m.State == "behind":
			behind = true
			o.way[lazy]++
		case !known:
			behind = true
			o.way["unknown"]++
		}
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
