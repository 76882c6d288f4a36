package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Outcomes of what GitHub is told to do by itself, beside those of Merge.
const (
	// Armed: GitHub will merge it when nothing is against it. Where the base has a
	// merge queue it may be in that at once.
	Armed Outcome = "armed"
	// Disarmed: GitHub will not merge it by itself.
	Disarmed Outcome = "disarmed"
	// Enqueued: it is in the merge queue now.
	Enqueued Outcome = "enqueued"
	// Dequeued: it is in no merge queue.
	Dequeued Outcome = "dequeued"
	// Clean: nothing is against it, so it has to be merged directly.
	Clean Outcome = "clean"
	// Unstable: nothing that is required is against it, but another check is not
	// green; GitHub arms nothing then.
	Unstable Outcome = "unstable"
	// AutoMergeOff: the repository does not let GitHub merge by itself.
	AutoMergeOff Outcome = "auto-merge off"
	// NoProtection: the base requires nothing that could be waited for.
	NoProtection Outcome = "no protection"
	// NoQueue: the base has no merge queue.
	NoQueue Outcome = "no queue"
)

// graphWords tell apart what GitHub refuses to do by itself; the first that fits
// holds. Those of a moved head and of a queue are GitHub's for merges.
func graphWords() []wording {
	return []wording{
		{"clean status", Clean},
		{"has_hooks status", Clean},
		{"unstable status", Unstable},
		{"draft", Draft},
		{"auto merge is not allowed", AutoMergeOff},
		{"auto-merge is not allowed", AutoMergeOff},
		{"protected branch rules not configured", NoProtection},
		{"not allowed on this repository", MethodNotAllowed},
		{"head branch was modified", HeadMoved},
		{"expected head", HeadMoved},
		{"already in the queue", InQueue},
		{"already in the merge queue", InQueue},
		{"does not have a merge queue", NoQueue},
	}
}

// change is one of the four ways to tell GitHub what to do by itself.
type change struct {
	name, input string // of the mutation, and of its input's type
	done        Outcome
	// is says whether it is as if it had been done, and by whom.
	is func(Native) (bool, Account)
}

func (c *change) mutation(input map[string]any) mutation {
	return mutation{
		"mutation($input: " + c.input + "!) { " + c.name + "(input: $input) { clientMutationId } }", map[string]any{"input": input},
	}
}

// checkArming is check of an order whose method a merge queue may have.
func (o *Order) checkArming() error {
	if o.Method == "" {
		return object(o.Head)
	}
	return o.check()
}

// EnableAutoMerge tells GitHub to merge it as soon as nothing is against it, at the
// order's commit. Without a method it is the merge queue's. What GitHub refuses is no
// error but an Outcome. To do it again does no harm.
func (r *Repo) EnableAutoMerge(ctx context.Context, o Order) (Result, error) {
	if err := o.checkArming(); err != nil {
		return Result{}, fmt.Errorf("arming pull request %d of %s: %w", o.Number, r.ref, err)
	}
	input := map[string]any{"pullRequestId": o.Node, "expectedHeadOid": o.Head}
	if o.Method != "" {
		input["mergeMethod"] = strings.ToUpper(o.Method)
	}
	if o.Message != "" {
		input["commitBody"] = o.Message
	}
	return r.change(ctx, o, input, change{"enablePullRequestAutoMerge", "EnablePullRequestAutoMergeInput", Armed, armed})
}

// DisableAutoMerge takes that back. Of the order it needs the number and the node.
func (r *Repo) DisableAutoMerge(ctx context.Context, o Order) (Result, error) {
	o.Head, o.Base = "", ""
	return r.change(ctx, o, map[string]any{"pullRequestId": o.Node}, change{
		"disablePullRequestAutoMerge", "DisablePullRequestAutoMergeInput", Disarmed, not(armed),
	})
}

