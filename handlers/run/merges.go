package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// mergesNote is under what is kept what is remembered of the open pull requests of a
// repository.
const mergesNote = "merges"

// merges is the merging of one look.
type merges struct {
	*merging.Merger

	run      *Runner
	look     Look
	out      *Outcome
	standing map[int]*merging.Standing
	kept     []byte
	denied   bool   // it was said that a permission lacks
	saw      *sight // nil before something is proved
}

// merging begins the merging of a look; nil where nothing is merged.
func (r *Runner) merging(ctx context.Context, l Look, out *Outcome) *merges {
	if l.Merging == nil || l.PullRequests == nil || r.DryRun {
		return nil
	}
	m := &merges{run: r, look: l, out: out, standing: map[int]*merging.Standing{}}
	m.kept, _ = r.Memory.Note(ctx, l.Repository.ID, mergesNote)
	if json.Unmarshal(m.kept, &m.standing) != nil || m.standing == nil {
		m.standing = map[int]*merging.Standing{}
	}
	sum := sha256.Sum256(out.source.text)
	m.Merger = &merging.Merger{
		GitHub: l.Merging, Repository: l.Repository.ID, Base: out.Base, App: r.App, Bot: r.Historian.IsBot, Config: hex.EncodeToString(sum[:8]),
		Holds: m.holds, Now: r.Now, Log: m.log, Keep: m.keep,
	}
	return m
}

// log tells of a merge once, as far as the memory reaches.
func (m *merges) log(ctx context.Context, d proposal.Done) {
	name := fmt.Sprintf("merged %d %d %s", m.look.Repository.ID, d.Number, d.Head)
	if _, told := m.run.Memory.Fact(ctx, name); told && d.What == merging.Merged {
		return
	}
	m.run.wrote(ctx, m.look.Repository.ID, d)
	if d.What == merging.Merged {
		m.run.Memory.KeepFact(ctx, name, []byte("1"))
	}
}

// keep keeps what is remembered.
func (m *merges) keep(ctx context.Context) {
	now, err := json.Marshal(m.standing)
	if err != nil || string(now) == string(m.kept) || len(m.standing) == 0 && len(m.kept) == 0 {
		return
	}
	m.run.Memory.KeepNote(ctx, m.look.Repository.ID, mergesNote, now)
	m.kept = now
}

// of is what is remembered of a pull request.
func (m *merges) of(number int) *merging.Standing {
	if m.standing[number] == nil {
		m.standing[number] = &merging.Standing{}
	}
	return m.standing[number]
}

// ordered are the orders that hold, for those who describe pull requests.
func (m *merges) ordered() map[int]policy.Order {
	all := map[int]policy.Order{}
	if m == nil {
		return all
	}
	for number, s := range m.standing {
		if s.Order != nil && s.Order.Head == s.Head {
			all[number] = policy.Order{By: s.Order.By.Login, Head: s.Order.Head, Writer: true}
		}
	}
	return all
}

// rebuild are the pull requests of which nothing was missing but the newest base.
func (m *merges) rebuild() map[int]bool {
	all := map[int]bool{}
	if m == nil {
		return all
	}
	for number, s := range m.standing {
		if s.Rebuild {
			all[number] = true
		}
	}
	return all
}

// soaks are those pull requests of which the time runs after which they merge by
// themselves, and until when, among those that newer versions would replace or close.
func (m *merges) soaks(ctx context.Context, desired *proposal.Desired) (map[int]time.Time, error) {
	found := map[int]time.Time{}
	if m == nil {
		return found, nil
	}
	for _, e := range replaced(desired) {
		rule, _ := proposal.RuleOf(m.out.Config, m.out.Plan, e.Record)
		s := m.subject(e.Number, e.Branch)
		changed := s.Standing.Head == e.HeadSHA && s.Standing.Config != m.Config // what people want
		if changed || !rule.Auto.Value || rule.After.Value <= 0 {
			continue
		}
		j, err := m.Judge(ctx, s, false)
		if err != nil {
			return nil, err
		}
		if j.Verdict.Soaks {
			found[e.Number] = s.Standing.Seen.Add(time.Duration(rule.After.Value))
		}
	}
	return found, nil
}

// replaced are those that newer versions would replace, in place or by another one.
func replaced(desired *proposal.Desired) []*proposal.Existing {
	var all []*proposal.Existing
	for _, p := range desired.Proposals {
		if p.Newer {
			all = append(all, p.Existing)
		}
	}
	for _, c := range desired.Close {
		if c.Existing.Record != nil {
			all = append(all, c.Existing)
		}
	}
	return all
}

