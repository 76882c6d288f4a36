package run

import (
	"context"
	"fmt"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// mostPasses is how many commits a look lets pass, and asks about again, at most.
const mostPasses = 30

// What is remembered of a commit that was let pass: that it was, and that somebody asked
// for that anew and got it.
const (
	passedOnce  = "1"
	passedAgain = "2"
)

// fact is under what that is remembered.
func (o *others) fact(head string) string {
	return fmt.Sprintf("passed %d %s", o.look.Repository.ID, head)
}

// pass lets commits pass that were not, and those for which somebody asks anew.
func (o *others) pass(ctx context.Context, heads []string) error {
	var fresh, old []string
	was := map[string]string{}
	for _, head := range heads {
		kept, is := o.run.Memory.Fact(ctx, o.fact(head))
		if was[head] = string(kept); is {
			old = append(old, head)
		} else {
			fresh = append(fresh, head)
		}
	}
	if len(fresh) > mostPasses {
		fresh, o.left = fresh[:mostPasses], true
	}
	for _, head := range fresh {
		if err := o.passed(ctx, 0, o.one(ctx, head, false)); err != nil {
			return err
		}
	}
	asked, left := o.Heads.take(old, mostPasses-len(fresh), o.anew)
	o.left = o.left || left
	for _, head := range asked {
		if err := o.passed(ctx, 0, o.again(ctx, head, was[head] == passedAgain)); err != nil {
			return err
		}
	}
	return nil
}

// again lets one pass for which somebody asks anew. One that GitHub still wants though it
// was told anew is left.
func (o *others) again(ctx context.Context, head string, told bool) error {
	wanted, err := o.GitHub.ChecksWanted(ctx, head)
	switch {
	case err != nil:
		return fmt.Errorf("asking whether %s is to be checked again: %w", head, err)
	case told && !wanted:
		o.run.Memory.KeepFact(ctx, o.fact(head), []byte(passedOnce))
	case wanted && !told:
		return o.one(ctx, head, true)
	}
	return nil
}

// one lets one pass.
func (o *others) one(ctx context.Context, head string, anew bool) error {
	err := o.Pass(ctx, head, forge.CheckText{
		Title:   "Not a pull request with updates",
		Summary: "Image Updater's merge policy is about its own pull requests with updates. It has nothing against this one.\n",
	}, anew)
	if err != nil {
		return err //nolint:wrapcheck // it says of what
	}
	kept := passedOnce
	if anew {
		kept = passedAgain
	}
	o.run.Memory.KeepFact(ctx, o.fact(head), []byte(kept))
	return nil
}
