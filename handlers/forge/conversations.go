package forge

import (
	"context"
	"errors"
	"fmt"
)

const readConversations = `query($id: ID!, $after: String) { node(id: $id) { ... on PullRequest {
	number reviewThreads(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id isResolved } }
} } }`

// conversationsShown is how GraphQL shows a page of those of a pull request.
type conversationsShown struct {
	Number int `json:"number"`
	All    struct {
		Total *int `json:"totalCount"`
		Page  struct {
			More *bool  `json:"hasNextPage"`
			End  string `json:"endCursor"`
		} `json:"pageInfo"`
		Nodes []struct {
			ID       string `json:"id"`
			Resolved *bool  `json:"isResolved"`
		} `json:"nodes"`
	} `json:"reviewThreads"`
}

// check refuses a page of another pull request, and one that is not whole.
func (s *conversationsShown) check(number int) error {
	all := s.All
	whole := s.Number == number && all.Total != nil && all.Page.More != nil && (!*all.Page.More || all.Page.End != "")
	for _, one := range all.Nodes {
		whole = whole && one.ID != "" && one.Resolved != nil
	}
	if !whole {
		return &UnavailableError{whatConversations, 0, errors.New("they are another pull request's, or not whole")}
	}
	return nil
}

const whatConversations = "the conversations of a pull request"

// Unresolved reads how many conversations on a pull request's diff are not resolved,
// by its node id, which Candidate tells. It costs a query for each hundred of them,
// resolved or not: REST does not tell. More than 1,000 are a *TooLargeError; where
// GitHub tells less than it counts that is an *UnavailableError.
func (r *Repo) Unresolved(ctx context.Context, number int, node string) (int, error) {
	n, err := r.unresolved(ctx, number, node)
	if err != nil {
		return 0, fmt.Errorf("reading the conversations of pull request %d of %s: %w", number, r.ref, err)
	}
	return n, nil
}

func (r *Repo) unresolved(ctx context.Context, number int, node string) (int, error) {
	if r.wrong != nil {
		return 0, r.wrong
	}
	if node == "" {
		return 0, fmt.Errorf("%w: a pull request without a node id", ErrInvalid)
	}
	open, total := map[string]bool{}, 0
	variables := map[string]any{"id": node}
	for n, more := 1, true; more; n++ {
		if n > mostPages || total > mostPages*each {
			return 0, &TooLargeError{whatConversations, mostPages * each}
		}
		got, err := query[conversationsShown](ctx, r.client, mutation{readConversations, variables}, "node")
		if err == nil {
			err = got.check(number)
		}
		if err != nil {
			return 0, err
		}
		for _, one := range got.All.Nodes {
			open[one.ID] = !*one.Resolved
		}
		total, more = max(total, *got.All.Total), *got.All.Page.More
		variables = map[string]any{"id": node, "after": got.All.Page.End}
	}
	return counted(open, total)
}

// counted is how many of all are open, if they are all.
func counted(open map[string]bool, total int) (int, error) {
	if len(open) < total {
		return 0, &UnavailableError{whatConversations, 0, errPart}
	}
	n := 0
	for _, is := range open {
		if is {
			n++
		}
	}
	return n, nil
}