// subject is a pull request to be judged.
func (m *merges) subject(number int, branch string) *merging.Subject {
	return &merging.Subject{
		Number: number, Branch: branch, Standing: m.of(number), Prove: m.prove,
		Rule: func(r *proposal.Record) policy.Rule {
			rule, _ := proposal.RuleOf(m.out.Config, m.out.Plan, r)
			return rule
		},
		RolledBack: func(r *proposal.Record) []string { return m.out.past.RolledBack(m.out.Plan, r) },
		Newer:      m.newer(number),
	}
}

// newer are the versions that wait for a pull request.
func (m *merges) newer(number int) []string {
	all := []string{}
	if m.out.Desired == nil {
		return all
	}
	for _, p := range m.out.Desired.Proposals {
		if p.Existing == nil || p.Existing.Number != number {
			continue
		}
		for _, h := range m.out.Desired.Held {
			if h.Why == proposal.Soaks && h.Group == p.Group {
				all = append(all, h.Image+":"+h.To.String())
			}
		}
	}
	return all
}

// prove says whether a pull request is as the App made it.
func (m *merges) prove(ctx context.Context, c *forge.Candidate) (*proposal.Record, policy.Ownership, error) {
	claim := &proposal.Claim{
		Repository: m.look.Repository.ID, Pull: *c, Base: m.out.Base,
		Prefix: string(m.out.Config.PullRequests.BranchPrefix.Value), Fields: m.fields, Find: m.find,
	}
	record, signs, err := m.run.Historian.Prove(ctx, m.sight(ctx, c.Head.Name), claim)
	if err != nil {
		return record, signs, err //nolint:wrapcheck // Judge says of what
	}
	if why := m.unwanted(c); why != "" {
		signs.Record = policy.Unread[policy.Sign](why)
	}
	return record, signs, nil
}

// unwanted says why a pull request is not what this look wants it to be, whoever made it;
// "" where it is. What was refused, is unclear, or ignored by now is not merged.
func (m *merges) unwanted(c *forge.Candidate) string {
	if m.out.Desired == nil || slices.Contains(c.Labels, proposal.PausedLabel) {
		return "" // nothing is merged before it is decided, nor what is paused
	}
	if c.Head.SHA != m.heads()[c.Number] {
		return "it is not what is proposed now"
	}
	return ""
}

// heads are the commits at which the pull requests are that this look wants, by their
// numbers.
func (m *merges) heads() map[int]string {
	heads := map[int]string{}
	for _, e := range m.out.Desired.Spared {
		heads[e.Number] = e.HeadSHA
	}
	for _, p := range m.out.Desired.Proposals {
		switch {
		case p.Existing == nil:
			heads[m.out.opened[p.Branch]] = m.out.written[p.Branch]
		case p.Rewrite:
			heads[p.Existing.Number] = m.out.written[p.Branch]
		default:
			heads[p.Existing.Number] = p.Existing.HeadSHA
		}
	}
	return heads
}

// find finds the fields of a commit with these files, as the scanner does in the newest
// base.
func (m *merges) find(ctx context.Context, entries []forge.Entry) ([]format.Field, error) {
	inventory, err := m.run.find(ctx, newTree(ctx, entries, m.saw.Blob), scanner.Selected(m.out.Config, ""))
	if err != nil {
		return nil, err
	}
	return inventory.Fields, nil
}

// fields are what the newest base has in the fields of a place: documents of one file may
// share it.
func (m *merges) fields(path, key, image string) []string {
	var all []string
	for i := range m.out.Plan.Results {
		f := &m.out.Plan.Results[i].Field
		if f.File == path && f.Path == key && f.Ref.Repository().String() == image {
			all = append(all, proposal.Value{Tag: f.Ref.Tag, Digest: f.Ref.Digest}.String())
		}
	}
	return all
}

// merge judges the open pull requests of the App, says so, and does what follows.
func (r *Runner) merge(ctx context.Context, l Look, seen *newest, out *Outcome) error {
	m := out.merges
	if m == nil {
		m = r.merging(ctx, l, out)
	}
	if m == nil {
		return nil
	}
	defer m.keep(context.WithoutCancel(ctx))
	open := m.open()
	if err := m.recover(ctx, open); err != nil {
		return err
	}
	if out.State != Planned {
		if err := m.disarm(ctx); err != nil {
			return err
		}
		return m.others(ctx, seen, nil)
	}
	m.rebuilt()
	for _, number := range slices.Sorted(maps.Keys(open)) {
		if err := m.one(ctx, number, open[number]); err != nil {
			return err
		}
	}
	return m.others(ctx, seen, open)
}

// rebuilt notes which branches this look built on a newer base, with the same updates.
func (m *merges) rebuilt() {
	if m.out.Desired == nil {
		return
	}
	for _, p := range m.out.Desired.Proposals {
		if head := m.out.written[p.Branch]; head != "" && p.Same {
			m.of(p.Existing.Number).Rebuilt(p.Existing.HeadSHA, head)
		}
	}
}

