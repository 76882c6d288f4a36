package githubtest

import (
	"context"
	"net/url"
)

// event is something that GitHub tells Apps of by a webhook.
type event struct {
	name   string // "pull_request"
	action string // "opened"; "" where the event has none
	repo   *Repository
	by     *user // the sender
	// payload is what the event has beyond its action, repository,
	// organization, installation and sender. It is shown when it happens: what
	// changes later does not change it.
	payload object
}

// happen is called with the server's lock held, after the state has changed.
func (s *Server) happen(e event) { s.events = append(s.events, e) }

// acting is a call that nobody made over HTTP: what a person does by a method
// of the stand-in shows things as a call does.
func (r *Repository) acting(ctx context.Context, by *user) *call {
	return &call{Server: r.server, ctx: ctx, params: map[string]string{}, query: url.Values{}, by: caller{user: by}, repo: r}
}
