package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// Told is something that is said on an issue or a pull request, once.
type Told struct {
	Repository int64
	Number     int
	// About tells it from other things that are said there.
	About string
	Text  string // Markdown
}

// Talker is what comments are read and written through.
type Talker interface {
	Comment(ctx context.Context, number int, body string) (int64, error)
	Comments(ctx context.Context, number int, since time.Time) ([]forge.Comment, error)
}

// Tell comments, once: what was said is found again by a hidden mark in a comment of
// ours. Where nobody may comment it says nothing.
func Tell(ctx context.Context, memory Memory, h *Historian, to Talker, t Told) error {
	known := fmt.Sprintf("said %d %d %s", t.Repository, t.Number, t.About)
	if _, is := memory.Fact(ctx, known); is {
		return nil
	}
	mark := "<!-- imageupdater said: " + t.About + " -->"
	comments, err := to.Comments(ctx, t.Number, time.Time{})
	if err != nil {
		return fmt.Errorf("reading what was said about %d: %w", t.Number, err)
	}
	said := slices.ContainsFunc(comments, func(c forge.Comment) bool { return h.IsBot(ctx, c.Author) && strings.Contains(c.Body, mark) })
	if !said {
		_, err := to.Comment(ctx, t.Number, strings.TrimRight(t.Text, "\n")+"\n\n"+mark)
		if err != nil && !errors.Is(err, forge.ErrLocked) { // nobody is to say anything there
			return fmt.Errorf("commenting on %d: %w", t.Number, err)
		}
	}
	memory.KeepFact(ctx, known, []byte("1"))
	return nil
}
