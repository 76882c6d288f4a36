package githubtest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// description is GitHub's own, of the operations that the App may call; see NOTICE.
//
//go:embed openapi.json
var description []byte

// theContract is read once: to parse the description takes longer than a test
// should wait, and nobody changes what comes of it.
//
//nolint:gochecknoglobals // a read-only table
var theContract = sync.OnceValues(loadContract)

// contract holds exchanges against GitHub's description.
type contract struct {
	doc    *openapi3.T
	routes []*route
	held   held
}

// route is one operation. kin-openapi's own routers do not know GitHub's
// x-multi-segment, a parameter that may hold slashes.
type route struct {
	method   string
	segments []segment
	literals int
	kin      *routers.Route
}

type segment struct {
	text  string
	param bool
	multi bool
}

func loadContract() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, fmt.Errorf("parsing the description: %w", err)
	}
	forgiveHeads(doc)
	forgiveRefusals(doc)
	forgiveAutoMerge(doc)
	forgiveConclusions(doc)
	c := &contract{doc: doc}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.routes = append(c.routes, newRoute(doc, path, item, method, op))
		}
	}
	return c, nil
}

func newRoute(doc *openapi3.T, path string, item *openapi3.PathItem, method string, op *openapi3.Operation) *route {
	r := &route{method: method, kin: &routers.Route{
		Spec: doc, Server: doc.Servers[0], Path: path, PathItem: item, Method: method, Operation: op,
	}}
	for text := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		name, param := strings.CutPrefix(text, "{")
		name = strings.TrimSuffix(name, "}")
		if !param {
			r.literals++
		}
		r.segments = append(r.segments, segment{text: name, param: param, multi: param && multiSegment(op, name)})
	}
	return r
}

func multiSegment(op *openapi3.Operation, name string) bool {
	p := op.Parameters.GetByInAndName(openapi3.ParameterInPath, name)
	if p == nil {
		return false
	}
	multi, _ := p.Extensions["x-multi-segment"].(bool)
	return multi
}

// find is the operation that a path means, and its parameters. Of several the
// one with the most literal segments is meant: commits/main/status is no commit.
func (c *contract) find(method, escaped string) (*route, map[string]string) {
	var parts []string
	for part := range strings.SplitSeq(strings.TrimPrefix(escaped, "/"), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, nil
		}
		parts = append(parts, plain)
	}
	var best *route
	var params map[string]string
	for _, r := range c.routes {
		if r.method != method || (best != nil && r.literals <= best.literals) {
			continue
		}
		found := map[string]string{}
		if match(r.segments, parts, found) {
			best, params = r, found
		}
	}
	return best, params
}

func match(segments []segment, parts []string, params map[string]string) bool {
	if len(segments) == 0 {
		return len(parts) == 0
	}
	s := segments[0]
	if !s.param {
		return len(parts) > 0 && parts[0] == s.text && match(segments[1:], parts[1:], params)
	}
	if !s.multi {
		if len(parts) == 0 || parts[0] == "" {
			return false
		}
		params[s.text] = parts[0]
		return match(segments[1:], parts[1:], params)
	}
	least := 1
	if s.text == "path" {
		least = 0 // the contents of the root
	}
	for n := len(parts); n >= least; n-- {
		if match(segments[1:], parts[n:], params) {
			params[s.text] = strings.Join(parts[:n], "/")
			return true
		}
	}
	return false
}

// check is one exchange being held against the description.
type check struct {
	input *openapi3filter.RequestValidationInput
}

// request finds what is wrong with a call.
func (c *contract) request(ctx context.Context, r *http.Request, found *route, params map[string]string, body []byte) (check, error) {
	body, params = habits(found.kin.Operation.OperationID, body, params)
	clone := r.Clone(ctx)
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.ContentLength = int64(len(body))
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true, IncludeResponseStatus: true,
	}
	options.WithCustomSchemaErrorFunc(briefly)
	k := check{&openapi3filter.RequestValidationInput{
		Request: clone, PathParams: params, Route: found.kin,
		Options: options,
	}}
	if err := openapi3filter.ValidateRequest(ctx, k.input); err != nil {
		return k, fmt.Errorf("holding the request against the description: %w", err)
	}
	return k, nil
}

// briefly leaves out the schema, which is often longer than the answer.
func briefly(err *openapi3.SchemaError) string {
	return "at /" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
}

// habits makes of three things, which clients send and GitHub takes, what the
// description says.
func habits(operation string, body []byte, params map[string]string) ([]byte, map[string]string) {
	trimmed := bytes.TrimSpace(body)
	switch {
	case operation == "apps/create-installation-access-token" && bytes.Equal(trimmed, []byte("null")):
		return []byte("{}"), params
	case operation == "issues/add-labels" && bytes.HasPrefix(trimmed, []byte("[")):
		return fmt.Appendf(nil, `{"labels":%s}`, trimmed), params
	case operation == "repos/get-content" && params["path"] == "":
		return body, map[string]string{"owner": params["owner"], "repo": params["repo"], "path": "."}
	}
	return body, params
}

// undocumented are statuses that GitHub gives to any operation, whatever its
// description says.
func undocumented(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusGone, http.StatusConflict:
		return true
	}
	return status >= http.StatusInternalServerError
}

// notifies says whether an operation makes what people are told of, which
// GitHub limits apart.
func notifies(r *route) bool {
	github, _ := r.kin.Operation.Extensions["x-github"].(map[string]any)
	notifies, _ := github["triggersNotification"].(bool)
	return notifies
}

// response finds what is wrong with an answer.
func (k check) response(ctx context.Context, a reply) error {
	documented := k.input.Route.Operation.Responses.Status(a.status) != nil
	switch {
	case a.status == http.StatusNotModified:
		return nil // every conditional read may have it, listed or not
	case documented && strings.HasPrefix(a.header.Get("Content-Type"), "application/vnd.github."):
		return nil // bytes, of which the description says nothing
	case !documented && undocumented(a.status):
		return requireMessage(a.bytes)
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: k.input, Status: a.status, Header: a.header,
		Body: io.NopCloser(bytes.NewReader(a.bytes)), Options: k.input.Options,
	})
	if err != nil {
		return fmt.Errorf("holding the answer against the description: %w", err)
	}
	return nil
}

func requireMessage(body []byte) error {
	if !bytes.Contains(body, []byte(`"message":`)) {
		return fmt.Errorf("an undocumented error needs a message: %s", body)
	}
	return nil
}
