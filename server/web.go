package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"runtime/debug"

	"github.com/palantir/go-githubapp/githubapp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/registryhook"
)

// routes are all that the server answers.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorLog: quiet(s.log)}))
	if s.secrets.webhook != "" { // without one anybody could sign
		mux.Handle("POST "+githubapp.DefaultWebhookRoute, s.webhooks())
	}
	calls := s.newCalls()
	mux.HandleFunc("POST /api/v1/rescan", calls.with(config.ScopeRescan, s.rescan))
	mux.HandleFunc("GET /api/v1/repos/{owner}/{repo}", calls.with(config.ScopeRead, s.repository))
	mux.HandleFunc("GET /api/v1/decisions", calls.with(config.ScopeDecisions, s.decisions))
	hooks, err := s.registryHooks()
	if err != nil {
		return nil, err
	}
	mux.Handle("POST "+registryhook.Prefix, hooks)
	return s.guarded(mux), nil
}

// guarded keeps a panic from being more than an error of one request, and logs each
// request: by its route, since paths and queries may hold a registry's secret.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, seen := s.now(), &watched{ResponseWriter: w, status: http.StatusOK}
		r = r.WithContext(s.log.WithContext(r.Context()))
		defer func() {
			if p := recover(); p != nil {
				s.log.Error().Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Str("method", r.Method).Str("route", r.Pattern).
					Msg("answering a request panicked")
				s.problem(seen, http.StatusInternalServerError, "something is wrong here: see the server's log")
			}
			s.log.Debug().Str("method", r.Method).Str("route", r.Pattern).Int("status", seen.status).Dur("elapsed", s.now().Sub(began)).
				Msg("answered a request")
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(seen, r)
	})
}

// watched is an answer whose status is kept.
type watched struct {
	http.ResponseWriter

	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// quiet is for what net/http says of its clients.
func quiet(l zerolog.Logger) *log.Logger { return log.New(talk{l}, "", 0) }

type talk struct{ log zerolog.Logger }

func (t talk) Write(p []byte) (int, error) {
	t.log.Debug().Str("detail", string(bytes.TrimSpace(p))).Msg("net/http tells of a client")
	return len(p), nil
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// ready says whether requests shall be sent here.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		plain(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	if err := s.db.Ping(r.Context()); err != nil {
		s.log.Warn().Err(err).Msg("not ready")
		plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may be gone
}

func (s *Server) problem(w http.ResponseWriter, status int, message string) {
	s.answer(w, status, map[string]string{"message": message})
}

// answer writes JSON, and no secret.
func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		s.log.Error().Err(err).Msg("writing an answer failed")
		status, text = http.StatusInternalServerError, []byte(`{"message": "something is wrong here: see the server's log"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, s.redact.text(string(text))+"\n") // the client may be gone
}