// open are the branches of the pull requests of updates that are open, by their
// numbers.
func (m *merges) open() map[int]string {
	open := map[int]string{}
	for _, e := range m.out.past.All {
		if e.Open && !m.out.closed[e.Number] {
			open[e.Number] = e.Branch
		}
	}
	if m.out.Desired == nil {
		return open
	}
	for _, p := range m.out.Desired.Proposals {
		if number := m.out.opened[p.Branch]; number != 0 {
			open[number] = p.Branch
		}
	}
	return open
}

// recover ends what was begun for those that are not open any more, and forgets them.
func (m *merges) recover(ctx context.Context, open map[int]string) error {
	for _, number := range slices.Sorted(maps.Keys(m.standing)) {
		if _, still := open[number]; still {
			continue
		}
		err := m.Recover(ctx, number, m.standing[number])
		if err == nil {
			delete(m.standing, number)
		}
		if err := m.passed(ctx, number, err); err != nil {
			return err
		}
	}
	return nil
}

// disarm takes back what GitHub was told to do, since nobody knows what is wanted.
func (m *merges) disarm(ctx context.Context) error {
	for _, number := range slices.Sorted(maps.Keys(m.standing)) {
		s := m.standing[number]
		if s.Intent == nil || !s.Intent.Native {
			continue
		}
		if err := m.passed(ctx, number, m.TakeBack(ctx, number, s)); err != nil {
			return err
		}
	}
	return nil
}

// one judges one, and does what follows.
func (m *merges) one(ctx context.Context, number int, branch string) error {
	s := m.subject(number, branch)
	j, err := m.Judge(ctx, s, false)
	if err != nil {
		return err
	}
	s.Group = groupOf(j.Record)
	given := m.given(s)
	if given {
		if j, err = m.Judge(ctx, s, false); err != nil {
			return err
		}
	}
	v := &j.Verdict
	if err := m.passed(ctx, number, m.Tell(ctx, s, &j.Shown)); err != nil {
		return err
	}
	did, err := m.Act(ctx, s, j)
	if err := m.passed(ctx, number, err); err != nil {
		return err
	}
	m.next(s.Standing, j, did, given)
	m.out.verdicts = append(m.out.verdicts, judged{branch, j.Shown.Title})
	m.answer(number, given, did, v)
	return nil
}

// next is when to look again.
func (m *merges) next(st *merging.Standing, j *merging.Judged, did merging.Did, given bool) {
	now := m.run.Now()
	m.out.wake(j.Verdict.Next)
	if len(m.newer(j.Candidate.Number)) > 0 {
		m.out.wake(j.Verdict.Patience)
	}
	m.out.wake(did.Again)
	m.out.wake(st.Later(j.Again, now))
	if j.Verdict.Rebuild && st.Rebuild { // it was to be built again, and was not
		st.Refused++
		m.out.wake(st.Later(true, now))
	}
	st.Rebuild = j.Verdict.Rebuild
	if did.Merged {
		m.out.wake(now) // the App's own push is no news, and others are to be built on it
	}
	if st.Rebuild && st.Refused == 0 || did.Native || given {
		m.out.soon(now, m.run.Least) // a window may close on what GitHub is about to do
	}
}

// judged is what was decided of a pull request, for reports.
type judged struct{ branch, title string }

func groupOf(r *proposal.Record) string {
	if r == nil {
		return ""
	}
	return r.Group
}

// given takes an order that was given since the last look, if it is for the head that
// is there. The newest counts.
func (m *merges) given(s *merging.Subject) bool {
	if m.out.hearing == nil {
		return false
	}
	var newest *order.Merge
	for _, o := range m.out.hearing.Merges() {
		if o.Number == s.Number {
			newest = &o
		}
	}
	if newest == nil {
		return false
	}
	st := s.Standing
	if newest.Head != st.Head || !newest.At.After(st.Seen.Truncate(time.Second)) {
		m.out.hearing.Merging(s.Number, command.HeadChanged(st.Head), true)
		return false
	}
	st.Order, st.Refused, st.Until = &merging.Order{By: newest.By, Head: newest.Head, At: newest.At}, 0, time.Time{}
	return true
}

// answer tells people what came of what they ordered.
func (m *merges) answer(number int, given bool, did merging.Did, v *policy.Verdict) {
	if m.out.hearing == nil {
		return
	}
	m.out.hearing.Explaining(number, policy.Table(v))
	switch {
	case !given:
	case did.Merged:
		m.out.hearing.Merging(number, command.MergedNow(number), false)
	default:
		m.out.hearing.Merging(number, command.MergeOrdered(v.Head, v.Sentence), false)
	}
}

