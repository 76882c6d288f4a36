package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
)

// checks wants those checks to have succeeded that the branch requires, and those that
// the rule names.
func (j *judging) checks() {
	const wanted = "what the branch requires is known"
	unread(j, AboutProtection, wanted+" (rulesets)", &j.facts.Rules)
	unread(j, AboutProtection, wanted+" (branch protection)", &j.facts.Classic)
	missing := unread(j, AboutChecks, "check runs are known", &j.facts.Runs)
	missing = unread(j, AboutChecks, "commit statuses are known", &j.facts.Statuses) || missing
	if missing {
		return
	}
	required := j.required()
	for _, r := range required {
		j.requiredCheck(r, j.results)
	}
	others := slices.DeleteFunc(slices.Clone(j.results), func(r result) bool { return r.own })
	for i := range j.rule.Named {
		j.namedCheck(&j.rule.Named[i], others)
	}
	j.policyChecks(len(required) > 0, others)
}

// required are the checks that the branch requires, without the App's own, each once.
func (j *judging) required() []Required {
	var all []Required
	for _, r := range j.protection.Checks {
		if !j.facts.own(r.Name, r.App) && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Required) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(min(max(a.App-b.App, -1), 1))
	})
	return all
}

// requiredCheck wants one that the branch requires. A check run and a status of that
// name both count. Where it has to be of one App, a status of which nobody knows who
// set it can only keep it from being met.
func (j *judging) requiredCheck(r Required, all []result) {
	var of []result
	there := false
	for _, one := range all {
		switch {
		case one.own || one.name != r.Name:
		case r.App == 0 || one.app == r.App:
			of, there = append(of, one), true
		case !one.isRun && one.app == 0:
			of = append(of, one)
		}
	}
	if !there {
		of = slices.DeleteFunc(of, func(one result) bool { return one.state == Met })
	}
	c := Condition{About: AboutRequired, Of: r.Name, Wanted: "success, since the branch requires it", github: true}
	if r.App != 0 {
		c.Wanted = "success by App " + strconv.FormatInt(r.App, 10) + ", since the branch requires it"
	}
	c.sum(of)
	j.add(c)
}

// namedCheck wants those to have succeeded that a name of the rule is for.
func (j *judging) namedCheck(name *config.Setting[config.CheckName], all []result) {
	var of []result
	for _, one := range all {
		if fits(string(name.Value), one.name) {
			of = append(of, one)
		}
	}
	c := Condition{About: AboutCheck, Of: string(name.Value), Wanted: "success", Says: says(name.Origin)}
	c.sum(of)
	if strings.Contains(string(name.Value), "*") {
		j.whole(&c)
	}
	j.add(c)
}

// policyChecks wants what the rule says of all checks. Where the branch requires none,
// those that it requires are all.
func (j *judging) policyChecks(requires bool, all []result) {
	c := Condition{About: AboutChecks, Says: says(j.rule.Checks.Origin)}
	switch {
	case j.rule.Checks.Value == config.ChecksNone && len(j.rule.Named) > 0,
		j.rule.Checks.Value == config.ChecksRequired && requires:
		return
	case j.rule.Checks.Value == config.ChecksNone:
		c.Wanted, c.Now, c.State = "none but what the branch requires", "as wanted", Met
		j.add(c)
		return
	case j.rule.Checks.Value == config.ChecksRequired:
		c.Wanted = "success of all, since the branch requires none"
	default:
		c.Wanted = "success of all"
	}
	c.sum(all)
	j.whole(&c)
	if len(all) == 0 {
		c.Now = "none has reported: write `checks: none` if there are none"
	}
	j.add(c)
}

// whole wants no more checks to come, where those that came are good.
func (j *judging) whole(c *Condition) {
	if c.State != Met {
		return
	}
	suites, known := j.facts.Suites.Get()
	if !known {
		c.State, c.Now = Unknown, "whether more are to come is not known: "+j.facts.Suites.reason()
		return
	}
	pull, _ := j.facts.Pull.Get()
	var under []string
	for i := range suites {
		s := &suites[i]
		ours := s.App != 0 && s.App == j.facts.App
		if s.Head == pull.Head && s.Status != "completed" && s.Runs > 0 && !ours {
			under = append(under, foreign.Code(s.Name))
		}
	}
	if len(under) > 0 {
		slices.Sort(under)
		c.State, c.Now = Waiting, c.Now+"; waits for more of "+several(slices.Compact(under))
	}
}

// sum says how some checks stand together. None is no success.
func (c *Condition) sum(of []result) {
	c.State = Met
	var failed, waiting, good []string
	for _, one := range of {
		switch one.state {
		case Failed:
			failed = append(failed, told(c.Of, one))
		case Waiting:
			waiting = append(waiting, told(c.Of, one))
		default:
			good = append(good, told(c.Of, one))
		}
	}
	switch {
	case len(failed) > 0:
		c.State, c.needs = Failed, needsPerson
		c.Now = several(failed) + ": it has to be mended, or run again"
	case len(waiting) > 0:
		c.State, c.Now = Waiting, "waits for "+several(waiting)
	case len(good) == 0:
		c.State, c.Now = Waiting, "has not reported"
	case c.About == AboutChecks:
		c.Now = counted(len(good), "check", "checks") + " succeeded"
	default:
		c.Now = several(good)
	}
}

// told names a check and how it ended.
func told(known string, r result) string {
	word := r.word
	if word == "" {
		word = "without a word"
	}
	if r.name == known {
		return foreign.Code(word)
	}
	return foreign.Code(r.name) + " (" + foreign.Code(word) + ")"
}

// several joins texts that are Markdown already.
func several(texts []string) string {
	if more := len(texts) - mostListed; more > 0 {
		return strings.Join(texts[:mostListed], ", ") + " and " + counted(more, "more", "more")
	}
	return strings.Join(texts, ", ")
}

// ownRequired says whether the branch requires the App's own check, which is not there
// yet or does not let it be merged.
func (j *judging) ownRequired() bool {
	var wanted bool
	for _, r := range j.protection.Checks {
		wanted = wanted || r.Name == OwnCheck && j.facts.own(r.Name, r.App)
	}
	if !wanted {
		return false
	}
	for _, r := range j.results {
		if r.own && r.name == OwnCheck {
			return r.state != Met
		}
	}
	return true
}
