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
	// Branch is the queue's own, such as "gh-readonly-queue/main/pr-12-…" with the
	// commit that it is built upon.
	Branch string
}

// QueueHeads reads those of a base that there are now, for nothing when they are the
// same as before; none where the base has no merge queue, or an empty one. More than
// 1,000 are a *TooLargeError.
func (r *Repo) QueueHeads(ctx context.Context, base string) ([]QueueHead, error) {
	under := "gh-readonly-queue/" + base
	escaped, err := segments(under)
	if err != nil {
		return nil, err
	}
	// GitHub takes what it is asked for as the beginning of a name, so that those of
	// a base with a longer name may come, too.
	take := func(got []*github.Reference) (page[QueueHead], error) { return queueHeadsOf(got, under+"/") }
	heads, _, err := lookPages(ctx, r, "queue of "+base, "/git/matching-refs/heads/"+escaped+"?", take, func(h QueueHead) string { return h.Branch })
	if err != nil {
		return nil, fmt.Errorf("reading the merge groups of %s of %s: %w", base, r.ref, err)
	}
	return heads, nil
}

func queueHeadsOf(got []*github.Reference, under string) (page[QueueHead], error) {
	var found page[QueueHead]
	for _, one := range got {
		branch, isBranch := strings.CutPrefix(one.GetRef(), "refs/heads/")
		if !isBranch || object(one.GetObject().GetSHA()) != nil {
			return page[QueueHead]{}, &UnavailableError{"a merge group", 0, errIncomplete}
		}
		if strings.HasPrefix(branch, under) {
			found.All = append(found.All, QueueHead{one.GetObject().GetSHA(), branch})
		}
	}
	return found, nil
}
