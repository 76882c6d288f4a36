package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// GitHub writes an issue whatever is there: what a person wrote between our reading
// and our writing is gone. That it was there a webhook tells, with the text before and
// after. An edit of the very text that our last write replaced is one that the write
// took away.

// edit is a person's edit of an issue's body.
type edit struct {
	To   string    `json:"to"` // the sum of the body afterwards
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

const (
	// mostEdits is how many edits are made during one write at most.
	mostEdits = 20
	// soon is how long before a write is noted an edit of what it replaced may be
	// told.
	soon = 2 * time.Minute
)

// editOf is under what is kept what became of a body. Several webhooks may be handled
// at a time, each with an edit of its own.
func editOf(number int, from string) string { return fmt.Sprintf("%d, edited from %s", number, from) }

// Edited notes that a person edited an issue.
func Edited(ctx context.Context, m Memory, repository int64, number int, from, body string, at time.Time) {
	if from == body {
		return
	}
	if text, err := json.Marshal(edit{sumOf(body), body, at}); err == nil {
		m.KeepNote(ctx, repository, editOf(number, sumOf(from)), text)
	}
}

// Lost is the body that people had made of an issue when our last write took it away;
// "" where it took nothing away. untouched tells that nobody has written other notes
// since: boxes may have been ticked.
func (d *Desk) Lost(ctx context.Context, k Kind, issue *forge.Issue) (body string, untouched bool) {
	n, is := d.recall(ctx, k)
	if !is || n.Number != issue.Number || n.Over == "" {
		return "", false
	}
	for at := n.Over; len(d.lost) < mostEdits; {
		var next edit
		name := editOf(issue.Number, at)
		text, found := d.Memory.Note(ctx, d.Repository, name)
		if !found || json.Unmarshal(text, &next) != nil || next.To == "" || next.At.Before(n.At.Add(-soon)) {
			break
		}
		d.lost = append(d.lost, name)
		at, body = next.To, next.Body
	}
	return body, n.Wrote == sumOf(k.Notes(issue.Body))
}

// restored forgets the edits that were lost: they are in what was written now.
func (d *Desk) restored(ctx context.Context) {
	for _, name := range d.lost {
		d.Memory.KeepNote(ctx, d.Repository, name, []byte("{}"))
	}
	d.lost = nil
}

// sumOf tells bodies apart.
func sumOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:16])
}
