package proposal

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Situation is all that Desired decides on.
type Situation struct {
	RepositoryID int64
	// FullName is owner/name, URL where people see the repository.
	FullName, URL string
	// Base is the branch that pull requests are for, BaseSHA its newest commit.
	Base, BaseSHA string
	Config        *config.Config
	Plan          *scanner.Plan
	// Files are the bytes, at BaseSHA, of the files that the plan would change.
	Files map[string][]byte
	Past  Past
	// Orders are what people asked for. Its lifts are in Past.Lifted already.
	Orders Orders
	// Default is the branch of which the configuration is read, DefaultSHA its
	// newest commit, and Source the file there.
	Default, DefaultSHA string
	Source              []byte
	// Subjects are the first lines of the newest commits of the base, by which
	// is known how people write them.
	Subjects []string
	// Facts are what is known of images at a value, by FactsKey. What is missing
	// is not known now; of what does not exist there is an entry all the same.
	Facts map[string]Facts
	// Changelogs are what changed, by StepKey; nil where nobody asked.
	Changelogs map[string]Changelog
	// Ordered are the pull requests that somebody ordered to be merged.
	Ordered map[int]policy.Order
	// Soaks are those whose time runs after which they merge by themselves, and
	// until when: newer versions wait for that.
	Soaks map[int]time.Time
	Now   time.Time
}

// Desired is what should be.
type Desired struct {
	// Proposals are the pull requests that there should be, in the order of
	// their groups.
	Proposals []*Proposal
	// Edits are the pull requests that there should be for the configuration.
	Edits []*Proposal
	// Close are those that are open and should not be, with the reason for
	// people.
	Close []Closing
	// Held are the updates that are not proposed now.
	Held []Held
	// Spared are those that stay as they are though no proposal wants them: they
	// are about to merge by themselves.
	Spared []*Existing
	// Say is what people are told, each once.
	Say []Saying
	// Sweep are those that were merged, or that we closed, a short while ago: their
	// branches may still be there.
	Sweep []*Existing
	// Next is when time may change something; zero where it does not.
	Next time.Time
}

// Closing is a pull request to be closed.
type Closing struct {
	Existing *Existing
	Why      string
}

// Saying is something to be said about a pull request, once.
type Saying struct {
	Existing *Existing
	// About tells it from other things that are said about the same one.
	About string
	Text  string
}

// Retargeted says whether a pull request is a person's since it was made to be for
// another branch.
func (d *Desired) Retargeted(e *Existing) bool {
	return slices.ContainsFunc(d.Say, func(s Saying) bool { return s.Existing.Number == e.Number && s.About == retargeted })
}

// lately is for how long it is made sure that what a run began was ended.
const lately = 6 * time.Hour

// Desire says what should be. It decides by its argument alone.
func Desire(s Situation) Desired {
	d := &desiring{
		Situation: s, refused: s.Past.refused(), newestRefused: s.Past.newestRefused(), proposed: s.Past.proposed(),
		merged: s.Past.merged(), open: s.Past.open(),
	}
	d.undecided, d.results = undecided(s.Plan), resultsOf(s.Plan)
	d.ignore()
	groups := d.group()
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if p := d.propose(name, groups[name]); p != nil {
			d.wanted = append(d.wanted, p)
		}
	}
	d.close()
	d.admit()
	d.finish()
	d.say()
	d.sweep()
	slices.SortFunc(d.out.Held, func(a, b Held) int { return compare(&a.Change, &b.Change) })
	return d.out
}

// desiring is Desire under way.
type desiring struct {
	Situation

	refused       map[target]*Existing
	newestRefused map[way]string
	proposed      map[target]bool
	merged        map[field][]Recorded
	open          map[string]*Existing
	wanted        []*Proposal
	out           Desired
	// admitted are the wanted ones that are written.
	admitted  []*Proposal
	undecided func(Recorded) bool
	results   map[field]*scanner.Result
	// spared are open ones that stay though no proposal wants them.
	spared []*Existing
	// ignoring are the entries on which people have not decided yet, by the names
	// of their pull requests.
	ignoring []asked
}

func compare(a, b *Change) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Image, b.Image), strings.Compare(a.To.String(), b.To.String()))
}

// hold notes that changes are not proposed now.
func (d *desiring) hold(why Why, until time.Time, detail string, changes ...Change) {
	for _, c := range changes {
		d.out.Held = append(d.out.Held, Held{Change: c, Why: why, Until: until, Detail: detail})
	}
	d.wake(until)
}

// wake lets the next run come no later than a time.
func (d *desiring) wake(at time.Time) {
	if !at.IsZero() && (d.out.Next.IsZero() || at.Before(d.out.Next)) {
		d.out.Next = at
	}
}

