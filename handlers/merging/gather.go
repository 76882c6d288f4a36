package merging

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
	"github.com/imageupdater/imageupdater/handlers/proposal"
)

// Judge reads what there is to know of a pull request, and decides. fresh asks again
// what is remembered for a while otherwise.
func (m *Merger) Judge(ctx context.Context, s *Subject, fresh bool) (*Judged, error) {
	j := &judging{Merger: m, subject: s, fresh: fresh, out: &Judged{}}
	if fresh {
		m.branch = nil
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	if err := j.gather(ctx); err != nil {
		return nil, fmt.Errorf("judging pull request %d: %w", s.Number, err)
	}
	now := m.Now()
	j.out.Verdict = policy.Decide(&j.out.Rule, &j.out.Facts, now)
	if j.presumed && j.out.Verdict.Action != policy.Nothing {
		if err := j.readNative(ctx); err != nil {
			return nil, fmt.Errorf("judging pull request %d: %w", s.Number, err)
		}
		j.out.Verdict = policy.Decide(&j.out.Rule, &j.out.Facts, now)
	}
	j.out.Again = j.again || m.branch.again
	j.out.Shown = j.shown(now)
	return j.out, nil
}

// shown is the verdict for people. While GitHub finds out whether it can be merged, which
// it does whenever the base moves, that is told as it was: otherwise each push would
// rewrite the check run twice.
func (j *judging) shown(now time.Time) policy.Verdict {
	if !j.out.settling {
		return j.out.Verdict
	}
	facts := j.out.Facts
	facts.Merge = policy.Read(policy.Mergeability{State: cmp.Or(j.subject.Standing.Merge, "clean")})
	v := policy.Decide(&j.out.Rule, &facts, now)
	if v.Outcome == policy.Merges {
		return j.out.Verdict
	}
	return v
}

// judging is Judge under way.
type judging struct {
	*Merger

	subject *Subject
	fresh   bool
	again   bool
	// presumed says that what GitHub is about to do was not read.
	presumed bool
	out      *Judged
}

func (j *judging) gather(ctx context.Context) error {
	f := &j.out.Facts
	f.App, f.Rules, f.Classic = j.App, j.branch.rules, j.branch.classic
	f.Newer = policy.Read(j.subject.Newer)
	var err error
	if f.Repository, err = j.permitted(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{j.pull, j.ownership, j.checks, j.reviews, j.native, j.conversations, j.order} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pull reads the pull request itself, first: all else is about its head.
func (j *judging) pull(ctx context.Context) error {
	f := &j.out.Facts
	read, err := fact(&j.again, func() (forge.Candidate, error) {
		c, _, err := j.GitHub.Candidate(ctx, j.subject.Number)
		return c, err
	})
	if err != nil {
		return err
	}
	c, known := read.Get()
	if !known {
		f.Pull = policy.Unread[policy.Pull](read.Why())
		return nil
	}
	j.out.Candidate = c
	s := j.subject.Standing
	s.At(c.Head.SHA, j.Now(), j.Config)
	f.Pull = policy.Read(policy.Pull{State: stateOf(&c), Draft: c.Draft, Head: c.Head.SHA, Base: c.Base.Name, Author: c.Author.Login})
	f.Pushed = policy.Read(s.Seen)
	f.Paused = policy.Read(slices.Contains(c.Labels, proposal.PausedLabel))
	f.Restricted = policy.Read(policy.Restricting(c.Labels))
	return nil
}

func stateOf(c *forge.Candidate) string {
	switch {
	case !c.Merged.IsZero():
		return "merged"
	case c.Open:
		return "open"
	}
	return "closed"
}

// merge is what GitHub says of merging it. It finds that out only when it is asked, so
// that it is asked again soon where it does not know.
func (j *judging) merge(c *forge.Candidate) policy.Mergeability {
	st := j.subject.Standing
	state := strings.ToLower(c.MergeState)
	switch {
	case c.Mergeable == nil, state == "", state == "unknown":
		j.again = j.again || c.Open && (j.out.Rule.Auto.Value || st.Order != nil)
		j.out.settling = true
		return policy.Mergeability{State: "unknown"}
	case !*c.Mergeable:
		state = "dirty"
	}
	st.Merge = state
	return policy.Mergeability{State: state, Behind: state == "behind"}
}

// ownership proves that all is as the App made it, and finds the rule by what it made.
func (j *judging) ownership(ctx context.Context) error {
	f := &j.out.Facts
	j.out.Rule = j.subject.Rule(&proposal.Record{}) // until it is known what it does
	if _, known := f.Pull.Get(); !known {
		return nil
	}
	c := &j.out.Candidate
	record, signs, err := j.subject.Prove(ctx, c)
	if err != nil {
		if ends(err) {
			return err
		}
		why, soon := whyUnread(err)
		j.again = j.again || soon
		no := policy.Unread[policy.Sign](why)
		signs = policy.Ownership{Head: no, Commits: no, Tree: no, Base: no, Branch: no, Record: no}
	}
	j.out.Record, f.Ownership = record, signs
	f.RolledBack = policy.Unread[[]string]("it does not say which images it is about")
	if record != nil {
		j.out.Rule = j.subject.Rule(record)
		f.RolledBack = policy.Read(j.subject.RolledBack(record))
	}
	f.Owner = policy.Read("")
	if o := j.out.Rule.Auto.Origin; o != nil && o.Field == "enforce" {
		f.Owner = policy.Unread[string]("the owner's file cannot be used")
	}
	f.Merge = policy.Read(j.merge(c))
	return nil
}

// checks reads check runs and statuses of the head.
func (j *judging) checks(ctx context.Context) error {
	f := &j.out.Facts
	head := j.out.Candidate.Head.SHA
	if head == "" {
		return nil
	}
	var runs []forge.Run
	var err error
	if f.Runs, err = fact(&j.again, func() ([]policy.Run, error) {
		if runs, _, err = j.GitHub.Runs(ctx, head); err != nil {
			return nil, err
		}
		j.own(runs)
		return runsOf(runs), nil
	}); err != nil {
		return err
	}
	f.Statuses, err = fact(&j.again, func() ([]policy.Status, error) {
		found, _, err := j.GitHub.Statuses(ctx, head)
		if err != nil {
			return nil, err
		}
		return j.statuses(ctx, head, found, runs)
	})
	return err
}

// own finds the check run by which the App tells its verdict, so that it is not asked for.
func (j *judging) own(runs []forge.Run) {
	st := j.subject.Standing
	j.subject.listed = true
	for i := range runs {
		if r := &runs[i]; st.CheckRun == 0 && r.Name == policy.OwnCheck && r.App == j.App {
			st.CheckRun = r.ID
		}
	}
}

func runsOf(all []forge.Run) []policy.Run {
	out := make([]policy.Run, 0, len(all))
	for i := range all {
		r := &all[i]
		out = append(out, policy.Run{
			ID: r.ID, Suite: r.Suite, Name: r.Name, App: r.App, Head: r.Head, Status: r.Status, Conclusion: r.Conclusion,
			Started: r.Started, Completed: r.Completed,
		})
	}
	return out
}

// statuses are those of the head, with the Apps that set them where the branch wants
// one of an App.
func (j *judging) statuses(ctx context.Context, head string, found []forge.Status, runs []forge.Run) ([]policy.Status, error) {
	wanted := j.ofApps()
	var setters map[int64]forge.Account
	if slices.ContainsFunc(found, func(s forge.Status) bool { return wanted[s.Context] }) {
		var err error
		if setters, err = j.GitHub.StatusSetters(ctx, head); err != nil {
			return nil, err
		}
	}
	all := make([]policy.Status, 0, len(found))
	for _, s := range found {
		one := policy.Status{ID: s.ID, Context: s.Context, State: s.State, Head: head}
		if by, is := setters[s.ID]; is && wanted[s.Context] {
			var err error
			if one.App, err = j.app(ctx, by, runs); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// ofApps are the names of the checks that have to be of one App.
func (j *judging) ofApps() map[string]bool {
	names := map[string]bool{}
	for _, known := range []policy.Known[policy.Protection]{j.branch.rules, j.branch.classic} {
		p, _ := known.Get()
		for _, c := range p.Checks {
			if c.App != 0 {
				names[c.Name] = true
			}
		}
	}
	return names
}

// app is the App whose bot an account is; 0 for one that is nobody's.
func (j *judging) app(ctx context.Context, by forge.Account, runs []forge.Run) (int64, error) {
	slug, is := strings.CutSuffix(by.Login, "[bot]")
	if !is {
		return 0, nil
	}
	for i := range runs {
		if runs[i].Slug == slug {
			return runs[i].App, nil
		}
	}
	id, err := j.GitHub.AppOf(ctx, slug)
	if errors.Is(err, forge.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

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

// native reads what GitHub is about to do by itself. Where the branch has no rules that
// is nothing, and the pull request says so. Reading it costs: what cannot have become the
// App's doing since is read only where something follows from it.
func (j *judging) native(ctx context.Context) error {
	c, f, s := &j.out.Candidate, &j.out.Facts, j.subject.Standing
	switch idle := c.AutoMerge == nil; {
	case c.Number == 0:
		return nil
	case idle && !j.branch.native:
		f.Native = policy.Read(policy.Native{})
		return nil
	case idle && !j.fresh && s.Clear && s.Intent == nil && !j.branch.reviewed():
		f.Native, j.presumed = policy.Read(policy.Native{}), true
		j.queued(s.Queue)
		return nil
	}
	return j.readNative(ctx)
}

func (j *judging) readNative(ctx context.Context) error {
	c, f, s := &j.out.Candidate, &j.out.Facts, j.subject.Standing
	read, err := fact(&j.again, func() (forge.Native, error) { return j.GitHub.Native(ctx, c.Number, c.NodeID) })
	if err != nil {
		return err
	}
	n, known := read.Get()
	if known && n.Head != c.Head.SHA {
		known, j.again = false, true
		read = policy.Unread[forge.Native]("the head moved meanwhile")
	}
	s.Clear = known && n.AutoMerge == nil && n.Queued == nil
	if !known {
		f.Native, f.Decision = policy.Unread[policy.Native](read.Why()), policy.Unread[string](read.Why())
		return nil
	}
	f.Native, f.Decision = policy.Read(j.nativeOf(ctx, &n)), policy.Read(n.Decision)
	s.Queue = n.Queue
	j.queued(n.Queue)
	return nil
}

// queued notes that the base has a merge queue, of which classic protection does not tell.
func (j *judging) queued(is bool) {
	j.out.Facts.Classic = j.branch.classic
	if classic, known := j.branch.classic.Get(); known && is {
		classic.Queue = true
		j.out.Facts.Classic = policy.Read(classic)
	}
}

func (j *judging) nativeOf(ctx context.Context, n *forge.Native) policy.Native {
	var out policy.Native
	if a := n.AutoMerge; a != nil {
		out.Armed = &policy.Armed{By: a.By.Login, App: j.Bot(ctx, a.By), Method: config.Method(a.Method)}
	}
	if q := n.Queued; q != nil {
		out.Queued = &policy.Queued{By: q.By.Login, App: j.Bot(ctx, q.By)}
	}
	return out
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
