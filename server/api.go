package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers"
	"github.com/imageupdater/imageupdater/scanner/image"
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
	switch {
	case !is || text == "" || found == nil:
		return nil, http.StatusUnauthorized
	case !slices.Contains(found.Scopes, scope):
		return found, http.StatusForbidden
	}
	return found, 0
}

// refuseCaller answers a call whose token is not good enough.
func refuseCaller(w http.ResponseWriter, status int) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(w, status, "a token is needed: Authorization: Bearer TOKEN, with its SHA-256 in api.tokens of the server's configuration")
		return
	}
	problem(w, status, "the token has not the scope for this: see scopes in api.tokens of the server's configuration")
}

// rescanRequest names what shall be looked at: repositories, or all that use an
// image.
type rescanRequest struct {
	Repository string `json:"repository"`
	Image      string `json:"image"`
}

// rescan asks for looks, at the registries themselves.
func (s *Server) rescan(w http.ResponseWriter, r *http.Request) {
	token, status := s.caller(r, config.ScopeRescan)
	if status != 0 {
		refuseCaller(w, status)
		return
	}
	var in rescanRequest
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil || (in.Repository == "") == (in.Image == "") {
		problem(w, http.StatusBadRequest, `the body is JSON: {"repository": "owner/name"} or {"image": "ghcr.io/acme/api"}`)
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
	s.log.Info().Str("token", token.Name).Str("repository", in.Repository).Msg("a rescan was asked for")
	answer(w, http.StatusAccepted, map[string]int{"repositories": 1})
}

func (s *Server) rescanImage(w http.ResponseWriter, r *http.Request, token *config.Token, name string) {
	ref, err := image.ParseName(name)
	if err != nil {
		problem(w, http.StatusBadRequest, "image: write it without a tag, as ghcr.io/acme/api")
		return
	}
	repo := ref.Repository()
	users, err := s.db.Reading().UsersOf(r.Context(), store.Image{Registry: repo.Registry, Path: repo.Path})
	if err != nil {
		s.broken(w, err)
		return
	}
	var mine int
	for _, id := range users {
		found, err := s.db.Reading().Repository(r.Context(), id)
		if err == nil && token.Allows(config.ScopeRescan, found.Owner+"/"+found.Name) {
			mine++
		}
	}
	// An image that none of the token's repositories uses is not to be asked for
	// on its behalf.
	if mine > 0 {
		err = s.wantImages(r.Context(), []handlers.Image{{Registry: repo.Registry, Path: repo.Path}})
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	answer(w, http.StatusAccepted, map[string]int{"repositories": mine})
}

// visible finds a repository that the token may see. What it may not see is not
// there.
func (s *Server) visible(w http.ResponseWriter, r *http.Request, token *config.Token, scope config.Scope, fullName string) (store.Repository, bool) {
	owner, name, _ := strings.Cut(fullName, "/")
	found, err := s.db.Reading().RepositoryNamed(r.Context(), owner, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !token.Allows(scope, found.Owner+"/"+found.Name) {
		problem(w, http.StatusNotFound, "no such repository, or it is not for this token")
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
func (s *Server) repository(w http.ResponseWriter, r *http.Request) {
	token, status := s.caller(r, config.ScopeRead)
	if status != 0 {
		refuseCaller(w, status)
		return
	}
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
	answer(w, http.StatusOK, shown)
}

func (s *Server) broken(w http.ResponseWriter, err error) {
	s.log.Error().Err(err).Msg("answering a call failed")
	problem(w, http.StatusServiceUnavailable, "the server cannot answer now: see its log")
}