// Enqueue puts it into its base's merge queue, at the order's commit. How it is
// merged the queue says. To do it again does no harm.
func (r *Repo) Enqueue(ctx context.Context, o Order) (Result, error) {
	if err := object(o.Head); err != nil {
		return Result{}, fmt.Errorf("enqueueing pull request %d of %s: %w", o.Number, r.ref, err)
	}
	input := map[string]any{"pullRequestId": o.Node, "expectedHeadOid": o.Head}
	return r.change(ctx, o, input, change{"enqueuePullRequest", "EnqueuePullRequestInput", Enqueued, queued})
}

// Dequeue takes it out of the queue. Of the order it needs the number and the node.
func (r *Repo) Dequeue(ctx context.Context, o Order) (Result, error) {
	o.Head, o.Base = "", ""
	return r.change(ctx, o, map[string]any{"id": o.Node}, change{"dequeuePullRequest", "DequeuePullRequestInput", Dequeued, not(queued)})
}

func armed(n Native) (bool, Account) {
	if n.AutoMerge == nil {
		return false, Account{}
	}
	return true, n.AutoMerge.By
}

func queued(n Native) (bool, Account) {
	if n.Queued == nil {
		return false, Account{}
	}
	return true, n.Queued.By
}

// not is when something is not so; nobody did that.
func not(is func(Native) (bool, Account)) func(Native) (bool, Account) {
	return func(n Native) (bool, Account) {
		so, _ := is(n)
		return !so, Account{}
	}
}

func (r *Repo) change(ctx context.Context, o Order, input map[string]any, c change) (Result, error) {
	result, err := r.tryChange(ctx, o, input, c)
	if err != nil {
		return Result{}, fmt.Errorf("%s of pull request %d of %s: %w", c.name, o.Number, r.ref, err)
	}
	return result, nil
}

func (r *Repo) tryChange(ctx context.Context, o Order, input map[string]any, c change) (Result, error) {
	if r.wrong != nil {
		return Result{}, r.wrong
	}
	if o.Node == "" {
		return Result{}, fmt.Errorf("%w: a pull request without a node id", ErrInvalid)
	}
	if err := r.prove(ctx); err != nil {
		return Result{}, err
	}
	err := r.client.mutate(ctx, c.mutation(input))
	if err == nil {
		return Result{Outcome: c.done}, nil
	}
	_, lost := errors.AsType[*UnavailableError](err)
	said, refused := errors.AsType[*RefusedError](err)
	switch {
	case lost:
		return r.whetherChanged(ctx, o, c, err)
	case refused && (said.holds() || said.Status == http.StatusUnprocessableEntity):
		return r.notChanged(ctx, o, c, said)
	}
	return Result{}, err
}

// whetherChanged finds out what became of a change whose answer was lost.
func (r *Repo) whetherChanged(ctx context.Context, o Order, c change, lost error) (Result, error) {
	now, err := r.Native(ctx, o.Number, o.Node)
	if err != nil {
		return Result{}, fmt.Errorf("%w; whether it was done is not known: %w", lost, err)
	}
	result := now.result(o, c)
	if result.Outcome == NotYet {
		return Result{}, lost
	}
	return result, nil
}

// notChanged tells by its words what a refusal means, or by the pull request itself.
func (r *Repo) notChanged(ctx context.Context, o Order, c change, said *RefusedError) (Result, error) {
	if outcome := told(said.Message, graphWords()); outcome != NotYet {
		return Result{Outcome: outcome, Said: said.Message}, nil
	}
	now, err := r.Native(ctx, o.Number, o.Node)
	if err != nil {
		return Result{}, fmt.Errorf("finding out why it was refused: %w", err)
	}
	result := now.result(o, c)
	result.Said = said.Message
	return result, nil
}

// result is how a pull request stands to a change; NotYet where that is not done,
// and nothing that is known is against it.
func (n *Native) result(o Order, c change) Result {
	done, by := c.is(*n)
	switch {
	case n.State == "merged":
		return Result{Outcome: AlreadyMerged}
	case n.State == "closed":
		return Result{Outcome: Closed}
	case o.Head != "" && n.Head != o.Head:
		return Result{Outcome: HeadMoved}
	case done:
		return Result{Outcome: c.done, By: by}
	case n.Queued != nil:
		return Result{Outcome: InQueue, By: n.Queued.By}
	}
	return Result{Outcome: NotYet}
}
