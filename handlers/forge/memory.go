package forge

import (
	"context"
	"time"
)

// Memory is what GitHub answered, so that it may answer 304 the next time. It
// may forget at any time; then the read is asked for and paid again.
type Memory interface {
	// Recall gives what was remembered last of a repository by a name.
	Recall(ctx context.Context, repository int64, name string) (etag string, value []byte, found bool)
	Remember(ctx context.Context, repository int64, name, etag string, value []byte)
}

// Cooldowns are the times until which no call of an installation may be made.
// They are asked before each call, so they should answer at once. Installation 0
// is the App itself.
type Cooldowns interface {
	// Until is when the cooldown ends; zero, or past, when there is none.
	Until(ctx context.Context, installation int64) (time.Time, error)
	// Extend lets it end no sooner than until.
	Extend(ctx context.Context, installation int64, until time.Time) error
}

type noMemory struct{}

func (noMemory) Recall(context.Context, int64, string) (string, []byte, bool) { return "", nil, false }
func (noMemory) Remember(context.Context, int64, string, string, []byte)      {}

// noCooldowns leave it to what each account knows by itself.
type noCooldowns struct{}

func (noCooldowns) Until(context.Context, int64) (time.Time, error) { return time.Time{}, nil }
func (noCooldowns) Extend(context.Context, int64, time.Time) error  { return nil }

type backgroundKey struct{}

// Background marks reads that nobody waits for: they stop with a *LimitedError
// while less than a tenth of the hour's calls is left, so that people's actions
// have room.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

func isBackground(ctx context.Context) bool { return ctx.Value(backgroundKey{}) != nil }
