package forge

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
)

// Pull is a pull request.
type Pull struct {
	Number      int
	NodeID      string
	Open, Draft bool
	Title       string
	// Body is that of a bot's; people's are not kept.
	Body        string
	Author      Account
	Head, Base  Branch
	Labels      []string
	MergeCommit string
	Created     time.Time
	Updated     time.Time
	Closed      time.Time // zero while it is open
	Merged      time.Time // zero unless it was merged
	// Mergeable and MergeState are known of one that is read alone: whether it
	// merges without conflict, nil while GitHub does not know, and "clean",
	// "unstable", "has_hooks", "behind", "blocked", "dirty", "draft" or "unknown".
	// Any other word means to wait.
	Mergeable  *bool  `json:",omitempty"`
	MergeState string `json:",omitempty"`
}

// Branch is one end of a pull request.
type Branch struct {
	Name, SHA  string
	Repository int64 // 0 when that repository is gone
}

// Pulls is the newest page of a repository's pull requests.
type Pulls struct {
	All       []Pull // the one that changed last comes first
	More      bool   // there are older ones
	Unchanged bool   // nothing changed since the last time, and this cost nothing
}

// each is how many a page has.
const each = 100

const newestFirst = "state=all&sort=updated&direction=desc&per_page=100"

// Pulls reads the 100 pull requests that changed last, open or not.
func (r *Repo) Pulls(ctx context.Context) (Pulls, error) {
	found, unchanged, err := look(ctx, r, "pulls", r.path+"/pulls?"+newestFirst, r.pullsOf)
	if err != nil {
		return Pulls{}, fmt.Errorf("listing the pull requests of %s: %w", r.ref, err)
	}
	return Pulls{All: found, More: len(found) == each, Unchanged: unchanged}, nil
}

func (r *Repo) pullsOf(got []*github.PullRequest) ([]Pull, error) {
	pulls := make([]Pull, 0, len(got))
	for _, p := range got {
		if err := r.holds(p); err != nil {
			return nil, err
		}
		pulls = append(pulls, pullOf(p))
	}
	return pulls, nil
}

func pullOf(p *github.PullRequest) Pull {
	pull := Pull{
		Number: p.GetNumber(), NodeID: p.GetNodeID(), Open: p.GetState() == "open", Draft: p.GetDraft(), Title: p.GetTitle(),
		Author: accountOf(p.User), Head: branchOf(p.Head), Base: branchOf(p.Base), Labels: labelsOf(p.Labels),
		MergeCommit: p.GetMergeCommitSHA(), Created: p.GetCreatedAt().Time, Updated: p.GetUpdatedAt().Time,
		Closed: p.GetClosedAt().Time, Merged: p.GetMergedAt().Time,
	}
	if pull.Author.Kind == "Bot" {
		pull.Body = p.GetBody()
	}
	return pull
}

func branchOf(b *github.PullRequestBranch) Branch {
	return Branch{Name: b.GetRef(), SHA: b.GetSHA(), Repository: b.GetRepo().GetID()}
}
