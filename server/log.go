package server

import (
	"context"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

// newLogger logs as the configuration says, and no secret.
func newLogger(to io.Writer, l config.Log, now func() time.Time, without *redactor) zerolog.Logger {
	level, err := zerolog.ParseLevel(string(l.Level))
	if err != nil {
		level = zerolog.InfoLevel
	}
	to = without.writer(to)
	if l.Format == config.LogConsole {
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: time.RFC3339}
	}
	return zerolog.New(to).Level(level).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Time(zerolog.TimestampFieldName, now())
	}))
}

// learning lets the redactor know the secrets that registries are shown: they are
// read when they are needed, and may change.
type learning struct {
	authn.Authenticator

	redactor *redactor
}

func (r *redactor) watched(c registry.Credential) registry.Credential {
	if c.Authenticator != nil {
		c.Authenticator = learning{c.Authenticator, r}
	}
	return c
}

// AuthorizationContext is part of authn.ContextAuthenticator.
func (l learning) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	got, err := authn.Authorization(ctx, l.Authenticator)
	if got != nil {
		l.redactor.learn(got.Password, got.Auth, got.IdentityToken, got.RegistryToken)
	}
	return got, err
}

// Invalidate is what credentials offer for a 401.
func (l learning) Invalidate(ctx context.Context) bool {
	i, is := l.Authenticator.(interface {
		Invalidate(ctx context.Context) bool
	})
	return is && i.Invalidate(ctx)
}
