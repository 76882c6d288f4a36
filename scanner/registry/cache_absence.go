package registry

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// absence is a tag that stood for no image.
type absence struct {
	At time.Time `json:"absent"`
	// NoImage is whether there was something else.
	NoImage bool `json:"noImage"`
}

func (a absence) valid() bool { return !a.At.IsZero() }

func (a absence) cause() error {
	if a.NoImage {
		return ErrNoImage
	}
	return ErrNotFound
}

// unlessAbsent remembers which tags are no images: lists are full of caches and
// charts, and each would take from the budget again and again. q is under which it
// is remembered, and doing how an error begins.
func unlessAbsent[T any](ctx context.Context, s *Shared, q question, doing string, send func() (T, error)) (T, error) {
	if last, found := recall(ctx, s, q, absence.valid); found && s.options.Now().Before(last.At.Add(s.options.Settled)) {
		var none T
		return none, fmt.Errorf("%s %s: %w", doing, spelt(q.repo, q.reference), last.cause())
	}
	answered, err := send()
	if errors.Is(err, ErrNoImage) || errors.Is(err, ErrNotFound) {
		gone := absence{At: s.options.Now(), NoImage: errors.Is(err, ErrNoImage)}
		s.keep(q, answer{value: gone, asked: gone.At})
		s.store(ctx, q, gone)
	}
	return answered, err
}
