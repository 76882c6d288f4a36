package merging

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Did is what became of an action.
type Did struct {
	// Merged is set where the pull request is merged now, whoever did it, Native
	// where GitHub is about to merge it.
	Merged bool
	Native bool
	// Said is GitHub's refusal; "" where it did not refuse.
	Said string
	// Again is when to look again since it did not work out; zero where it did.
	Again time.Time
}

// Act does what the verdict says, if it still says so after all was read once more.
func (m *Merger) Act(ctx context.Context, s *Subject, j *Judged) (Did, error) {
	action := j.Verdict.Action
	if err := m.follow(ctx, s, j); err != nil {
		return Did{}, err
	}
	if action == policy.Nothing {
		return Did{Native: j.armed()}, nil
	}
	if !takesBack(action) {
		if m.Now().Before(s.Standing.Until) {
			return Did{Again: s.Standing.Until}, nil
		}
		if s.Standing.returned(action, j.Verdict.Head, m.Now()) {
			return Did{Again: s.Standing.Until}, nil
		}
		same, err := m.confirm(ctx, s, j, action)
		if err != nil {
			return Did{}, err
		}
		if !same {
			return Did{Again: m.Now().Add(firstRefusal)}, nil
		}
		if err := m.intend(ctx, s, j, action); err != nil {
			return Did{}, err
		}
	}
	did, err := m.do(ctx, s, j, action)
	if err != nil {
		return did, fmt.Errorf("pull request %d: %w", s.Number, err)
	}
	return did, nil
}

// follow keeps account of what GitHub does by itself: an arming of an older head goes on
// with a new one.
func (m *Merger) follow(ctx context.Context, s *Subject, j *Judged) error {
	i := s.Standing.Intent
	if i == nil || !i.Native || !j.armed() || i.Head == j.Verdict.Head || j.Verdict.Action != policy.Nothing {
		return nil
	}
	if err := m.intend(ctx, s, j, policy.Arm); err != nil {
		return err
	}
	s.Standing.Intent.Taken = true
	return nil
}

// confirm reads all once more, and says whether the same would be done at the same
// commit. The verdict is the newer one then.
func (m *Merger) confirm(ctx context.Context, s *Subject, j *Judged, action policy.Action) (bool, error) {
	again, err := m.Judge(ctx, s, true)
	if err != nil || again.Verdict.Action != action || again.Verdict.Head != j.Verdict.Head {
		return false, err
	}
	if holds, err := m.Holds(ctx, s.Number); err != nil || !holds {
		return false, err
	}
	*j = *again
	return true, nil
}

// armed says whether the App told GitHub to merge it by itself, and that holds.
func (j *Judged) armed() bool {
	n, _ := j.Facts.Native.Get()
	return n.Armed != nil && n.Armed.App || n.Queued != nil && n.Queued.App
}

// intend notes what is about to be done, so that it is told of whatever becomes of this
// process.
func (m *Merger) intend(ctx context.Context, s *Subject, j *Judged, action policy.Action) error {
	verdict, err := json.Marshal(&j.Verdict)
	if err != nil {
		return fmt.Errorf("writing down a verdict: %w", err)
	}
	there := s.Standing.Intent
	native := action != policy.Merge || there != nil && there.Native && j.armed()
	s.Standing.Intent = &Intent{Head: j.Verdict.Head, Base: j.Candidate.Base.Name, Branch: s.Branch, Group: s.Group, Verdict: verdict, Native: native}
	m.Keep(ctx)
	return nil
}

// do does one action.
func (m *Merger) do(ctx context.Context, s *Subject, j *Judged, action policy.Action) (Did, error) {
	c := &j.Candidate
	order := forge.Order{
		Number: c.Number, Node: c.NodeID, Head: j.Verdict.Head, Base: c.Base.Name, Method: string(j.Verdict.Method),
		Still: func(ctx context.Context, now forge.Candidate) (bool, error) {
			same, err := m.confirm(ctx, s, j, policy.Merge)
			return same && now.Head.SHA == j.Verdict.Head, err
		},
	}
	var result forge.Result
	var err error
	if order.Message, err = m.message(ctx, &j.Verdict); err != nil {
		return Did{}, err
	}
	switch action {
	case policy.Merge:
		result, err = m.GitHub.Merge(ctx, order)
		if err == nil && result.Outcome == forge.MustQueue {
			s.Standing.Intent.Native = true
			m.Keep(ctx)
			result, err = m.GitHub.Enqueue(ctx, order)
		}
	case policy.Enqueue:
		result, err = m.GitHub.Enqueue(ctx, order)
	case policy.Arm:
		result, err = m.GitHub.EnableAutoMerge(ctx, order)
	case policy.Disarm:
		result, err = m.GitHub.DisableAutoMerge(ctx, order)
	case policy.Dequeue:
		result, err = m.GitHub.Dequeue(ctx, order)
	case policy.Nothing:
	}
	if err != nil {
		return Did{}, err
	}
	if takesBack(action) && result.Outcome == forge.InQueue {
		result.Outcome = forge.NotYet // GitHub keeps it there while it merges
	}
	return m.settle(ctx, s, j, &result)
}

