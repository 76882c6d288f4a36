package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// RefMove moves a branch from one commit to another. Before "" means that it must
// not be there, After "" that it is deleted.
type RefMove struct {
	Name          string // of the branch
	Before, After string
	Force         bool // After need not descend from Before
}

// zeros is how git writes that there is no commit.
const zeros = "0000000000000000000000000000000000000000"

const updateRefs = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"

// MoveRefs moves all of the branches or none. It is ErrConflict when one of them
// is not where the caller thinks it is: somebody was quicker. Other refusals are
// *RefusedError with ErrProtected or ErrInvalid. After an *UnavailableError Head
// tells whether it was done.
func (r *Repo) MoveRefs(ctx context.Context, moves []RefMove) error {
	updates, err := updatesOf(moves)
	if err = errors.Join(r.wrong, err); err != nil || len(updates) == 0 {
		return err
	}
	if err := r.prove(ctx); err != nil {
		return fmt.Errorf("moving branches of %s: %w", r.ref, err)
	}
	now, err := r.place(ctx)
	if err != nil {
		return fmt.Errorf("moving branches of %s: %w", r.ref, err)
	}
	err = r.client.mutate(ctx, mutation{updateRefs, map[string]any{
		"input": map[string]any{"repositoryId": now.node, "refUpdates": updates},
	}})
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrConflict) {
		err = r.whyNot(ctx, moves, err)
	}
	if err != nil {
		return fmt.Errorf("moving %s of %s: %w", namesOf(moves), r.ref, err)
	}
	return nil
}

// DeleteBranch deletes a branch that is at a commit; see MoveRefs.
func (r *Repo) DeleteBranch(ctx context.Context, branch, at string) error {
	return r.MoveRefs(ctx, []RefMove{{Name: branch, Before: at}})
}

// update is a move as GraphQL has it.
type update struct {
	Name   string `json:"name"`
	Before string `json:"beforeOid"`
	After  string `json:"afterOid"`
	Force  bool   `json:"force"`
}

func updatesOf(moves []RefMove) ([]update, error) {
	updates := make([]update, 0, len(moves))
	for _, m := range moves {
		_, err := segments(m.Name)
		if m.Before == "" && m.After == "" {
			err = fmt.Errorf("%w: %s from nothing to nothing", ErrInvalid, m.Name)
		}
		for _, sha := range []string{m.Before, m.After} {
			if sha != "" {
				err = errors.Join(err, object(sha))
			}
		}
		if err != nil {
			return nil, err
		}
		updates = append(updates, update{"refs/heads/" + m.Name, orZeros(m.Before), orZeros(m.After), m.Force})
	}
	return updates, nil
}

func orZeros(sha string) string {
	if sha == "" {
		return zeros
	}
	return sha
}

func namesOf(moves []RefMove) string {
	names := make([]string, 0, len(moves))
	for _, m := range moves {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// whyNot tells a branch that somebody else has moved from other reasons. GitHub's
// words for that are not documented, so the branches themselves are looked at.
func (r *Repo) whyNot(ctx context.Context, moves []RefMove, refused error) error {
	for _, m := range moves {
		now, _, err := r.Head(ctx, m.Name)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrEmpty) {
			now, err = "", nil
		}
		switch {
		case err != nil:
			return fmt.Errorf("finding out why it was refused: %w", err)
		case now != m.Before:
			return because(refused, ErrConflict)
		}
	}
	if errors.Is(refused, ErrConflict) { // as of a move that wants force
		return because(refused, ErrInvalid)
	}
	return refused
}

// because is a refusal for another reason than its words let think.
func because(refused, kind error) error {
	said, is := errors.AsType[*RefusedError](refused)
	if !is || said.Status == http.StatusConflict {
		return refused
	}
	return &RefusedError{said.Endpoint, said.Status, said.Message, kind}
}
