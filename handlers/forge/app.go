package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Account is a person, an organisation or a bot.
type Account struct {
	ID    int64
	Login string
	Kind  string // "User", "Organization" or "Bot"
}

// App is the App itself.
type App struct {
	ID          int64
	Slug        string
	Name        string
	BotLogin    string            // as whom it writes: "slug[bot]"
	Permissions map[string]string // "contents": "write"
	Events      []string
}

// Installation is the App on an account.
type Installation struct {
	ID          int64
	Account     Account
	All         bool // all repositories of the account, and not chosen ones
	Permissions map[string]string
	Events      []string
	Suspended   time.Time // zero when it is not
}

// App reads the App itself.
func (g *GitHub) App(ctx context.Context) (App, error) {
	got, _, err := g.api(g.app).Apps.Get(ctx, "")
	if err = plain(err); err == nil && got.GetSlug() == "" {
		err = &UnavailableError{"the App", 0, errIncomplete}
	}
	if err != nil {
		return App{}, fmt.Errorf("reading the App: %w", err)
	}
	return App{
		ID: got.GetID(), Slug: got.GetSlug(), Name: got.GetName(), BotLogin: got.GetSlug() + "[bot]",
		Permissions: granted(got.Permissions), Events: got.Events,
	}, nil
}

// AppOf reads the id of any App by its slug, which is what its bot's login has before
// "[bot]". It is asked for once and remembered, though an App may be renamed: what it
// is needed for is who set a status. It is ErrNotFound where there is no such App, or
// a private one that belongs to somebody else.
func (r *Repo) AppOf(ctx context.Context, slug string) (int64, error) {
	id, err := r.appBySlug(ctx, slug)
	if err != nil {
		return 0, fmt.Errorf("reading the App %q: %w", slug, err)
	}
	return id, nil
}

func (r *Repo) appBySlug(ctx context.Context, slug string) (int64, error) {
	escaped, err := segments(slug)
	if err == nil && strings.Contains(slug, "/") {
		err = fmt.Errorf("%w: no slug", ErrInvalid)
	}
	if err = errors.Join(r.wrong, err); err != nil {
		return 0, err
	}
	name, id := "app "+slug, int64(0)
	if _, kept := r.recall(ctx, name); json.Unmarshal(kept, &id) == nil && id > 0 {
		return id, nil
	}
	got, _, err := r.client.api().Apps.Get(ctx, escaped)
	switch err = plain(err); {
	case err != nil:
		return 0, err
	case got.GetID() <= 0 || !strings.EqualFold(got.GetSlug(), slug):
		return 0, &UnavailableError{"an App", 0, errIncomplete}
	}
	return got.GetID(), r.keepForever(ctx, name, true, got.GetID())
}

// Installations reads all of them.
func (g *GitHub) Installations(ctx context.Context) ([]Installation, error) {
	found, err := all(func(page github.ListOptions) ([]*github.Installation, *github.Response, error) {
		return g.api(g.app).Apps.ListInstallations(ctx, &page)
	})
	if err != nil {
		return nil, fmt.Errorf("listing installations: %w", err)
	}
	return distinct(found, installationOf, func(i Installation) int64 { return i.ID }), nil
}

// Installation reads one.
func (g *GitHub) Installation(ctx context.Context, id int64) (Installation, error) {
	got, _, err := g.api(g.app).Apps.GetInstallation(ctx, id)
	if err = plain(err); err != nil {
		return Installation{}, fmt.Errorf("reading installation %d: %w", id, err)
	}
	return installationOf(got), nil
}

// InstallationOf reads the one that a repository belongs to.
func (g *GitHub) InstallationOf(ctx context.Context, owner, name string) (Installation, error) {
	if _, err := (Ref{Owner: owner, Name: name}).path(); err != nil {
		return Installation{}, err
	}
	got, _, err := g.api(g.app).Apps.FindRepositoryInstallation(ctx, owner, name)
	if err = plain(err); err != nil {
		return Installation{}, fmt.Errorf("reading the installation of %s/%s: %w", owner, name, err)
	}
	return installationOf(got), nil
}

func installationOf(i *github.Installation) Installation {
	return Installation{
		ID: i.GetID(), Account: accountOf(i.Account), All: i.GetRepositorySelection() == "all",
		Permissions: granted(i.Permissions), Events: i.Events, Suspended: i.GetSuspendedAt().Time,
	}
}

func accountOf(u *github.User) Account {
	return Account{ID: u.GetID(), Login: u.GetLogin(), Kind: u.GetType()}
}

// granted is permissions by their names in the API, which go-github has as tags.
func granted(p *github.InstallationPermissions) map[string]string {
	text, err := json.Marshal(p)
	names := map[string]string{}
	if err != nil || json.Unmarshal(text, &names) != nil || names == nil {
		return map[string]string{}
	}
	return names
}

// maxPages bounds lists; a page has 100.
const maxPages = 1000

// all reads the pages of a list.
func all[T any](read func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var found []T
	options := github.ListOptions{PerPage: 100}
	for range maxPages {
		part, resp, err := read(options)
		if err = plain(err); err != nil {
			return nil, err
		}
		found = append(found, part...)
		if resp.NextPage == 0 {
			return found, nil
		}
		options.Page = resp.NextPage
	}
	return nil, &TooLargeError{"a list of GitHub's", maxPages * int64(options.PerPage)}
}

// distinct drops what came twice, since a list may shift between two pages.
func distinct[G, T any](got []G, take func(G) T, id func(T) int64) []T {
	found := make([]T, 0, len(got))
	seen := map[int64]bool{}
	for _, g := range got {
		if t := take(g); !seen[id(t)] {
			seen[id(t)] = true
			found = append(found, t)
		}
	}
	return found
}
