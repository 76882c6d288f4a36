package server

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/server/jobs"
	"github.com/imageupdater/imageupdater/server/store"
)

// maxRequest bounds the body of a call of the API.
const maxRequest = 64 << 10

// caller finds the token that a call carries, among those configured. All are
// compared, in constant time.
func (s *Server) caller(r *http.Request, scope config.Scope) (*config.Token, int) {
	text, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(text))
	var found *config.Token
	for i := range s.o.Config.Tokens {
		t := &s.o.Config.Tokens[i]
		if subtle.ConstantTimeCompare(t.SHA256[:], sum[:]) == 1 {
			found = t
		}
	}
	if !is || text == "" || found == nil {
		return nil, http.StatusUnauthorized
	}
	s.redact.keep(text) // nothing but its hash was known
	if !slices.Contains(found.Scopes, scope) {
		return found, http.StatusForbidden
	}
	return found, 0
}

// How many calls of one token are answered in a second, and at once.
const (
	callsPerSecond = 20
	callsAtOnce    = 200
)

// calls are the callers' limits, by the names of their tokens.
type calls struct {
	server *Server
	limits map[string]*rate.Limiter
}

func (s *Server) newCalls() *calls {
	c := &calls{server: s, limits: map[string]*rate.Limiter{}}
	for i := range s.o.Config.Tokens {
		c.limits[s.o.Config.Tokens[i].Name] = rate.NewLimiter(callsPerSecond, callsAtOnce)
	}
	return c
}

// with lets a call through whose token has a scope.
func (c *calls) with(scope config.Scope, do func(http.ResponseWriter, *http.Request, *config.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := c.server
		token, status := s.caller(r, scope)
		switch {
		case status == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.problem(w, status, "a token is needed: Authorization: Bearer TOKEN, with its SHA-256 in api.tokens of the server's configuration")
		case !c.limits[token.Name].Allow():
			w.Header().Set("Retry-After", "1")
			s.problem(w, http.StatusTooManyRequests, fmt.Sprintf("more than %d calls a second: wait a second", callsPerSecond))
		case status != 0:
			s.problem(w, status, fmt.Sprintf("the token lacks the scope %s: see scopes in api.tokens of the server's configuration", scope))
		default:
			do(w, r, token)
		}
	}
}

// rescanRequest names what shall be looked at: repositories, or all that use an
// image.
type rescanRequest struct {
	Repository string `json:"repository"`
	Image      string `json:"image"`
}

// read decodes the body of a call; where it cannot, it has answered.
func (in *rescanRequest) read(s *Server, w http.ResponseWriter, r *http.Request) bool {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		s.problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("larger than %d bytes", maxRequest))
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err == nil {
		err = decoder.Decode(in)
	}
	if err != nil || decoder.More() || (in.Repository == "") == (in.Image == "") {
		s.problem(w, http.StatusBadRequest, `the body is JSON: {"repository": "owner/name"} or {"image": "ghcr.io/acme/api"}`)
		return false
	}
	return true
}

// rescan asks for looks, at the registries themselves.
func (s *Server) rescan(w http.ResponseWriter, r *http.Request, token *config.Token) {
	var in rescanRequest
	if !in.read(s, w, r) {
		return
	}
	if in.Image != "" {
		s.rescanImage(w, r, token, in.Image)
		return
	}
	found, ok := s.visible(w, r, token, config.ScopeRescan, in.Repository)
	if !ok {
		return
	}
	if err := s.want(r.Context(), true, found.ID); err != nil {
		s.broken(w, err)
		return
	}
	s.log.Info().Str("token", token.Name).Int64("github_repository_id", found.ID).Msg("a rescan was asked for")
	s.answer(w, http.StatusAccepted, map[string]int{"repositories": 1})
}

// rescanImage asks for looks at those of the token's repositories that use an
// image. One that none of them uses is not to be asked for on its behalf.
func (s *Server) rescanImage(w http.ResponseWriter, r *http.Request, token *config.Token, name string) {
	ref, err := image.ParseName(name)
	if err != nil {
		s.problem(w, http.StatusBadRequest, "image: write it without a tag, as ghcr.io/acme/api")
		return
	}
	wanted := store.Image{Registry: ref.Repository().Registry, Path: ref.Repository().Path}
	users, err := s.db.Reading().UsersOf(r.Context(), wanted)
	if err != nil {
		s.broken(w, err)
		return
	}
	var mine []int64
	for _, id := range users {
		found, err := s.db.Reading().Repository(r.Context(), id)
		if err == nil && token.Allows(config.ScopeRescan, found.Owner+"/"+found.Name) {
			mine = append(mine, id)
		}
	}
	if err := s.hasten(r.Context(), wanted, jobs.Person, mine); err != nil {
		s.broken(w, err)
		return
	}
	s.log.Info().Str("token", token.Name).Str("image", ref.Name()).Int("repositories", len(mine)).Msg("a rescan was asked for")
	s.answer(w, http.StatusAccepted, map[string]int{"repositories": len(mine)})
}

// visible finds a repository that the token may see. What it may not see is not
// there.
func (s *Server) visible(w http.ResponseWriter, r *http.Request, token *config.Token, scope config.Scope, fullName string) (store.Repository, bool) {
	owner, name, _ := strings.Cut(fullName, "/")
	found, err := s.db.Reading().RepositoryNamed(r.Context(), owner, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !token.Allows(scope, found.Owner+"/"+found.Name) {
		s.problem(w, http.StatusNotFound, "no such repository, or the App is not installed on it, or it is not for this token: see accounts and repositories in api.tokens of the server's configuration")
		return store.Repository{}, false
	}
	if err != nil {
		s.broken(w, err)
		return store.Repository{}, false
	}
	return found, true
}

// shownRepository is what is known of a repository.
type shownRepository struct {
	ID         int64           `json:"id"`
	Repository string          `json:"repository"`
	Running    bool            `json:"looking"` // or waiting to be looked at
	EndedAt    *time.Time      `json:"lastLook"`
	NextAt     time.Time       `json:"nextLook"`
	Parked     string          `json:"parked,omitempty"`
	Result     json.RawMessage `json:"result"`
}

// repository tells how the last look at a repository ended.
func (s *Server) repository(w http.ResponseWriter, r *http.Request, token *config.Token) {
	found, ok := s.visible(w, r, token, config.ScopeRead, r.PathValue("owner")+"/"+r.PathValue("repo"))
	if !ok {
		return
	}
	shown := shownRepository{
		ID: found.ID, Repository: found.Owner + "/" + found.Name, Running: found.Requested > found.Done,
		NextAt: found.NextAt, Parked: found.Parked, Result: json.RawMessage(found.Result),
	}
	if found.Result == "" {
		shown.Result = json.RawMessage("null")
	}
	if !found.EndedAt.IsZero() {
		shown.EndedAt = &found.EndedAt
	}
	s.answer(w, http.StatusOK, shown)
}

func (s *Server) broken(w http.ResponseWriter, err error) {
	s.log.Error().Err(err).Msg("answering a call failed")
	s.problem(w, http.StatusServiceUnavailable, "the server cannot answer now: see its log")
}
