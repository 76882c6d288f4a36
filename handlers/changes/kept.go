package changes

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// How long notes are taken for all that there is. Releases are often written after
// their images are pushed, and seldom changed. Who does not answer is asked again after
// pendingFor, and each time after twice as long, mostDoubled times.
const (
	pendingFor  = 10 * time.Minute
	mostDoubled = 5
	thinFor     = time.Hour
	wholeFor    = 24 * time.Hour
)

// remembered is the name of the memory's entry; another form has another one.
const remembered = "changes 1"

// kept is what was read of one step.
type kept struct {
	// Key names what the notes depend on.
	Key string
	At  time.Time
	// Tries is how often in a row not all was answered.
	Tries int
	// Known says that there are notes. They were read of the repository Source, with
	// what rights the target had.
	Known     bool
	Rights    string
	Source    string
	Changelog proposal.Changelog
}

// shows tells whether what was read may be shown now.
func (k *kept) shows(t *Target) bool { return k.Rights == t.rights() }

// until is when it is read again.
func (k *kept) until() time.Time {
	n := &k.Changelog.Notes
	switch {
	case k.Tries > 0:
		return k.At.Add(pendingFor << min(k.Tries-1, mostDoubled))
	case n.Outcome == changelog.Nothing, n.Outcome == changelog.ByCommits && len(n.Entries) == 0, whole(n):
		return k.At.Add(wholeFor)
	}
	return k.At.Add(thinFor)
}

// whole tells whether there is something of each version.
func whole(n *changelog.Notes) bool {
	for i := range n.Entries {
		if n.Entries[i].Text == "" {
			return false
		}
	}
	return len(n.Entries) > 0
}

// lacking is the same after an image did not say where its source is, when it was time
// to ask.
func (k *kept) lacking(now time.Time, t *Target) kept {
	got := *k
	if k.Tries == 0 || !now.Before(k.until()) {
		got.At, got.Tries, got.Rights = now, k.Tries+1, t.rights()
	}
	return got
}

func (w *reading) recall(ctx context.Context) map[string]kept {
	var all map[string]kept
	if text, found := w.Memory.Note(ctx, w.target.ID, remembered); found && json.Unmarshal(text, &all) != nil {
		return nil
	}
	return all
}

// keep replaces what is remembered, where it is something else.
func (w *reading) keep(ctx context.Context, now map[string]kept) {
	text, err := json.Marshal(now)
	if err != nil { // it is plain data
		return
	}
	ctx = context.WithoutCancel(ctx)
	if had, found := w.Memory.Note(ctx, w.target.ID, remembered); found && bytes.Equal(had, text) || !found && len(now) == 0 {
		return
	}
	w.Memory.KeepNote(ctx, w.target.ID, remembered, text)
}
