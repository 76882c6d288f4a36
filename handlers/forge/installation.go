package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-github/v60/github"
)

// Client works in the name of one installation. It may be used from several
// goroutines; all Clients of an installation share its limits and its token.
type Client struct {
	github  *GitHub
	account *account
}

// As gives the Client of an installation. It makes no request.
func (g *GitHub) As(installation int64) *Client {
	return &Client{g, g.account(installation)}
}

func (c *Client) api() *github.Client { return c.github.api(c.account) }

// Repositories reads all that the installation has.
func (c *Client) Repositories(ctx context.Context) ([]Repository, error) {
	found, err := all(func(page github.ListOptions) ([]*github.Repository, *github.Response, error) {
		list, resp, err := c.api().Apps.ListRepos(ctx, &page)
		switch {
		case err != nil:
			return nil, nil, err
		case list.TotalCount == nil:
			return nil, nil, &UnavailableError{"a list of repositories", resp.StatusCode, errIncomplete}
		}
		return list.Repositories, resp, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the repositories of installation %d: %w", c.account.installation, err)
	}
	return distinct(found, repositoryOf, func(r Repository) int64 { return r.ID }), nil
}

// Token is a secret; printing it shows none.
type Token struct {
	Secret  string
	Expires time.Time
}

func (Token) String() string { return "[secret]" }

// GoString is what %#v shows.
func (Token) GoString() string { return "[secret]" }

// Token makes a token that may read packages and nothing else, for ghcr.io.
func (c *Client) Token(ctx context.Context) (Token, error) {
	narrow := newInstallationToken(c.github, c.account.installation, &github.InstallationTokenOptions{
		Permissions: &github.InstallationPermissions{Packages: new("read")},
	})
	secret, err := narrow.get(ctx, "")
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
		return Token{}, &PermissionError{refused.Endpoint, "packages=read", refused.Message}
	}
	if err != nil {
		return Token{}, err
	}
	return Token{secret, narrow.expires}, nil
}
