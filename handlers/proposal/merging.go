package proposal

import (
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// merging is how the paragraph of a body begins that says who merges it, and when.
const merging = "**Merging**: "

// person is what that says where no policy lets it merge by itself.
const person = "Waits for a person to merge it."

// RuleOf is what holds for a pull request that is open, by its record, and the images
// of its updates whose fields the plan has not. With one of these nothing merges by
// itself.
func RuleOf(c *config.Config, plan *scanner.Plan, r *Record) (policy.Rule, []string) {
	if r == nil {
		return policy.Strictest(c), nil
	}
	results := resultsOf(plan)
	var settings []config.Merge
	var gone []string
	for _, u := range r.Updates {
		result := results[field{u.Path, u.Key, u.Image}]
		if result == nil {
			gone = append(gone, u.Image)
			continue
		}
		settings = append(settings, result.Settings.For(version.Kind(u.Kind)).Merge)
	}
	if len(gone) > 0 {
		return policy.Strictest(c), each(gone)
	}
	return policy.Strictest(c, settings...), nil
}

// resultsOf are a plan's results by their fields, as records name them. One whose image
// is not known is in no record, and has no settings.
func resultsOf(plan *scanner.Plan) map[field]*scanner.Result {
	found := make(map[field]*scanner.Result, len(plan.Results))
	for i := range plan.Results {
		r := &plan.Results[i]
		if r.Field.Ref.Path != "" {
			f := fieldOf(r.Field)
			found[field{readable(f.path), readable(f.key), readable(f.image)}] = r
		}
	}
	return found
}

// ruleOf is what holds for changes that are to be proposed together.
func ruleOf(c *config.Config, changes []Change) policy.Rule {
	settings := make([]config.Merge, 0, len(changes))
	for i := range changes {
		settings = append(settings, changes[i].Settings.Merge)
	}
	return policy.Strictest(c, settings...)
}

// RolledBack are the images of a record that were rolled back: a field of theirs has
// not what our newest merged proposal wrote, but an older value, and nobody let go of
// that. Where the two cannot be compared it counts as older, so that nothing merges by
// itself over what a person wrote.
func (p *Past) RolledBack(plan *scanner.Plan, r *Record) []string {
	if r == nil {
		return nil
	}
	return rolledBackOf(p.merged(), resultsOf(plan), r.Updates)
}

func rolledBackOf(merged map[field][]Recorded, results map[field]*scanner.Result, updates []Recorded) []string {
	var images []string
	for _, u := range updates {
		of := field{u.Path, u.Key, u.Image}
		if result := results[of]; result != nil && wentBack(merged[of], valueOf(result.Field)) {
			images = append(images, u.Image)
		}
	}
	return each(images)
}

// wentBack says whether a field may have an older value than what was written into it,
// newest first.
func wentBack(wrote []Recorded, now Value) bool {
	if len(wrote) == 0 || wrote[0].To == readable(now.String()) {
		return false
	}
	if len(rolledBack(wrote, readable(now.String()))) > 0 {
		return true
	}
	was := waitingValue(wrote[0].To)
	if was.Tag == now.Tag { // without its digest it still is what was written
		return was.Digest != "" && now.Digest != ""
	}
	return !older(was.Tag, now.Tag)
}

// merging is policy's sentence on a proposal, by what is known without asking about it.
// An order is good for the head at which it was given, and for the same updates on a
// newer base: what is written anew otherwise has none.
func (d *desiring) merging(p *Proposal) string {
	pull := policy.Pull{State: "open", Base: p.Base}
	record := recordOf(d.RepositoryID, p.Group, p.Changes)
	facts := policy.Facts{RolledBack: policy.Read(rolledBackOf(d.merged, d.results, record.Updates))}
	if e := p.Existing; e != nil {
		facts.Restricted = policy.Read(policy.Restricting(e.Labels))
		if order, is := d.Ordered[e.Number]; is && (!p.Rewrite || p.Same) {
			pull.Head, facts.Order = e.HeadSHA, policy.Read(&order)
		}
	}
	facts.Pull = policy.Read(pull)
	return policy.Decide(&p.Rule, &facts, d.Now).Sentence
}

// remerging is a body in which only the sentence on merging is written anew.
func remerging(text, sentence string) string {
	before, rest, found := strings.Cut(text, "\n\n"+merging)
	if !found {
		return text
	}
	_, after, more := strings.Cut(rest, "\n")
	text = before + "\n\n" + merging + sentence
	if more {
		text += "\n" + after
	}
	return text
}
