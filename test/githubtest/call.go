package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
