package merging

import (
	"context"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

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
