package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-github/v60/github"
)

// Ref names a repository: its id stays for ever, its name does not.
type Ref struct {
	ID          int64
	Owner, Name string
}

func (r Ref) String() string { return r.Owner + "/" + r.Name }

// path is the repository's endpoint.
func (r Ref) path() (string, error) {
	name := regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	for _, part := range []string{r.Owner, r.Name} {
		if !name.MatchString(part) || part == "." || part == ".." {
			return "", fmt.Errorf("%w: %q is no repository", ErrInvalid, r.String())
		}
	}
	return "repos/" + r.Owner + "/" + r.Name, nil
}

// Repository is what GitHub says of one.
type Repository struct {
	Ref

	NodeID                                      string
	DefaultBranch                               string
	Archived, Disabled, Fork, Private, Template bool
	Visibility                                  string // "public", "internal" or "private"; of old servers ""
	Size                                        int    // KiB
	Pushed                                      time.Time
}

func repositoryOf(r *github.Repository) Repository {
	return Repository{
		Ref:    Ref{ID: r.GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName()},
		NodeID: r.GetNodeID(), DefaultBranch: r.GetDefaultBranch(),
		Archived: r.GetArchived(), Disabled: r.GetDisabled(), Fork: r.GetFork(), Private: r.GetPrivate(), Template: r.GetIsTemplate(),
		Visibility: r.GetVisibility(),
		Size:       r.GetSize(), Pushed: r.GetPushedAt().Time,
	}
}

// Repo reads and writes one repository. It is meant for one job: that the name still leads
// to the repository is looked at once, with the first answer that does not say it
// by itself. A Ref without an id is not looked at, and nothing of it is remembered.
type Repo struct {
	client *Client
	ref    Ref
	path   string
	wrong  error // why the Ref can be none
	proved atomic.Bool
	now    atomic.Pointer[place]
}

// place is what GitHub calls a repository today.
type place struct{ node, owner string }

// Repo gives what reads a repository. It makes no request.
func (c *Client) Repo(ref Ref) *Repo {
	path, err := ref.path()
	return &Repo{client: c, ref: ref, path: path, wrong: err}
}

// Repository reads the repository itself, by its name of today. It is a
// *MovedError when another one has taken the name.
func (r *Repo) Repository(ctx context.Context) (Repository, error) {
	found, _, err := look(ctx, r, "repository", r.path, func(got *github.Repository) (Repository, error) {
		if err := r.is(got.GetID()); err != nil {
			return Repository{}, err
		}
		return repositoryOf(got), nil
	})
	if err != nil {
		return Repository{}, fmt.Errorf("reading %s: %w", r.ref, err)
	}
	r.learn(found.NodeID, found.Owner)
	r.proved.Store(true)
	return found, nil
}

// Repository reads what GitHub says of a repository, for nothing when that has
// not changed.
func (c *Client) Repository(ctx context.Context, ref Ref) (Repository, error) {
	return c.Repo(ref).Repository(ctx)
}

// Resolve finds where a repository is now: by its old name, which leads on until
// somebody takes it, else among those of the installation. ErrNotFound means that
// the installation has it no more.
func (c *Client) Resolve(ctx context.Context, ref Ref) (Ref, error) {
	found, err := c.Repository(ctx, ref)
	var moved *MovedError
	switch {
	case err == nil:
		return found.Ref, nil
	case !errors.As(err, &moved) && !errors.Is(err, ErrNotFound):
		return Ref{}, err
	case ref.ID == 0:
		return Ref{}, err
	}
	all, err := c.Repositories(ctx)
	if err != nil {
		return Ref{}, fmt.Errorf("finding %s again: %w", ref, err)
	}
	for _, one := range all {
		if one.ID == ref.ID {
			return one.Ref, nil
		}
	}
	return Ref{}, fmt.Errorf("finding %s again: %w", ref, ErrNotFound)
}

// is holds an id that came with an answer against the one that was meant.
func (r *Repo) is(id int64) error {
	if r.ref.ID != 0 && id != r.ref.ID {
		return &MovedError{r.ref, id}
	}
	r.proved.Store(true)
	return nil
}

// learn notes what an answer says of the repository.
func (r *Repo) learn(node, owner string) {
	if node != "" && owner != "" {
		r.now.Store(&place{node, owner})
	}
}

// place is known from any answer that told it; else the repository is read.
func (r *Repo) place(ctx context.Context) (place, error) {
	if known := r.now.Load(); known != nil {
		return *known, nil
	}
	found, err := r.Repository(ctx)
	if err == nil && (found.NodeID == "" || found.Owner == "") {
		err = &UnavailableError{"a repository", 0, errIncomplete}
	}
	return place{found.NodeID, found.Owner}, err
}

// prove makes sure that the name still leads to the repository.
func (r *Repo) prove(ctx context.Context) error {
	if r.ref.ID == 0 || r.proved.Load() {
		return nil
	}
	_, err := r.Repository(ctx)
	return err
}

// remembered is the form of what is kept; another form has another number.
const remembered = "3 "

// look reads what may have stayed as it was: then GitHub's answer costs nothing,
// and the value is the one that is remembered. take picks it from the answer.
func look[G, T any](ctx context.Context, r *Repo, name, path string, take func(G) (T, error)) (value T, unchanged bool, err error) {
	return lookAt(ctx, r, name, path, func(got G, _ *github.Response) (T, error) { return take(got) })
}

// lookAt is look for what is told beside the answer, too.
func lookAt[G, T any](
	ctx context.Context, r *Repo, name, path string, take func(G, *github.Response) (T, error),
) (value T, unchanged bool, err error) {
	if r.wrong != nil {
		return value, false, r.wrong
	}
	etag, kept := r.recall(ctx, name)
	if etag != "" && json.Unmarshal(kept, &value) != nil {
		value, etag = *new(T), ""
	}
	api := r.client.api()
	req, err := api.NewRequest("GET", path, nil)
	if err != nil {
		return value, false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	var got G
	resp, err := api.Do(ctx, req, &got)
	if resp != nil && resp.StatusCode == http.StatusNotModified {
		return value, true, nil
	}
	if err = plain(err); err != nil {
		return *new(T), false, err
	}
	if err = r.sentOn(resp.Request.URL); err != nil {
		return *new(T), false, err
	}
	if value, err = take(got, resp); err != nil {
		return *new(T), false, err
	}
	return value, false, r.keep(ctx, name, resp.Header.Get("Etag"), value)
}

// sentOn looks at where an answer came from: what has moved is found by the id
// of the repository that it is in now.
func (r *Repo) sentOn(from *url.URL) error {
	_, id, byID := strings.Cut(from.Path, "/repositories/")
	id, _, _ = strings.Cut(id, "/")
	if n, err := strconv.ParseInt(id, 10, 64); byID && err == nil {
		return r.is(n)
	}
	return nil
}

func (r *Repo) recall(ctx context.Context, name string) (etag string, kept []byte) {
	if r.ref.ID == 0 {
		return "", nil
	}
	etag, kept, found := r.client.github.o.Memory.Recall(ctx, r.ref.ID, remembered+name)
	if !found {
		return "", nil
	}
	return etag, kept
}

// keep remembers a value of what is proved to be the repository.
func (r *Repo) keep(ctx context.Context, name, etag string, value any) error {
	if err := r.prove(ctx); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("remembering %s of %s: %w", name, r.ref, err)
	}
	if r.ref.ID != 0 && etag != "" {
		r.client.github.o.Memory.Remember(ctx, r.ref.ID, remembered+name, etag, text)
	}
	return nil
}
