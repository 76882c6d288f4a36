package forge

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"
)

// tokens say as whom an account calls.
type tokens interface {
	// get gives a token other than the one that GitHub has rejected.
	get(ctx context.Context, rejected string) (string, error)
}

// appToken signs for the App itself. GitHub takes what is signed a minute in the
// past and ends in ten minutes at most; clocks differ.
type appToken struct {
	id  int64
	key *rsa.PrivateKey
	now func() time.Time

	mu     sync.Mutex
	text   string
	signed time.Time
}

const (
	signedFor   = 9 * time.Minute
	signedUsed  = 5 * time.Minute
	signedSince = time.Minute
)

func (t *appToken) get(_ context.Context, rejected string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if age := now.Sub(t.signed); t.text != "" && t.text != rejected && age >= 0 && age < signedUsed {
		return t.text, nil
	}
	claims := jwt.RegisteredClaims{
		Issuer:    strconv.FormatInt(t.id, 10),
		IssuedAt:  jwt.NewNumericDate(now.Add(-signedSince)),
		ExpiresAt: jwt.NewNumericDate(now.Add(signedFor)),
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("signing as the App: %w", err)
	}
	t.text, t.signed = text, now
	return text, nil
}

// installationToken asks for an installation's token and keeps it for all who
// work for the installation. Nothing is assumed of how it looks.
type installationToken struct {
	github       *GitHub
	installation int64
	narrowed     *github.InstallationTokenOptions // nil for all that there is
	busy         chan struct{}                    // held while the rest is looked at
	text         string
	expires      time.Time
}

// renewed is how long before its end a token is replaced: no call takes longer.
const renewed = 5 * time.Minute

func newInstallationToken(g *GitHub, installation int64, narrowed *github.InstallationTokenOptions) *installationToken {
	return &installationToken{github: g, installation: installation, narrowed: narrowed, busy: make(chan struct{}, 1)}
}

func (t *installationToken) get(ctx context.Context, rejected string) (string, error) {
	select {
	case t.busy <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-t.busy }()
	if t.text != "" && t.text != rejected && t.github.o.Now().Before(t.expires.Add(-renewed)) {
		return t.text, nil
	}
	options := cmp.Or(t.narrowed, &github.InstallationTokenOptions{})
	made, _, err := t.github.api(t.github.app).Apps.CreateInstallationToken(with(ctx, manner{harmless: true}), t.installation, options)
	switch err = plain(err); {
	case errors.Is(err, ErrNotFound):
		return "", fmt.Errorf("a token of installation %d: %w", t.installation, ErrUninstalled)
	case err != nil:
		return "", fmt.Errorf("a token of installation %d: %w", t.installation, err)
	}
	if err := t.fits(made); err != nil {
		return "", fmt.Errorf("a token of installation %d: %w", t.installation, &UnavailableError{"a token", 0, err})
	}
	t.text, t.expires = made.GetToken(), made.GetExpiresAt().Time
	return t.text, nil
}

var errTooWide = errors.New("it may do more than was asked for")

// fits makes sure that a token is one, and no wider than was asked for.
func (t *installationToken) fits(made *github.InstallationToken) error {
	if made.GetToken() == "" {
		return errIncomplete
	}
	if t.narrowed == nil {
		return nil
	}
	asked := granted(t.narrowed.Permissions)
	for name, level := range granted(made.Permissions) {
		if asked[name] != level && (name != "metadata" || level != "read") {
			return errTooWide
		}
	}
	if len(t.narrowed.RepositoryIDs)+len(t.narrowed.Repositories) == 0 {
		return nil
	}
	for _, repo := range made.Repositories {
		if !slices.Contains(t.narrowed.RepositoryIDs, repo.GetID()) &&
			!slices.ContainsFunc(t.narrowed.Repositories, func(name string) bool { return strings.EqualFold(name, repo.GetName()) }) {
			return errTooWide
		}
	}
	return nil
}
