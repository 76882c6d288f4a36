package githubtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// call is one of the REST API, being answered.
type call struct {
	*Server
	ctx    context.Context //nolint:containedctx // lives as long as the request that it is of
	params map[string]string
	query  url.Values
	accept string
	body   []byte
	by     caller
	// operation is GitHub's name of what is called; the path is as it was
	// asked for, without the API's prefix.
	operation, method, path string
	repo                    *Repository // the one that the path names; nil when it names none
}

// reply is an answer; body is written as JSON, or not at all when it is nil.
type reply struct {
	status int
	body   any
	header http.Header
	bytes  []byte
}

type handler func(*call) reply

// operation is one of GitHub's.
type operation struct {
	handle handler
	// needs is the permission, as "contents:write"; "" for none. "app" wants
	// the App's own JWT, "installation" an installation's token.
	needs string
}

func ok(body any) reply      { return reply{status: http.StatusOK, body: body} }
func created(body any) reply { return reply{status: http.StatusCreated, body: body} }
func noContent() reply       { return reply{status: http.StatusNoContent} }

func failure(status int, format string, args ...any) reply {
	return reply{status: status, body: object{
		"message": fmt.Sprintf(format, args...), "documentation_url": "https://docs.github.com/rest",
		"status": strconv.Itoa(status),
	}}
}

func notFound() reply { return failure(http.StatusNotFound, "Not Found") }

// invalid is a 422 with one error.
func invalid(resource, field, code, message string) reply {
	detail := object{"resource": resource, "code": code}
	if field != "" {
		detail["field"] = field
	}
	if message != "" {
		detail["message"] = message
	}
	r := failure(http.StatusUnprocessableEntity, "Validation Failed")
	if body, isObject := r.body.(object); isObject {
		body["errors"] = []object{detail}
	}
	return r
}

// decode reads the call's body. The contract has seen to its types.
func (c *call) decode(into any) bool { return json.Unmarshal(c.body, into) == nil }

func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	path := s.byName(strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix))
	found, params := s.contract.find(r.Method, path)
	if found == nil {
		s.t.Errorf("githubtest: %s %s: no operation of GitHub's that the stand-in knows", r.Method, path)
		s.send(w, r, "", body, encode(failure(http.StatusNotImplemented, "no such operation: %s %s", r.Method, path)))
		return
	}
	name := found.kin.Operation.OperationID
	check, err := s.contract.request(r.Context(), r, found, params, body)
	if err != nil {
		s.t.Errorf("githubtest: %s: %v", name, err)
	}
	answer := encode(s.answer(r, name, params, body))
	answer = conditional(r, answer)
	if err := check.response(r.Context(), answer); err != nil {
		s.t.Errorf("githubtest: %s: %d: %v\n%s", name, answer.status, err, answer.bytes)
	}
	s.send(w, r, name, body, answer)
}

func (s *Server) answer(r *http.Request, name string, params map[string]string, body []byte) reply {
	op, known := s.table[name]
	if !known {
		s.t.Errorf("githubtest: %s is not implemented", name)
		return failure(http.StatusNotImplemented, "%s is not implemented", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{
		Server: s, ctx: r.Context(), params: params, query: r.URL.Query(), accept: r.Header.Get("Accept"), body: body,
		operation: name, method: r.Method, path: strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix),
	}
	if refusal := c.authenticate(r.Header.Get("Authorization")); refusal != nil {
		return *refusal
	}
	limits, over := c.count(r)
	answer := limits
	if !over {
		answer = c.permitted(op)
		answer.header = merged(limits.header, answer.header)
	}
	return answer
}

func (c *call) permitted(op operation) reply {
	if refusal := c.permit(op.needs); refusal != nil {
		return *refusal
	}
	if refusal := c.available(op.needs); refusal != nil {
		return *refusal
	}
	return op.handle(c)
}

func merged(a, b http.Header) http.Header {
	both := http.Header{}
	maps.Copy(both, a)
	maps.Copy(both, b)
	return both
}

func encode(a reply) reply {
	if a.header == nil {
		a.header = http.Header{}
	}
	switch body := a.body.(type) {
	case nil:
		return a
	case []byte:
		a.bytes = body
		return a
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a.body); err != nil {
		return encode(failure(http.StatusInternalServerError, "%v", err))
	}
	a.bytes = bytes.TrimSpace(buffer.Bytes())
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	return a
}

// conditional gives a read its ETag, and 304 to who has it already.
func conditional(r *http.Request, a reply) reply {
	if r.Method != http.MethodGet || a.status != http.StatusOK {
		return a
	}
	etag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(a.bytes))
	a.header.Set("ETag", etag)
	a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With")
	if r.Header.Get("If-None-Match") != etag {
		return a
	}
	a.status, a.bytes = http.StatusNotModified, nil
	a.header.Del("Content-Type")
	return a
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, name string, body []byte, a reply) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
	s.journal.add(Exchange{
		At: s.Now(), Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, apiPrefix), Query: r.URL.RawQuery,
		Operation: name, Request: body, Status: a.status, Header: w.Header().Clone(), Answer: a.bytes,
	})
	w.WriteHeader(a.status)
	_, _ = w.Write(a.bytes) // the client may be gone
}
