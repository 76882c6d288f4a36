package forge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Native is what GitHub itself is about to do with a pull request, with what REST
// does not tell of it.
type Native struct {
	State     string // "open", "closed" or "merged"
	Draft     bool
	Head      string     // the commit
	Base      string     // the branch
	AutoMerge *AutoMerge // nil where it is not to merge by itself
	Queued    *Queued    // nil where it is in no merge queue
	Queue     bool       // the base has a merge queue
	// Decision is GitHub's sum of the reviews: "approved", "changes_requested",
	// "review_required", or "" where no review is required.
	Decision string
}

// Queued is a place in a merge queue.
type Queued struct {
	By       Account
	At       time.Time
	Position int
	// State is "queued", "awaiting_checks", "mergeable", "unmergeable" or "locked".
	State string
}

const readNative = `query($id: ID!) { node(id: $id) { ... on PullRequest {
	number state isDraft headRefOid baseRefName isMergeQueueEnabled reviewDecision
	autoMergeRequest { mergeMethod enabledBy { ...who } }
	mergeQueueEntry { position state enqueuedAt enqueuer { ...who } }
} } }
fragment who on Actor { __typename login ... on Bot { databaseId } ... on User { databaseId } }`

// actorShown is how GraphQL shows an account.
type actorShown struct {
	Kind  string `json:"__typename"`
	Login string `json:"login"`
	ID    int64  `json:"databaseId"`
}

// account has the login as REST writes it, where a bot's has an ending.
func (a *actorShown) account() Account {
	switch {
	case a == nil:
		return Account{}
	case a.Kind == "Bot" && !strings.HasSuffix(a.Login, "[bot]"):
		return Account{a.ID, a.Login + "[bot]", a.Kind}
	}
	return Account{a.ID, a.Login, a.Kind}
}

// nativeShown is how GraphQL shows it.
type nativeShown struct {
	Number    int    `json:"number"`
	State     string `json:"state"`
	Draft     bool   `json:"isDraft"`
	Head      string `json:"headRefOid"`
	Base      string `json:"baseRefName"`
	Queue     bool   `json:"isMergeQueueEnabled"`
	Decision  string `json:"reviewDecision"`
	AutoMerge *struct {
		Method string      `json:"mergeMethod"`
		By     *actorShown `json:"enabledBy"`
	} `json:"autoMergeRequest"`
	Entry *struct {
		Position int         `json:"position"`
		State    string      `json:"state"`
		At       time.Time   `json:"enqueuedAt"`
		By       *actorShown `json:"enqueuer"`
	} `json:"mergeQueueEntry"`
}

func (s *nativeShown) native() Native {
	n := Native{
		State: strings.ToLower(s.State), Draft: s.Draft, Head: s.Head, Base: s.Base, Queue: s.Queue, Decision: strings.ToLower(s.Decision),
	}
	if a := s.AutoMerge; a != nil {
		n.AutoMerge = &AutoMerge{a.By.account(), strings.ToLower(a.Method)}
	}
	if e := s.Entry; e != nil {
		n.Queued = &Queued{e.By.account(), e.At, e.Position, strings.ToLower(e.State)}
	}
	return n
}

// Native reads it by the pull request's node id, which Candidate tells, in one
// query. GitHub answers no query for nothing: what REST tells is read there.
func (r *Repo) Native(ctx context.Context, number int, node string) (Native, error) {
	n, err := r.native(ctx, number, node)
	if err != nil {
		return Native{}, fmt.Errorf("reading what GitHub will do with pull request %d of %s: %w", number, r.ref, err)
	}
	return n, nil
}

func (r *Repo) native(ctx context.Context, number int, node string) (Native, error) {
	if r.wrong != nil {
		return Native{}, r.wrong
	}
	if node == "" {
		return Native{}, fmt.Errorf("%w: a pull request without a node id", ErrInvalid)
	}
	got, err := query[nativeShown](ctx, r.client, mutation{readNative, map[string]any{"id": node}}, "node")
	switch {
	case err != nil:
		return Native{}, err
	case got.Number != number || got.State == "" || object(got.Head) != nil:
		return Native{}, &UnavailableError{"a pull request", 0, errors.New("it is another one, or not whole")}
	}
	return got.native(), nil
}
