package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/palantir/go-githubapp/githubapp"

	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/server/jobs"
)

// maxPayload is GitHub's own bound of what it sends.
const maxPayload = 25 << 20

// intake stores GitHub's webhooks. It is what go-githubapp's dispatcher calls once
// the signature was found right.
type intake struct{ server *Server }

// Handles is part of githubapp.EventHandler.
func (intake) Handles() []string { return handlers.Events() }

// Handle is part of githubapp.EventHandler.
func (i intake) Handle(ctx context.Context, event, id string, payload []byte) error {
	fresh, err := i.server.queue.Deliver(ctx, jobs.Delivery{ID: id, Event: event, Body: payload})
	if err == nil {
		i.server.metrics.webhooks.WithLabelValues(event, map[bool]string{true: "stored", false: "known"}[fresh]).Inc()
	}
	return err
}

// webhooks answers GitHub: 202 when the webhook is stored, and never before.
func (s *Server) webhooks() http.Handler {
	dispatcher := githubapp.NewEventDispatcher([]githubapp.EventHandler{intake{s}}, s.secrets.webhook,
		githubapp.WithErrorCallback(s.refuseWebhook),
		githubapp.WithResponseCallback(func(w http.ResponseWriter, _ *http.Request, _ string, handled bool) {
			if handled {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			w.WriteHeader(http.StatusNoContent) // a ping, and what the App did not subscribe to
		}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The library takes SHA-1 in place of a signature that is missing.
		if r.Header.Get("X-Hub-Signature-256") == "" || r.Header.Get("X-GitHub-Delivery") == "" {
			s.refuseWebhook(w, r, githubapp.ValidationError{Cause: errUnsigned})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxPayload)
		dispatcher.ServeHTTP(w, r)
	})
}

var errUnsigned = errors.New("X-Hub-Signature-256 or X-GitHub-Delivery is missing")

func (s *Server) refuseWebhook(w http.ResponseWriter, r *http.Request, err error) {
	status, message, outcome := http.StatusServiceUnavailable, "it could not be stored: send it again", "failed"
	if invalid, is := errors.AsType[githubapp.ValidationError](err); is {
		status, message, outcome = http.StatusUnauthorized, "the signature does not fit", "refused"
		if _, large := errors.AsType[*http.MaxBytesError](invalid.Cause); large {
			status, message = http.StatusRequestEntityTooLarge, fmt.Sprintf("larger than %d bytes", maxPayload)
		}
	}
	s.log.Warn().Err(err).Int("status", status).Str("github_delivery_id", r.Header.Get("X-GitHub-Delivery")).Msg("a webhook was not taken")
	s.metrics.webhooks.WithLabelValues("", outcome).Inc()
	problem(w, status, message)
}
