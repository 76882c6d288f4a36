package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mergeTries is how often a merge is tried whose base keeps moving.
const mergeTries = 3

// Order is a pull request to be merged at a commit, by a method.
type Order struct {
	Number int
	Node   string // its node id, for what goes through GraphQL
	// Head is the commit that it has to be at. GitHub merges no other.
	Head string
	// Base is the branch that it has to go to; "" where any will do. GitHub does not
	// look at it: it is compared when a merge is tried again.
	Base   string
	Method string // MethodMerge, MethodSquash or MethodRebase
	// Message is what the commit says below its title; GitHub's own where it is "".
	Message string
	// Still is asked, of the pull request as it is then, before a merge is tried
	// again whose base has moved: false leaves it at that. nil is always true.
	Still func(context.Context, Candidate) (bool, error)
}

// Outcome is what became of an order.
type Outcome string

// Outcomes of Merge.
const (
	// Merged: by this very call.
	Merged Outcome = "merged"
	// AlreadyMerged: by somebody before, or by this call whose answer was lost.
	// Result.By tells who it was.
	AlreadyMerged Outcome = "already merged"
	// Closed: it is, and was not merged.
	Closed Outcome = "closed"
	// HeadMoved: it is no longer at the order's commit.
	HeadMoved Outcome = "head moved"
	// Retargeted: it goes to another branch than the order's.
	Retargeted Outcome = "retargeted"
	// BaseMoved: its base went on moving while it was tried.
	BaseMoved Outcome = "base moved"
	// MustQueue: it has to go through the merge queue.
	MustQueue Outcome = "must queue"
	// InQueue: it is in the merge queue already.
	InQueue Outcome = "in the queue"
	// MethodNotAllowed: not by this method.
	MethodNotAllowed Outcome = "method not allowed"
	// Draft: it is one.
	Draft Outcome = "draft"
	// NotYet: anything else that GitHub holds against it, in Result.Said.
	NotYet Outcome = "not yet"
)

// Result is what became of an order, and why.
type Result struct {
	Outcome Outcome
	// SHA is the commit that it was merged as, where that is known.
	SHA string
	// By is who merged it before, or set what is set already; zero where nobody
	// was asked for.
	By Account
	// Said is GitHub's refusal in its words, shortened; "" where it did not refuse.
	Said string
}

// wording is an outcome by the words in GitHub's refusal, in lower case.
type wording struct {
	words   string
	outcome Outcome
}

// mergeWords tell refused merges apart; the first that fits holds.
func mergeWords() []wording {
	return []wording{
		{"head branch was modified", HeadMoved},
		{"base branch was modified", BaseMoved},
		{"is in the merge queue", InQueue},
		{"through the merge queue", MustQueue},
		{"merges are not allowed", MethodNotAllowed},
		{"merge commits are not allowed", MethodNotAllowed},
		{"must not contain merge commits", MethodNotAllowed},
		{"still a draft", Draft},
	}
}

// told is the outcome that a refusal's words tell; NotYet for words that are not
// known.
func told(said string, all []wording) Outcome {
	said = strings.ToLower(said)
	for _, w := range all {
		if strings.Contains(said, w.words) {
			return w.outcome
		}
	}
	return NotYet
}

// Merge merges a pull request, if it is still at the order's commit. What GitHub
// refuses is no error but an Outcome. Where the base moved meanwhile it is tried
// three times in all, with the pull request read anew in between. Where the answer
// was lost the pull request is read: an *UnavailableError means that it is not
// merged as far as GitHub tells, and nothing more; a ctx that ends meanwhile leaves
// it as open. To order it again then merges nothing twice.
func (r *Repo) Merge(ctx context.Context, o Order) (Result, error) {
	result, err := Result{}, errors.Join(r.wrong, o.check())
	if err == nil {
		result, err = r.merge(ctx, o)
	}
	if err != nil {
		return Result{}, fmt.Errorf("merging pull request %d of %s: %w", o.Number, r.ref, err)
	}
	return result, nil
}

func (o *Order) check() error {
	if !slices.Contains([]string{MethodMerge, MethodSquash, MethodRebase}, o.Method) {
		return fmt.Errorf("%w: the method %q", ErrInvalid, o.Method)
	}
	return object(o.Head)
}

