package forge

import "context"

// manner is how a call differs from others.
type manner struct {
	slow     bool  // has three times as long
	harmless bool  // is no write, though it is a POST
	max      int64 // bytes of the answer, when not 0
}

type mannerKey struct{}

func with(ctx context.Context, m manner) context.Context {
	return context.WithValue(ctx, mannerKey{}, m)
}

func mannerOf(ctx context.Context) manner {
	m, _ := ctx.Value(mannerKey{}).(manner)
	return m
}
