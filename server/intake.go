package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/palantir/go-githubapp/githubapp"
	"golang.org/x/sync/semaphore"

	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/server/jobs"
)

const (
	// maxPayload is GitHub's own bound of what it sends.
	maxPayload = 25 << 20
	// mostHeld is how many bytes of webhooks are read at once, of small ones and of
	// large ones each: whose they are is known only when all of one is there, so
	// strangers could fill the memory, or with a few large ones keep GitHub's out,
	// nearly all of which are small.
	mostHeld  = 128 << 20
	smallOnes = 1 << 20
)

// intake stores GitHub's webhooks. It is what go-githubapp's dispatcher calls once
// the signature was found right.
type intake struct{ server *Server }

// Handles is part of githubapp.EventHandler.
func (intake) Handles() []string { return handlers.Events() }

// Handle is part of githubapp.EventHandler.
func (i intake) Handle(ctx context.Context, event, id string, payload []byte) error {
	fresh, err := i.server.queue.Deliver(ctx, jobs.Delivery{ID: id, Event: event, Body: payload, At: i.server.now()})
	if err == nil {
		i.server.metrics.webhooks.WithLabelValues(event, outcomeOfStoring(fresh)).Inc()
	}
	return err
}

func outcomeOfStoring(fresh bool) string {
	if fresh {
		return "stored"
	}
	return "known"
}

// webhooks answers GitHub: 202 when the webhook is stored, and never before.
func (s *Server) webhooks() http.Handler {
	dispatcher := githubapp.NewEventDispatcher([]githubapp.EventHandler{intake{s}}, s.secrets.webhook,
		githubapp.WithErrorCallback(s.refuseWebhook),
		githubapp.WithResponseCallback(func(w http.ResponseWriter, _ *http.Request, event string, handled bool) {
			if handled {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			if event != "ping" {
				event = "other" // there are as many as GitHub makes up
			}
			s.metrics.webhooks.WithLabelValues(event, "ignored").Inc()
			w.WriteHeader(http.StatusNoContent)
		}))
	small, large := semaphore.NewWeighted(mostHeld), semaphore.NewWeighted(mostHeld)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := acceptable(r); err != nil {
			s.refuseWebhook(w, r, githubapp.ValidationError{Cause: err})
			return
		}
		size, room := r.ContentLength, large
		switch {
		case size < 0:
			size = maxPayload
		case size <= smallOnes:
			room = small
		}
		if !room.TryAcquire(size) {
			s.refuseWebhook(w, r, errFull)
			return
		}
		defer room.Release(size)
		r.Body = http.MaxBytesReader(w, r.Body, maxPayload)
		dispatcher.ServeHTTP(w, r)
	})
}

var (
	errFull     = fmt.Errorf("more than %d bytes of webhooks are being read", mostHeld)
	errUnsigned = errors.New("X-Hub-Signature-256 is missing")
	errUnnamed  = errors.New("X-GitHub-Event or X-GitHub-Delivery is missing")
	errLarge    = fmt.Errorf("larger than %d bytes", maxPayload)
	errContent  = errors.New("the content type is neither application/json nor application/x-www-form-urlencoded")
)

// acceptable looks at what can be known before the body is read. The library would
// take SHA-1 where a signature is missing, or says that it is one.
func acceptable(r *http.Request) error {
	content, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case !strings.HasPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256="):
		return errUnsigned
	case r.Header.Get("X-GitHub-Event") == "", r.Header.Get("X-GitHub-Delivery") == "", len(r.Header.Get("X-GitHub-Delivery")) > longestID:
		return errUnnamed
	case err != nil, content != "application/json" && content != "application/x-www-form-urlencoded":
		return errContent
	case r.ContentLength > maxPayload:
		return errLarge
	}
	return nil
}

// longestID is how many bytes the id of a delivery may have; GitHub's have 36.
const longestID = 200

// refusal is what is answered to a webhook that is not taken.
func refusal(err error) (status int, message string) {
	invalid, is := errors.AsType[githubapp.ValidationError](err)
	if !is {
		return http.StatusServiceUnavailable, "it could not be stored: send it again later"
	}
	_, large := errors.AsType[*http.MaxBytesError](invalid.Cause)
	switch {
	case large, errors.Is(invalid.Cause, errLarge):
		return http.StatusRequestEntityTooLarge, errLarge.Error()
	case errors.Is(invalid.Cause, errContent):
		return http.StatusUnsupportedMediaType, errContent.Error()
	case errors.Is(invalid.Cause, errUnnamed):
		return http.StatusBadRequest, errUnnamed.Error()
	case errors.Is(invalid.Cause, os.ErrDeadlineExceeded), errors.Is(invalid.Cause, io.ErrUnexpectedEOF):
		return http.StatusRequestTimeout, "the body did not come in time"
	}
	return http.StatusUnauthorized, "the signature does not fit: X-Hub-Signature-256 is made with github.webhookSecret of the server's configuration"
}

func (s *Server) refuseWebhook(w http.ResponseWriter, r *http.Request, err error) {
	status, message := refusal(err)
	outcome := "refused"
	if status == http.StatusServiceUnavailable {
		outcome = "failed"
	}
	s.log.Warn().Err(err).Int("status", status).Str("github_delivery_id", fmt.Sprintf("%.*s", longestID, r.Header.Get("X-GitHub-Delivery"))).
		Msg("a webhook was not taken")
	s.metrics.webhooks.WithLabelValues("", outcome).Inc()
	s.problem(w, status, message)
}