// takesBack says whether an action only takes back what the App told GitHub to do.
func takesBack(action policy.Action) bool { return action == policy.Disarm || action == policy.Dequeue }

// settle takes note of how an action ended.
func (m *Merger) settle(ctx context.Context, s *Subject, j *Judged, result *forge.Result) (Did, error) {
	st := s.Standing
	st.Clear = false
	switch result.Outcome {
	case forge.Merged, forge.AlreadyMerged:
		if result.Outcome == forge.Merged {
			done := proposal.Done{Number: s.Number, SHA: result.SHA}
			if c, _, err := m.GitHub.Candidate(ctx, s.Number); err == nil { // else nobody knows
				done.Into = st.Intent.astray(&c)
			}
			m.merged(ctx, st.Intent, done)
		} // otherwise Recover finds out whose doing it was
		err := m.sweep(ctx, s.Branch, j.Verdict.Head)
		if result.Outcome == forge.Merged && err == nil {
			st.Intent = nil // what was cut before Recover ends
		}
		return Did{Merged: true}, err
	case forge.Armed, forge.Enqueued, forge.InQueue:
		st.Refused, st.Until, st.Intent.Taken = 0, time.Time{}, true
		m.log(ctx, s, j, string(result.Outcome))
		return Did{Native: true}, nil
	case forge.Disarmed, forge.Dequeued:
		st.Intent = nil
		m.log(ctx, s, j, string(result.Outcome))
		return Did{}, nil
	case forge.Closed, forge.HeadMoved, forge.Retargeted, forge.BaseMoved, forge.MustQueue, forge.MethodNotAllowed, forge.Draft,
		forge.NotYet, forge.Clean, forge.Unstable, forge.AutoMergeOff, forge.NoProtection, forge.NoQueue:
	}
	switch {
	case st.Intent == nil:
	case j.armed(): // what GitHub does by itself stands
		st.Intent.Native, st.Intent.Taken = true, true
	default:
		st.Intent = nil
	}
	st.PutOff(m.Now())
	zerolog.Ctx(ctx).Info().Int("github_pr_num", s.Number).Str("outcome", string(result.Outcome)).Str("said", result.Said).
		Msg("a pull request could not be merged as the policy wants it")
	return Did{Said: result.Said, Again: st.Until}, nil
}

// How long is waited after GitHub refused what the policy wants, from the first time on
// twice as long each time.
const (
	firstRefusal = time.Minute
	mostRefusals = 6
)

// PutOff puts off the next try, and says until when.
func (s *Standing) PutOff(now time.Time) time.Time {
	s.Refused++
	s.Until = now.Add(patience(s.Refused))
	return s.Until
}

func patience(times int) time.Duration { return firstRefusal << (min(times, mostRefusals) - 1) }

// How long is waited until GitHub is told once more to merge by itself what it was told
// to at this very head and gave back: a queue in which it failed, or a person who took
// it back. From the first time on it is twice as long each time.
const (
	firstReturn = time.Hour
	mostReturns = 5
)

// returned says whether that is so now, and notes until when to wait. What is not given
// back but merged is no action of these.
func (s *Standing) returned(action policy.Action, head string, now time.Time) bool {
	i := s.Intent
	if i == nil || !i.Taken || i.Head != head || action != policy.Enqueue && action != policy.Arm {
		return false
	}
	i.Taken = false
	s.Returned++
	s.Until = now.Add(firstReturn << (min(s.Returned, mostReturns) - 1))
	return true
}

// log tells of an action.
func (m *Merger) log(ctx context.Context, s *Subject, j *Judged, what string) {
	verdict, err := json.Marshal(&j.Verdict)
	if err != nil {
		verdict = nil // it is the log's loss alone
	}
	m.Log(ctx, proposal.Done{
		What: what, Number: s.Number, Group: s.Group, Branch: s.Branch, Head: j.Verdict.Head, Why: j.Verdict.Sentence,
		By: j.Verdict.Ordered, Method: string(j.Verdict.Method), Verdict: verdict,
	})
}