// group puts the plan's updates together that share a pull request.
func (d *desiring) group() map[string][]Change {
	groups := map[string][]Change{}
	for i := range d.Plan.Results {
		r := &d.Plan.Results[i]
		for _, u := range r.Updates {
			c := changeOf(r, u)
			if d.unwanted(c) || d.ignored(c) {
				continue
			}
			groups[u.Group] = append(groups[u.Group], c)
		}
		if waits, until := waitingOf(r); waits != nil {
			d.hold(Young, until, "", *waits)
		}
	}
	for _, changes := range groups {
		slices.SortFunc(changes, func(a, b Change) int { return compare(&a, &b) })
	}
	return groups
}

// waitingOf is the change that a field's update will be when it is old enough, and
// when that is; nil where there is none.
func waitingOf(r *scanner.Result) (*Change, time.Time) {
	w := r.Waiting
	if w == nil {
		return nil, time.Time{}
	}
	return &Change{
		Path: r.Field.File, Key: r.Field.Path, Line: r.Field.Line, Image: imageOf(r.Field), From: valueOf(r.Field),
		To: waitingValue(w.Tag), Kind: w.Kind, Group: r.Settings.For(w.Kind).Group,
	}, w.Until
}

func changeOf(r *scanner.Result, u scanner.Update) Change {
	return Change{
		Path: r.Field.File, Key: r.Field.Path, Line: r.Field.Line, Image: imageOf(r.Field), From: valueOf(r.Field),
		To: Value{u.Tag, u.Digest}, Kind: u.Kind, Group: u.Group, Since: u.Since, Choice: scanner.Choice{Field: r.Field, Update: u},
		Settings: r.Settings.For(u.Kind).Settings,
	}
}

func waitingValue(name string) Value {
	tag, digest, _ := strings.Cut(name, "@")
	return Value{tag, digest}
}

// unwanted says whether a person closed a proposal of the same content, or of a newer
// version: what that one would fall back to is older. Tags that were closed the
// planner knows of already.
func (d *desiring) unwanted(c Change) bool {
	if ofVersions(c.Kind) {
		return d.fallsBack(c)
	}
	if c.Kind != version.Digest && c.Kind != version.Pin {
		return false
	}
	if d.refused[target{c.Path, c.Image, c.To.String()}] != nil {
		d.hold(Refused, time.Time{}, "", c)
		return true
	}
	wrote := d.merged[field{c.Path, c.Key, c.Image}]
	if slices.Contains(rolledBack(wrote, c.From.String()), c.To.String()) {
		d.hold(RolledBack, time.Time{}, "", c)
		return true
	}
	return false
}

// fallsBack says whether a change is to a version older than one that a person did
// not want. One whose pull request is open somebody may have reopened: it stays.
func (d *desiring) fallsBack(c Change) bool {
	newest := d.newestRefused[way{c.Path, c.Image, c.Kind == version.Major}]
	if newest == "" || !older(c.To.Tag, newest) || d.proposed[target{c.Path, c.Image, c.To.Tag}] {
		return false
	}
	d.hold(Refused, time.Time{}, newest+", which is newer, was closed", c)
	return true
}

// propose makes a group's pull request, or nil where no file can be edited.
func (d *desiring) propose(group string, changes []Change) *Proposal {
	p := &Proposal{Group: group, Base: d.Base, BaseSHA: d.BaseSHA, Files: map[string][]byte{}}
	prefix := string(d.Config.PullRequests.BranchPrefix.Value)
	p.Branch = branchName(prefix, d.Base, group)
	for path, of := range byPath(changes) {
		p.Changes = append(p.Changes, d.edit(p, path, of)...)
	}
	if len(p.Changes) == 0 {
		return nil
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return compare(&a, &b) })
	d.adopt(p, prefix)
	d.describe(p)
	return p
}

// adopt finds the pull request that is open for a group. When a base gets another
// name, GitHub lets pull requests be for that one; their branches keep theirs.
func (d *desiring) adopt(p *Proposal, prefix string) {
	if p.Existing = d.open[p.Branch]; p.Existing != nil {
		return
	}
	for _, branch := range slices.Sorted(maps.Keys(d.open)) {
		e := d.open[branch]
		if e.Record != nil && e.Foreign == "" && e.Base == d.Base && e.Record.Group == readable(p.Group) && strings.HasPrefix(branch, prefix) {
			p.Existing, p.Branch = e, branch
			return
		}
	}
}

