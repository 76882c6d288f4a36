package forge

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
)

// QueueHead is the head of a merge group: what a merge queue has made of a base and
// of pull requests, and merges if the checks of that commit succeed.
type QueueHead struct {
	SHA string
	// Base is the branch that the group is for.
	Base string
	// Branch is the queue's own, such as "gh-readonly-queue/main/pr-12-…" with the
	// commit that it is built upon.
	Branch string
}

// queues is what the branches of all merge queues begin with.
const queues = "gh-readonly-queue"

// QueueHeads reads those of all bases that there are now, for nothing when they are the
// same as before; none where there is no merge queue, or an empty one. More than
// 1,000 are a *TooLargeError.
func (r *Repo) QueueHeads(ctx context.Context) ([]QueueHead, error) {
	heads, _, err := lookPages(ctx, r, "queues", "/git/matching-refs/heads/"+queues+"?", queueHeadsOf, func(h QueueHead) string { return h.Branch })
	if err != nil {
		return nil, fmt.Errorf("reading the merge groups of %s: %w", r.ref, err)
	}
	return heads, nil
}

func queueHeadsOf(got []*github.Reference) (page[QueueHead], error) {
	var found page[QueueHead]
	for _, one := range got {
		branch, isBranch := strings.CutPrefix(one.GetRef(), "refs/heads/")
		if !isBranch || object(one.GetObject().GetSHA()) != nil {
			return page[QueueHead]{}, &UnavailableError{"a merge group", 0, errIncomplete}
		}
		// GitHub takes what it is asked for as the beginning of a name.
		under, isQueue := strings.CutPrefix(branch, queues+"/")
		if end := strings.LastIndexByte(under, '/'); isQueue && end > 0 {
			found.All = append(found.All, QueueHead{one.GetObject().GetSHA(), under[:end], branch})
		}
	}
	return found, listed("a list of merge groups", got)
}
