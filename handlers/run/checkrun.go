package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/handlers/review"
)

// note is of the texts that a verdict depends on, by which a check run is found again.
func (w *reviewing) note(is *checked) string {
	sum := sha256.Sum256([]byte(w.main.id(config.FileName) + " " + is.Blob))
	return hex.EncodeToString(sum[:16])
}

// check puts the verdict onto the head of a pull request. A check run that was begun
// is ended.
func (w *reviewing) check(ctx context.Context, p *forge.Pull, is *checked, note string, again bool) error {
	there, err := w.look.Checks.CheckRunOf(ctx, is.Head, review.Name)
	switch {
	case err != nil && !errors.Is(err, forge.ErrNotFound):
		return fmt.Errorf("looking for the check of pull request %d: %w", p.Number, err)
	case err == nil && there.Note == note && there.Completed && !again:
		is.Note = note
		return nil
	case err != nil || there.Note != note || there.Completed:
		if err := w.supersede(ctx, p, there); err != nil {
			return err
		}
		there = forge.CheckRun{}
	}
	verdict, err := w.judge(ctx, p, is)
	if err != nil {
		return fmt.Errorf("reviewing pull request %d: %w", p.Number, err)
	}
	err = w.tell(ctx, is.Head, note, verdict, there)
	if errors.Is(err, forge.ErrInvalid) {
		is.Note, is.Stuck = note, true // it will be no better the next time
	}
	if err != nil {
		return fmt.Errorf("telling pull request %d: %w", p.Number, err)
	}
	is.Note = note
	if again {
		is.Stuck, err = w.look.Checks.ChecksWanted(ctx, is.Head)
	}
	return err
}

// supersede ends a check run that was begun, and of which the texts are others by now:
// it would be in progress for ever.
func (w *reviewing) supersede(ctx context.Context, p *forge.Pull, there forge.CheckRun) error {
	if there.ID == 0 || there.Completed {
		return nil
	}
	text := forge.CheckText{Title: "Superseded", Summary: "The file changed while it was checked. A newer check has the answer.\n"}
	_, err := w.look.Checks.UpdateCheckRun(ctx, there.ID, forge.CheckChange{Conclusion: review.Neutral, At: w.Now(), Text: text})
	if proposal.Stops(err) {
		return fmt.Errorf("ending a check of pull request %d that was begun: %w", p.Number, err)
	}
	return nil
}

// tell writes a check run, with as many calls as its annotations need: all but the
// last leave it in progress, so that a run that was cut is seen, and goes on from
// there.
func (w *reviewing) tell(ctx context.Context, head, note string, v review.Verdict, there forge.CheckRun) error {
	rest := v.Annotations[min(there.Annotations, len(v.Annotations)):]
	for {
		part := rest[:min(len(rest), forge.MostAnnotations)]
		rest = rest[len(part):]
		change := forge.CheckChange{Note: note, Text: forge.CheckText{Title: v.Title, Summary: v.Summary, Annotations: part}}
		if len(rest) == 0 {
			change.Conclusion, change.At = v.Conclusion, w.Now()
		}
		var err error
		if there.ID == 0 {
			there, err = w.look.Checks.CreateCheckRun(ctx, forge.NewCheckRun{CheckChange: change, Name: review.Name, Head: head})
		} else {
			there, err = w.look.Checks.UpdateCheckRun(ctx, there.ID, change)
		}
		if err != nil || len(rest) == 0 {
			return err
		}
	}
}