func byPath(changes []Change) map[string][]Change {
	by := map[string][]Change{}
	for _, c := range changes {
		by[c.Path] = append(by[c.Path], c)
	}
	return by
}

// edit writes a file's changes; those that cannot be written are left out, and
// said.
func (d *desiring) edit(p *Proposal, path string, changes []Change) []Change {
	src, is := d.Files[path]
	if !is {
		d.hold(Failed, time.Time{}, "the file could not be read", changes...)
		return nil
	}
	var good []Change
	var choices []scanner.Choice
	for _, c := range changes {
		if _, err := scanner.Rewrite(src, append(slices.Clip(choices), c.Choice)); err != nil {
			d.hold(Failed, time.Time{}, err.Error(), c)
			continue
		}
		good, choices = append(good, c), append(choices, c.Choice)
	}
	if len(good) == 0 {
		return nil
	}
	written, err := scanner.Rewrite(src, choices)
	if err != nil { // not reached: it was tried
		d.hold(Failed, time.Time{}, err.Error(), good...)
		return nil
	}
	p.Files[path] = written
	return good
}

// describe gives a proposal its settings: labels and people of all its changes, and
// the strictest of their rules for merging.
func (d *desiring) describe(p *Proposal) {
	labels := asStrings(d.Config.PullRequests.Labels.Value)
	var reviewers, assignees []string
	p.Draft, p.Rule = false, ruleOf(d.Config, p.Changes)
	for i := range p.Changes {
		s := &p.Changes[i].Settings
		labels = append(labels, asStrings(s.Labels.Value)...)
		for _, r := range s.Reviewers.Value {
			reviewers = append(reviewers, r.String())
		}
		assignees = append(assignees, asStrings(s.Assignees.Value)...)
		p.Draft = p.Draft || s.Draft.Value
	}
	p.Labels, p.Reviewers, p.Assignees = each(labels), each(reviewers), each(assignees)
}

func asStrings[T ~string](all []T) []string {
	texts := make([]string, 0, len(all))
	for _, one := range all {
		texts = append(texts, string(one))
	}
	return texts
}

