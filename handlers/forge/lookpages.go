package forge

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// mostPages is how many pages of one list are read: what has more is an error, and
// never read in part.
const mostPages = 10

// errPart is a list of which GitHub told less than it has.
var errPart = errors.New("the list lacks some of what it counts")

// page is one of a list, as it is remembered.
type page[T any] struct {
	All []T `json:"all"`
	// Total is how many the list has, where GitHub counts them.
	Total int  `json:"total,omitempty"`
	More  bool `json:"more,omitempty"`
}

// lookPages reads all pages of a list, each for nothing where it has not changed.
// path may have a query; id tells what was on two pages, since pages shift while they
// are read. A list that is not whole is an *UnavailableError, one of more than
// 1,000 a *TooLargeError.
func lookPages[G, T any](
	ctx context.Context, r *Repo, what, path string, take func(G) (page[T], error), id func(T) string,
) (found []T, unchanged bool, err error) {
	unchanged = true
	seen := map[string]bool{}
	total := 0
	for n, more := 1, true; more; n++ {
		if n > mostPages || total > mostPages*each {
			return nil, false, &TooLargeError{what, mostPages * each}
		}
		one, same, err := lookPage(ctx, r, what, path, n, take)
		if err != nil {
			return nil, false, err
		}
		for _, t := range one.All {
			if !seen[id(t)] {
				seen[id(t)] = true
				found = append(found, t)
			}
		}
		unchanged, total, more = unchanged && same, max(total, one.Total), one.More
	}
	if len(found) < total {
		return nil, false, &UnavailableError{what, 0, errPart}
	}
	return found, unchanged, nil
}

// listed refuses an answer that is no list at all, such as null: one that is empty is
// none of those.
func listed[T any](what string, got []T) error {
	if got == nil {
		return &UnavailableError{what, 0, errIncomplete}
	}
	return nil
}

func lookPage[G, T any](
	ctx context.Context, r *Repo, what, path string, n int, take func(G) (page[T], error),
) (one page[T], unchanged bool, err error) {
	number, joined := strconv.Itoa(n), "&"
	if !strings.Contains(path, "?") {
		joined = "?"
	}
	return lookAt(ctx, r, what+" "+number, r.path+path+joined+"per_page="+strconv.Itoa(each)+"&page="+number,
		func(got G, resp *github.Response) (page[T], error) {
			one, err := take(got)
			one.More = resp.NextPage != 0
			return one, err
		})
}