func (r *Repo) merge(ctx context.Context, o Order) (Result, error) {
	pause := firstPause
	for try := 1; ; try++ {
		result, err := r.mergeOnce(ctx, o)
		if err != nil || result.Outcome != BaseMoved || try == mergeTries {
			return result, err
		}
		if err := r.client.github.o.Sleep(ctx, pause); err != nil {
			return Result{}, err
		}
		pause *= 2
		if again, err := r.mayTryAgain(ctx, o, &result); err != nil || !again {
			return result, err
		}
	}
}

// mayTryAgain looks at the pull request before a merge is tried again, and says in
// the result why it is not.
func (r *Repo) mayTryAgain(ctx context.Context, o Order, result *Result) (bool, error) {
	now, _, err := r.Candidate(ctx, o.Number)
	if err != nil {
		return false, err
	}
	if outcome := now.against(o); outcome != "" {
		*result = Result{Outcome: outcome, Said: result.Said}
		result.mergedAs(now)
		return false, nil
	}
	if o.Still == nil {
		return true, nil
	}
	return o.Still(ctx, now)
}

// against is what the pull request itself holds against an order; "" for nothing.
func (c *Candidate) against(o Order) Outcome {
	switch {
	case !c.Merged.IsZero():
		return AlreadyMerged
	case !c.Open:
		return Closed
	case c.Head.SHA != o.Head:
		return HeadMoved
	case o.Base != "" && c.Base.Name != o.Base:
		return Retargeted
	}
	return ""
}

// mergedAs notes the merge of a pull request that is merged.
func (result *Result) mergedAs(c Candidate) {
	if result.Outcome == AlreadyMerged {
		result.SHA, result.By = c.MergeCommit, c.MergedBy
	}
}

func (r *Repo) mergeOnce(ctx context.Context, o Order) (Result, error) {
	body := struct {
		SHA     string `json:"sha"`
		Method  string `json:"merge_method"`
		Message string `json:"commit_message,omitempty"`
	}{o.Head, o.Method, o.Message}
	var got struct {
		SHA    string `json:"sha"`
		Merged bool   `json:"merged"`
	}
	_, err := r.ask(ctx, http.MethodPut, pullPath(o.Number)+"/merge", body, &got)
	if err == nil && got.Merged && object(got.SHA) == nil {
		return Result{Outcome: Merged, SHA: got.SHA}, nil
	}
	if err == nil {
		err = &UnavailableError{"a merge", 0, errIncomplete}
	}
	if said, refused := errors.AsType[*RefusedError](err); refused && said.holds() {
		return r.refused(ctx, o, said)
	}
	if _, lost := errors.AsType[*UnavailableError](err); lost {
		return r.whetherMerged(ctx, o, err)
	}
	return Result{}, err
}

// holds says whether a refusal is of what GitHub has against a merge now.
func (e *RefusedError) holds() bool {
	return e.Status == http.StatusMethodNotAllowed || e.Status == http.StatusConflict || errors.Is(e.Kind, ErrProtected)
}

// refused tells by its words what a refusal means. Where they do not, the pull
// request itself may: GitHub says of one that was merged that it is not mergeable.
func (r *Repo) refused(ctx context.Context, o Order, said *RefusedError) (Result, error) {
	result := Result{Outcome: told(said.Message, mergeWords()), Said: said.Message}
	if result.Outcome != NotYet {
		return result, nil
	}
	now, _, err := r.Candidate(ctx, o.Number)
	if err != nil {
		return Result{}, fmt.Errorf("finding out why it was refused: %w", err)
	}
	if outcome := now.against(o); outcome != "" {
		result.Outcome = outcome
	}
	result.mergedAs(now)
	return result, nil
}

// whetherMerged finds out what became of a merge whose answer was lost.
func (r *Repo) whetherMerged(ctx context.Context, o Order, lost error) (Result, error) {
	now, _, err := r.Candidate(ctx, o.Number)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("%w; whether it was done is not known: %w", lost, err)
	case now.Merged.IsZero():
		return Result{}, lost
	}
	result := Result{Outcome: AlreadyMerged}
	result.mergedAs(now)
	return result, nil
}
