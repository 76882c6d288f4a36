package forge

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/go-github/v60/github"
)

// A write is made once: what GitHub refuses, or what a limit forbids, was not
// done, and after an *UnavailableError nobody knows. Each method below that
// writes says how to find out.

// ask makes one request to the repository, and reads its answer. path begins
// below the repository's. Before it writes, it makes sure that it is the one that
// is meant.
func (r *Repo) ask(ctx context.Context, method, path string, body, answer any) (*github.Response, error) {
	if r.wrong != nil {
		return nil, r.wrong
	}
	if method != http.MethodGet {
		if err := r.prove(ctx); err != nil {
			return nil, err
		}
	}
	api := r.client.api()
	req, err := api.NewRequest(method, r.path+path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	resp, err := api.Do(ctx, req, answer)
	return resp, plain(err)
}

// list reads all pages of what lies below the repository.
func list[G any](ctx context.Context, r *Repo, path string, query url.Values) ([]G, error) {
	if err := r.prove(ctx); err != nil {
		return nil, err
	}
	return all(func(page github.ListOptions) ([]G, *github.Response, error) {
		query.Set("per_page", strconv.Itoa(page.PerPage))
		if page.Page > 0 {
			query.Set("page", strconv.Itoa(page.Page))
		}
		var got []G
		resp, err := r.ask(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &got)
		return got, resp, err
	})
}
