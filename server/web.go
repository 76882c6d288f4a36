package server

import (
	"encoding/json"
	"io"
	"log"
	"net/http"

	"github.com/palantir/go-githubapp/githubapp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/handlers/registryhook"
)

// routes are all that the server answers.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorLog: quiet(s.log)}))
	mux.Handle("POST "+githubapp.DefaultWebhookRoute, s.webhooks())
	mux.HandleFunc("POST /api/v1/rescan", s.rescan)
	mux.HandleFunc("GET /api/v1/repos/{owner}/{repo}", s.repository)
	hooks, err := s.registryHooks()
	if err != nil {
		return nil, err
	}
	mux.Handle("POST "+registryhook.Prefix, hooks)
	return s.guarded(mux), nil
}

// guarded keeps a panic from being more than an error of one request.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error().Any("panic", p).Str("method", r.Method).Str("route", r.Pattern).Msg("answering a request panicked")
				problem(w, http.StatusInternalServerError, "something is wrong here: see the server's log")
			}
		}()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r.WithContext(s.log.WithContext(r.Context())))
	})
}

// quiet is for what net/http says of its clients.
func quiet(l zerolog.Logger) *log.Logger { return log.New(l.Level(zerolog.DebugLevel), "", 0) }

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

func problem(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}
