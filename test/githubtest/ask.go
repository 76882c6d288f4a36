package githubtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Question is an operation that a person asks of GitHub, without HTTP.
type Question struct {
	// As is the person's login; nobody else is made by it.
	As string
	// Operation is GitHub's name of it, as "issues/create-comment".
	Operation string
	// Params are those of the path, and Query those behind it.
	Params map[string]string
	Query  url.Values
	// Accept is the media type; JSON when "".
	Accept string
	// Body is encoded as JSON; nil is none.
	Body any
}

// RefusalError is GitHub's no.
type RefusalError struct {
	// Status is that of HTTP.
	Status int
	// Message is GitHub's, with its errors behind it.
	Message string
}

// Error is the message.
func (r *RefusalError) Error() string { return r.Message }

var errUnknown = errors.New("not known here")

// Ask does an operation as a person: the same code as the API's, the same
// permission, the same events; but no exchange, for which the journal, limits and
// faults would count. It returns the answer's bytes. What GitHub refuses is a
// *RefusalError.
func (s *Server) Ask(ctx context.Context, q Question) ([]byte, error) {
	op, known := s.table[q.Operation]
	if !known {
		return nil, fmt.Errorf("%s: %w", q.Operation, errUnknown)
	}
	c := &call{
		Server: s, ctx: ctx, operation: q.Operation, accept: q.Accept, method: http.MethodGet,
		params: map[string]string{}, query: url.Values{},
	}
	maps.Copy(c.params, q.Params)
	maps.Copy(c.query, q.Query)
	c.path = "/repos/" + c.params["owner"] + "/" + c.params["repo"]
	if q.Body != nil {
		text, err := json.Marshal(q.Body)
		if err != nil {
			return nil, fmt.Errorf("asking for %s: %w", q.Operation, err)
		}
		c.body, c.method = text, http.MethodPost
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.by.user = s.users[strings.ToLower(q.As)]; c.by.user == nil {
		return nil, fmt.Errorf("%s: %w", q.As, errUnknown)
	}
	answer := encode(c.permitted(op)) // under the lock, since it may show what others change
	if answer.status >= http.StatusMultipleChoices {
		return nil, &RefusalError{Status: answer.status, Message: answer.refusal()}
	}
	return answer.bytes, nil
}

// refusal is what an answer says against the call.
func (a reply) refusal() string {
	var said struct {
		Message string `json:"message"`
		Errors  []any  `json:"errors"`
	}
	if json.Unmarshal(a.bytes, &said) != nil || said.Message == "" {
		return http.StatusText(a.status)
	}
	parts := []string{strings.TrimSpace(said.Message)}
	for _, detail := range said.Errors {
		switch detail := detail.(type) {
		case string:
			parts = append(parts, detail)
		case object:
			parts = append(parts, detailed(detail))
		}
	}
	return strings.Join(parts, ": ")
}

// detailed is one of a 422's errors: its own words, or the field and the code.
func detailed(detail object) string {
	if message, is := detail["message"].(string); is {
		return message
	}
	return strings.TrimSpace(fmt.Sprintf("%v %v", detail["field"], detail["code"]))
}

// Visible are the repositories that somebody may read, by their age.
func (s *Server) Visible(login string) []*Repository {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[strings.ToLower(login)]
	return slices.DeleteFunc(s.allRepos(), func(r *Repository) bool { return u == nil || r.role(u) == "" })
}

// Role is what somebody may do in a repository: admin, maintain, write, triage,
// read, or "" for nothing.
func (s *Server) Role(fullName, login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, u := s.find(fullName), s.users[strings.ToLower(login)]
	if r == nil || u == nil {
		return ""
	}
	return r.role(u)
}

// Name is what a repository is called now that may have had another name.
func (s *Server) Name(fullName string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.renamed[strings.ToLower(fullName)]; r != nil && s.find(fullName) == nil {
		return r.FullName()
	}
	return fullName
}

// Branches are the names of a repository's branches, in order. Who may read it is
// not asked.
func (r *Repository) Branches(ctx context.Context) ([]string, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	names, err := r.refs(ctx, "refs/heads/")
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], "refs/heads/")
	}
	return names, err
}

// Moment is a number that is another one whenever something may have changed.
func (s *Server) Moment() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes.Load() + int64(len(s.events))
}