// passed is the error that ends the look. What GitHub refuses of one pull request is
// said, and what it does not answer is tried again soon.
func (m *merges) passed(ctx context.Context, number int, err error) error {
	_, unavailable := errors.AsType[*forge.UnavailableError](err)
	_, denied := errors.AsType[*forge.PermissionError](err)
	switch {
	case err == nil:
		return nil
	case unavailable:
		m.out.soon(m.run.Now(), m.run.Least)
	case denied, errors.Is(err, forge.ErrInvalid), !proposal.Stops(err):
		m.out.soon(m.run.Now(), broken)
	default:
		return err
	}
	if denied && m.denied {
		return nil // what lacks is said once
	}
	m.denied = m.denied || denied
	zerolog.Ctx(ctx).Warn().Err(err).Int("github_pr_num", number).Msg("a merge policy could not be carried out")
	m.out.Refused = append(m.out.Refused, proposal.Refusal{Number: number, Err: err, Again: true})
	return nil
}

// mostPasses is how many commits a look lets pass at most.
const mostPasses = 30

// others lets pass what is not the App's business, where the base requires its check of
// everything.
func (m *merges) others(ctx context.Context, seen *newest, open map[int]string) error {
	if !slices.ContainsFunc(seen.pulls, func(p forge.Pull) bool { return p.Open }) && len(m.out.opened) == 0 {
		return nil
	}
	required, err := m.Required(ctx)
	if err != nil || !required {
		return err
	}
	if len(m.out.opened) > 0 || m.out.edited {
		if _, err := seen.Pulls(ctx); err != nil {
			return fmt.Errorf("reading pull requests again: %w", err)
		}
	}
	heads, err := m.othersHeads(ctx, seen, open)
	if err := m.passed(ctx, 0, err); err != nil {
		return err
	}
	p := &passing{merges: m}
	for _, head := range heads {
		if err := m.passed(ctx, 0, p.one(ctx, head)); err != nil {
			return err
		}
	}
	if p.done > mostPasses {
		m.out.soon(m.run.Now(), m.run.Least)
	}
	return nil
}

// passing is the letting pass of one look.
type passing struct {
	*merges

	done, asked int
}

// What is remembered of a commit that was let pass: that it was, and that somebody asked
// for that anew and got it.
const (
	passedOnce  = "1"
	passedAgain = "2"
)

// one lets a commit pass that was not, or for which somebody asks anew.
func (p *passing) one(ctx context.Context, head string) error {
	name := fmt.Sprintf("passed %d %s", p.look.Repository.ID, head)
	kept, was := p.run.Memory.Fact(ctx, name)
	now := passedOnce
	if was {
		wanted, err := p.wanted(ctx, head)
		if err != nil {
			return err
		}
		again := string(kept) == passedAgain
		if again && !wanted {
			p.run.Memory.KeepFact(ctx, name, []byte(passedOnce))
		}
		if again || !wanted {
			return nil
		}
		now = passedAgain
	}
	if p.done++; p.done > mostPasses {
		return nil
	}
	err := p.Pass(ctx, head, forge.CheckText{
		Title:   "Not a pull request with updates",
		Summary: "Image Updater's merge policy is about its own pull requests with updates. It has nothing against this one.\n",
	}, was)
	if err == nil {
		p.run.Memory.KeepFact(ctx, name, []byte(now))
	}
	return err //nolint:wrapcheck // Pass says of what
}

// wanted says whether somebody asks for the check anew, of as many commits as a look may
// let pass.
func (p *passing) wanted(ctx context.Context, head string) (bool, error) {
	if p.asked++; p.asked > mostPasses {
		return false, nil
	}
	wanted, err := p.GitHub.ChecksWanted(ctx, head)
	if err != nil {
		return false, fmt.Errorf("asking whether %s is to be checked again: %w", head, err)
	}
	return wanted, nil
}

// othersHeads are those of other people's pull requests, and of merge groups.
func (m *merges) othersHeads(ctx context.Context, seen *newest, open map[int]string) ([]string, error) {
	var heads []string
	ours := map[string]bool{} // one commit may be the head of several
	for number := range open {
		ours[m.of(number).Head] = true
	}
	for i := range seen.pulls {
		if p := &seen.pulls[i]; p.Open && !ours[p.Head.SHA] && p.Base.Name == m.out.Base {
			heads = append(heads, p.Head.SHA)
		}
	}
	groups, err := m.look.Merging.QueueHeads(ctx, m.out.Base)
	for _, g := range groups {
		heads = append(heads, g.SHA)
	}
	if err != nil {
		return heads, fmt.Errorf("reading the merge queue of %s: %w", m.out.Base, err)
	}
	return heads, nil
}
