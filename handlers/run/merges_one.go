package run

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/merging"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

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
	was := st.Rebuild
	m.out.wake(st.Rebuilds(&j.Verdict, now))
	if st.Rebuild && was { // it was to be built again, and was not
		m.out.wake(st.PutOff(now))
	}
	rebuild := st.Rebuild && !was
	if did.Merged {
		m.out.wake(now) // the App's own push is no news, and others are to be built on it
	}
	if rebuild || did.Native || given {
		m.out.soon(now, m.run.Least) // what GitHub makes of it may not be told
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
// is there, or for what this look built that of. The newest counts.
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
	if was := m.rebuilt[s.Number]; was != "" && newest.Head == was && st.Own == st.Head {
		newest.Head = st.Head
	}
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
