package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/time/rate"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
	"github.com/imageupdater/imageupdater/server/jobs"
)

// How many webhooks of one registry are taken in a second, and at once.
const (
	hooksPerSecond = 50
	hooksAtOnce    = 500
)

// hook is an endpoint for one registry.
type hook struct {
	receiver *registryhook.Receiver
	limit    *rate.Limiter
}

// registryHooks takes what registries tell.
func (s *Server) registryHooks() (http.Handler, error) {
	hooks := map[string]hook{}
	keys := registryhook.NewKeys(&http.Client{Transport: s.outside, Timeout: cloudTimeout}, registryhook.GoogleKeys, s.now)
	for _, h := range s.o.Config.Hooks {
		receiver, err := registryhook.New(registryhook.Hook{
			Name: h.Name, Kind: string(h.Kind), Host: h.Host, Secret: s.secrets.hooks[h.Name], Audience: h.Audience, Email: h.Email,
		}, registryhook.Options{Now: s.now, Keys: keys})
		if err != nil {
			return nil, err
		}
		hooks[h.Name] = hook{receiver, rate.NewLimiter(hooksPerSecond, hooksAtOnce)}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, registryhook.Prefix), "/")
		h, known := hooks[name]
		if !known {
			s.problem(w, http.StatusNotFound, "not found")
			return
		}
		s.takeHook(w, r, name, h)
	}), nil
}

// takeHook answers 202 when what a registry told is stored, and 204 when it is
// authentic and nothing follows: some registries repeat for ever what is refused.
func (s *Server) takeHook(w http.ResponseWriter, r *http.Request, name string, h hook) {
	refuse := func(status int, message string) {
		s.metrics.webhooks.WithLabelValues("registry "+name, "refused").Inc()
		s.problem(w, status, message)
	}
	arrived := s.now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, registryhook.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("larger than %d bytes", registryhook.MaxBody))
		return
	}
	if err != nil {
		return // the client is gone
	}
	if err := h.receiver.Authentic(r.Context(), r, body); err != nil {
		why := ""
		if refused, is := errors.AsType[*registryhook.RefusedError](err); is {
			why = refused.Why
		}
		s.log.Warn().Err(err).Str("hook", name).Str("reason", why).Msg("a registry's webhook is not authentic")
		refuse(http.StatusNotFound, "not found")
		return
	}
	if !h.limit.Allow() {
		w.Header().Set("Retry-After", "10")
		refuse(http.StatusTooManyRequests, "too many")
		return
	}
	s.storeHook(w, r, name, h, jobs.Delivery{Event: pushed, Body: body, At: arrived})
}

func (s *Server) storeHook(w http.ResponseWriter, r *http.Request, name string, h hook, d jobs.Delivery) {
	hint, err := h.receiver.Read(r.Header, d.Body)
	if err != nil || hint.Ignored != "" {
		s.log.Debug().Err(err).Str("hook", name).Str("reason", hint.Ignored).Msg("a registry's webhook is no news")
		s.metrics.webhooks.WithLabelValues("registry "+name, "ignored").Inc()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.ID = name + " " + hint.ID
	if d.Body, err = json.Marshal(hint.Images); err != nil {
		s.broken(w, err)
		return
	}
	fresh, err := s.queue.Deliver(r.Context(), d)
	if err != nil {
		s.metrics.webhooks.WithLabelValues("registry "+name, "failed").Inc()
		s.broken(w, err)
		return
	}
	s.metrics.webhooks.WithLabelValues("registry "+name, outcomeOfStoring(fresh)).Inc()
	w.WriteHeader(http.StatusAccepted)
}
