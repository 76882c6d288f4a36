package merging

import (
	"context"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// reviews reads what people said.
func (j *judging) reviews(ctx context.Context) error {
	if j.out.Candidate.Number == 0 {
		return nil
	}
	var err error
	j.out.Facts.Reviews, err = fact(&j.again, func() ([]policy.Review, error) {
		found, _, err := j.GitHub.Reviews(ctx, j.subject.Number)
		if err != nil {
			return nil, err
		}
		all := make([]policy.Review, 0, len(found))
		for i := range found {
			one, err := j.review(ctx, &found[i])
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	})
	return err
}

// rights is for how long is believed that somebody may write, or may not, before
// anything is done.
const rights = time.Hour

func (j *judging) review(ctx context.Context, r *forge.Review) (policy.Review, error) {
	one := policy.Review{User: r.By.Login, State: r.State, Commit: r.Commit, At: r.At, Bot: r.By.Kind == "Bot"}
	if r.By.ID == 0 || r.State != "approved" && r.State != "changes_requested" {
		return one, nil
	}
	if one.Bot { // of whom GitHub does not tell it: their objections count, their approvals do not
		one.Writer = r.State == "changes_requested"
		return one, nil
	}
	var err error
	one.Writer, err = j.mayWrite(ctx, r.By)
	return one, err
}

func (j *judging) mayWrite(ctx context.Context, who forge.Account) (bool, error) {
	s := j.subject.Standing
	if w, is := s.Writers[who.ID]; is && !j.fresh && j.Now().Sub(w.At) < rights {
		return w.May, nil
	}
	may, err := j.GitHub.MayWrite(ctx, who)
	if err != nil {
		return false, err
	}
	if s.Writers == nil {
		s.Writers = map[int64]writer{}
	}
	s.Writers[who.ID] = writer{may, j.Now()}
	return may, nil
}

// conversations reads how many are not resolved, where that matters.
func (j *judging) conversations(ctx context.Context) error {
	c, f := &j.out.Candidate, &j.out.Facts
	rules, _ := f.Rules.Get()
	classic, _ := f.Classic.Get()
	if c.Number == 0 || !rules.Conversations && !classic.Conversations {
		return nil
	}
	var err error
	f.Unresolved, err = fact(&j.again, func() (int, error) { return j.GitHub.Unresolved(ctx, c.Number, c.NodeID) })
	return err
}

// order is what a person ordered with /merge at this very head. Whether that person may
// still write is asked before anything is done.
func (j *judging) order(ctx context.Context) error {
	s, f := j.subject.Standing, &j.out.Facts
	if s.Order == nil || s.Order.Head != s.Head {
		s.Order = nil
		f.Order = policy.Read[*policy.Order](nil)
		return nil
	}
	var err error
	f.Order, err = fact(&j.again, func() (*policy.Order, error) {
		may, err := j.mayWrite(ctx, s.Order.By)
		return &policy.Order{By: s.Order.By.Login, Head: s.Order.Head, Writer: may}, err
	})
	return err
}
