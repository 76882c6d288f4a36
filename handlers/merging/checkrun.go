package merging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// Tell lets the check run of the head say the verdict. It writes nothing while that
// is the same, unless somebody asked for the App's checks anew.
func (m *Merger) Tell(ctx context.Context, s *Subject, v *policy.Verdict) error {
	if v.Head == "" {
		return nil
	}
	change := forge.CheckChange{Conclusion: v.Conclusion, At: m.Now(), Text: forge.CheckText{Title: v.Title, Summary: policy.Table(v)}}
	sum := sumOf(&change)
	change.Note = sum
	st := s.Standing
	anew := false
	if st.Told == sum {
		wanted, err := m.GitHub.ChecksWanted(ctx, v.Head)
		if err != nil {
			return fmt.Errorf("asking whether pull request %d is to be checked again: %w", s.Number, err)
		}
		if anew = wanted && !st.Stuck; !anew {
			st.Stuck = wanted
			return nil
		}
	}
	if err := m.put(ctx, v.Head, &change, st, anew || st.CheckRun == 0 && s.listed); err != nil {
		return fmt.Errorf("telling pull request %d its verdict: %w", s.Number, err)
	}
	st.Told, st.Stuck = sum, anew
	return nil
}

// put changes the check run that is there, or makes one. anew says that none is there, or
// that it is no more to be changed.
func (m *Merger) put(ctx context.Context, head string, change *forge.CheckChange, st *Standing, anew bool) error {
	if st.CheckRun == 0 && !anew {
		there, err := m.GitHub.CheckRunOf(ctx, head, policy.OwnCheck)
		if err != nil && !errors.Is(err, forge.ErrNotFound) {
			return err
		}
		if st.CheckRun = there.ID; there.Completed && there.Note == change.Note {
			return nil
		}
	}
	if st.CheckRun != 0 && !anew {
		_, err := m.GitHub.UpdateCheckRun(ctx, st.CheckRun, *change)
		if !errors.Is(err, forge.ErrNotFound) {
			return err
		}
	}
	made, err := m.GitHub.CreateCheckRun(ctx, forge.NewCheckRun{CheckChange: *change, Name: policy.OwnCheck, Head: head})
	if err != nil {
		return err
	}
	st.CheckRun = made.ID
	return nil
}

// sumOf tells texts of check runs apart.
func sumOf(change *forge.CheckChange) string {
	sum := sha256.Sum256([]byte(change.Conclusion + "\n" + change.Text.Title + "\n" + change.Text.Summary))
	return hex.EncodeToString(sum[:16])
}

// Pass puts the check onto a commit about which policies have nothing to say: where a
// branch requires it, it is required of everybody. anew tells it once more where it is
// there already.
func (m *Merger) Pass(ctx context.Context, head string, text forge.CheckText, anew bool) error {
	there, err := m.GitHub.CheckRunOf(ctx, head, policy.OwnCheck)
	if err == nil && there.Completed && there.Conclusion == policy.Success && !anew {
		return nil
	}
	if err != nil && !errors.Is(err, forge.ErrNotFound) {
		return fmt.Errorf("looking for the check of %s: %w", head, err)
	}
	change := forge.CheckChange{Conclusion: policy.Success, At: m.Now(), Text: text}
	if err := m.put(ctx, head, &change, &Standing{CheckRun: there.ID}, anew || there.ID == 0); err != nil {
		return fmt.Errorf("letting %s pass: %w", head, err)
	}
	return nil
}