func each(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

// admit decides which of the wanted pull requests may be there now: those that
// are open stay, and new ones are opened within the limits, windows and freezes.
func (d *desiring) admit() {
	room := int(d.Config.PullRequests.Limit.Value) - len(d.open) + len(d.out.Close)
	opened := d.Past.openedSince(d.Now.Add(-time.Hour))
	hourly := int(d.Config.PullRequests.PerHour.Value) - len(opened)
	for _, p := range d.wanted {
		if p.Existing != nil {
			d.keep(p)
			continue
		}
		if d.waits(p) || !d.Orders.Open[p.Branch] && d.waitsForSpared(p) {
			continue
		}
		switch {
		case d.Orders.Open[p.Branch]:
			room, hourly, p.Rewrite = room-1, hourly-1, true
			d.admitted = append(d.admitted, p)
		case room <= 0:
			d.hold(Limit, time.Time{}, "", p.Changes...)
		case hourly <= 0:
			d.hold(PerHour, nextRoom(opened, d.Now), "", p.Changes...)
		default:
			room, hourly, p.Rewrite = room-1, hourly-1, true
			d.admitted = append(d.admitted, p)
		}
	}
}

// nextRoom is when the oldest of those that were opened in the last hour are no
// longer that, or, where there are none, when those of this run will not be.
func nextRoom(opened []time.Time, now time.Time) time.Time {
	if len(opened) == 0 {
		return now.Add(time.Hour)
	}
	return opened[0].Add(time.Hour)
}

// waits says whether it is not the time to open a pull request.
func (d *desiring) waits(p *Proposal) bool {
	if freeze, until := d.Config.Frozen(d.Now); freeze != nil {
		d.hold(Freeze, until, string(freeze.Reason), p.Changes...)
		return true
	}
	for i := range p.Changes {
		if d.Orders.Open[p.Branch] {
			break
		}
		if open, next := p.Changes[i].Settings.Window.Value.Open(d.Now, d.Config.Location()); !open {
			d.hold(Window, next, "", p.Changes...)
			return true
		}
	}
	return false
}

// keep decides what becomes of a pull request that is open.
func (d *desiring) keep(p *Proposal) {
	e := p.Existing
	switch {
	case e.Paused():
		d.hold(Paused, time.Time{}, "", p.Changes...)
		return
	case d.waiting(e):
		d.hold(Paused, time.Time{}, "another update of its pull request waits", p.Changes...)
		return
	case d.Orders.Recreate[e.Number]:
		p.Rewrite = true
		d.admitted = append(d.admitted, p)
		return
	case e.Foreign != "":
		d.hold(Theirs, time.Time{}, e.Foreign, p.Changes...)
		return
	case e.Base != p.Base:
		d.hold(Theirs, time.Time{}, "it was made to be for "+e.Base, p.Changes...)
		return
	case d.unclear(e):
		d.hold(Unclear, time.Time{}, "", p.Changes...)
		return
	}
	record := recordOf(d.RepositoryID, p.Group, p.Changes)
	outdated, rebased := d.outdated(e), d.Orders.Rebase[e.Number]
	p.Rewrite = e.Record == nil || !e.Record.sameAs(&record) || outdated || rebased && e.BuiltOn != d.BaseSHA
	p.Same = e.Record != nil && e.Record.sameAs(&record)
	p.Newer = p.Rewrite && !outdated && !rebased && e.Record.newer(&record)
	if p.Newer && d.soaks(e) {
		d.soak(p)
	}
	d.admitted = append(d.admitted, p)
}

// unclear says whether it is not known now what becomes of some of a pull
// request's updates: a registry does not answer, or a file cannot be read. Then it
// stays as it is.
func (d *desiring) unclear(e *Existing) bool {
	return e.Record != nil && slices.ContainsFunc(e.Record.Updates, d.undecided)
}

// undecided tells the updates of which the plan says neither that they are wanted
// nor that they are not.
func undecided(plan *scanner.Plan) func(Recorded) bool {
	files, fields := map[string]bool{}, map[[2]string]bool{}
	for _, p := range plan.Problems {
		files[p.File] = true
	}
	for i := range plan.Results {
		r := &plan.Results[i]
		if r.Status == scanner.StatusProblem || r.Reason != nil && (r.Reason.Code == scanner.Postponed || r.Reason.Code == scanner.NotAsked) {
			fields[[2]string{r.Field.File, r.Field.Path}] = true
		}
	}
	return func(u Recorded) bool { return files[u.Path] || fields[[2]string{u.Path, u.Key}] }
}

// outdated says whether the branch is to be built on the newest base.
func (d *desiring) outdated(e *Existing) bool {
	if e.BuiltOn == d.BaseSHA {
		return false
	}
	switch d.Config.PullRequests.Rebase.Value {
	case config.RebaseNever:
		return false
	case config.RebaseBehind:
		return true
	case config.RebaseConflicts:
		return e.Conflict
	}
	return false
}

// finish writes the texts, when all is known that they tell.
func (d *desiring) finish() {
	slices.SortFunc(d.out.Held, func(a, b Held) int { return compare(&a.Change, &b.Change) })
	for _, p := range d.admitted {
		d.write(p)
	}
}

// write writes the texts of one. Those of a branch that stays link to what it was built
// on, and its title stays too: somebody may have made it a better one.
func (d *desiring) write(p *Proposal) {
	built := p.BaseSHA
	if p.Existing != nil && !p.Rewrite {
		built = p.Existing.BuiltOn
		p.Existing.Record.lines(p.Changes)
	}
	p.Title = title(p, Conventional(d.Subjects))
	if p.Existing != nil && !p.Rewrite {
		p.Title = p.Existing.Title
	}
	sentence := d.merging(p)
	p.Body = body(p, &Notes{
		RepositoryURL: d.URL, BaseSHA: built, Merging: sentence, Held: heldFor(p, d.out.Held), Facts: d.Facts, Changelogs: d.Changelogs,
	})
	if p.Existing != nil && !p.Rewrite && !d.knows(p) { // it was written when more was known
		text, _ := parted(p.Existing.Body)
		p.Body = remerging(text, sentence) + "\n"
	}
	var err error
	if p.Message, err = message(p, d.RepositoryID, d.Changelogs); err != nil {
		d.hold(Failed, time.Time{}, err.Error(), p.Changes...)
		return
	}
	d.out.Proposals = append(d.out.Proposals, p)
}

// knows says whether all that a text tells of images is known.
func (d *desiring) knows(p *Proposal) bool {
	for i := range p.Changes {
		c := &p.Changes[i]
		for _, value := range []Value{c.From, c.To} {
			if _, known := d.Facts[FactsKey(c.Image, value)]; !known {
				return false
			}
		}
	}
	return true
}

// heldFor are the updates of the proposal's group, and others of its images, that
// are not in it.
func heldFor(p *Proposal, all []Held) []Held {
	images := map[string]bool{}
	for i := range p.Changes {
		images[p.Changes[i].Image] = true
	}
	var held []Held
	for _, h := range all {
		if h.Why != Unclear && (images[h.Image] || h.Group == p.Group) { // that will pass
			held = append(held, h)
		}
	}
	return held
}
