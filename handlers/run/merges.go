package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
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
	// rebuilt are the heads that were there before this look built the same on a newer
	// base.
	rebuilt map[int]string
}

// merging begins the merging of a look; nil where nothing is merged.
func (r *Runner) merging(ctx context.Context, l Look, out *Outcome) *merges {
	if l.Merging == nil || l.PullRequests == nil || r.DryRun {
		return nil
	}
	m := &merges{run: r, look: l, out: out, standing: map[int]*merging.Standing{}, rebuilt: map[int]string{}}
	m.kept, _ = r.Memory.Note(ctx, l.Repository.ID, mergesNote)
	if json.Unmarshal(m.kept, &m.standing) != nil || m.standing == nil {
		m.standing = map[int]*merging.Standing{}
	}
	sum := sha256.Sum256(out.source.text)
	m.Merger = &merging.Merger{
		GitHub: l.Merging, Repository: l.Repository.ID, Base: out.Base, App: r.App, Bot: r.Historian.IsBot, Config: hex.EncodeToString(sum[:8]),
		Holds: m.holds, Now: r.Now, Keep: m.keep,
		Log: func(ctx context.Context, d proposal.Done) { r.wrote(ctx, l.Repository.ID, d) },
	}
	return m
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
	if m == nil || m.out.Config.PullRequests.Rebase.Value == config.RebaseNever {
		return all
	}
	for number, s := range m.standing {
		if s.Rebuild && !m.run.Now().Before(s.Until) {
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
		written := s.Standing.Own == e.OwnSHA && e.OwnSHA != ""                  // by the App, as far as it remembers
		if changed || !written || !rule.Auto.Value || rule.After.Value <= 0 {
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
		return m.others(ctx, seen, open) // ours keep what was said of them
	}
	m.wrote()
	m.keep(ctx) // nobody could tell it from the branches
	for _, number := range slices.Sorted(maps.Keys(open)) {
		if err := m.one(ctx, number, open[number]); err != nil {
			return err
		}
	}
	return m.others(ctx, seen, open)
}

// wrote notes which commits this look gave branches, and which of them have the same
// updates on a newer base.
func (m *merges) wrote() {
	if m.out.Desired == nil {
		return
	}
	for _, p := range m.out.Desired.Proposals {
		head, number := m.out.written[p.Branch], m.out.opened[p.Branch]
		if p.Existing != nil {
			number = p.Existing.Number
		}
		if head == "" || number == 0 {
			continue
		}
		if p.Same {
			m.of(number).Rebuilt(p.Existing.HeadSHA, head)
			m.rebuilt[number] = p.Existing.HeadSHA
		}
		m.of(number).Own = head
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
	why := "the configuration cannot be used"
	if m.out.State == TooLarge || m.out.State == Refused {
		why = "the files cannot be looked at"
	}
	for _, number := range slices.Sorted(maps.Keys(m.standing)) {
		s := m.standing[number]
		if s.Intent == nil || !s.Intent.Native {
			continue
		}
		if err := m.passed(ctx, number, m.TakeBack(ctx, number, s, why)); err != nil {
			return err
		}
	}
	return nil
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
