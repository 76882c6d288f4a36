package forge

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// refusals tell answers apart by status and by words in their message; the first
// row that fits holds.
func refusals() []struct {
	status int
	words  string
	kind   error
} {
	return []struct {
		status int
		words  string
		kind   error
	}{
		{http.StatusUnauthorized, "", ErrUnauthorized},
		{http.StatusForbidden, "suspended", ErrSuspended},
		{http.StatusForbidden, "archived", ErrArchived},
		{http.StatusForbidden, "access blocked", ErrDisabled},
		{http.StatusForbidden, "protected branch", ErrProtected},
		{http.StatusForbidden, "is locked", ErrLocked},
		{http.StatusUnavailableForLegalReasons, "", ErrDisabled},
		{http.StatusNotFound, "repository is empty", ErrEmpty},
		{http.StatusNotFound, "", ErrNotFound},
		{http.StatusGone, "", ErrNotFound},
		{http.StatusConflict, "repository is empty", ErrEmpty},
		{http.StatusConflict, "", ErrConflict},
		{http.StatusUnprocessableEntity, "pull request already exists", ErrExists},
		{http.StatusUnprocessableEntity, "no commits between", ErrNothing},
		{http.StatusUnprocessableEntity, "draft pull requests are not supported", ErrNoDrafts},
		{http.StatusUnprocessableEntity, "reviews may only be requested", ErrReviewers},
		{http.StatusUnprocessableEntity, "review cannot be requested", ErrReviewers},
		{http.StatusUnprocessableEntity, "rule violation", ErrProtected},
		{http.StatusUnprocessableEntity, "protected", ErrProtected},
		{http.StatusUnprocessableEntity, "restricted", ErrProtected},
		{http.StatusUnprocessableEntity, "archived", ErrArchived},
		{http.StatusUnprocessableEntity, "already exists", ErrConflict},
		{http.StatusUnprocessableEntity, "not a fast forward", ErrConflict},
		{http.StatusUnprocessableEntity, "expected head sha", ErrConflict},
		{http.StatusUnprocessableEntity, "", ErrInvalid},
	}
}

// failure is how GitHub words one.
type failure struct {
	Message string          `json:"message"`
	About   string          `json:"documentation_url"`
	Errors  json.RawMessage // mostly a list, of objects or strings
}

// judge gives the error that an answer is; nil for a good one.
func judge(c *call, resp *http.Response, body []byte, p *pauses) error {
	status := resp.StatusCode
	if status < http.StatusBadRequest {
		if err := judgeGood(c, resp, body); err != nil || !c.graph {
			return err
		}
		return judgeGraph(c, resp, body, p)
	}
	var f failure
	decoded := json.Unmarshal(body, &f) == nil
	text := f.text()
	if until, why := p.read(resp, text+" "+f.About); why != "" {
		return &LimitedError{until, why}
	}
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout,
		strings.Contains(text, "your request timed out"):
		return &UnavailableError{c.endpoint, status, errors.New(cmp.Or(quoted(text), http.StatusText(status)))}
	case !decoded && len(body) > 0:
		return &UnavailableError{c.endpoint, status, errNotJSON}
	}
	return refusal(c, resp, status, text)
}

var (
	errNotJSON    = errors.New("the answer is not JSON")
	errIncomplete = errors.New("the answer lacks what was asked for")
)

// judgeGood makes sure that an answer is what was asked for, whole.
func judgeGood(c *call, resp *http.Response, body []byte) error {
	status := resp.StatusCode
	_, noLocation := resp.Location()
	var wrong error
	switch {
	case status == http.StatusNotModified:
		if c.req.Header.Get("If-None-Match") == "" {
			wrong = errors.New("nothing was asked to be compared")
		}
	case status >= http.StatusMultipleChoices && noLocation != nil:
		wrong = errors.New("sent on to nowhere")
	case status >= http.StatusMultipleChoices, c.writes && status != http.StatusOK && status != http.StatusCreated:
	case c.req.Method == http.MethodGet && status != http.StatusOK:
		wrong = errIncomplete
	case strings.Contains(c.req.Header.Get("Accept"), "json") && !json.Valid(body):
		wrong = errNotJSON
	}
	if wrong != nil {
		return &UnavailableError{c.endpoint, status, wrong}
	}
	return nil
}

func refusal(c *call, resp *http.Response, status int, text string) error {
	for _, row := range refusals() {
		if row.status == status && strings.Contains(strings.ToLower(text), row.words) {
			return &RefusedError{c.endpoint, status, quoted(text), row.kind}
		}
	}
	if status == http.StatusForbidden {
		return &PermissionError{c.endpoint, quoted(resp.Header.Get("X-Accepted-GitHub-Permissions")), quoted(text)}
	}
	return &RefusedError{c.endpoint, status, quoted(text), nil}
}

// text is the message with those of the details.
func (f failure) text() string {
	all := []string{f.Message}
	var details []json.RawMessage
	if json.Unmarshal(f.Errors, &details) != nil {
		details = []json.RawMessage{f.Errors}
	}
	for _, raw := range details {
		var plain string
		var detail struct{ Resource, Field, Code, Message string }
		if json.Unmarshal(raw, &plain) == nil {
			all = append(all, plain)
		} else if json.Unmarshal(raw, &detail) == nil {
			all = append(all, cmp.Or(detail.Message, strings.TrimSpace(detail.Resource+" "+detail.Field+" "+detail.Code)))
		}
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ": ")
}

// quoted is foreign text as an error repeats it: short and without secrets.
func quoted(text string) string {
	const most = 300
	text = redact(text)
	if len(text) <= most {
		return text
	}
	text = text[:most]
	for !utf8.ValidString(text) && text != "" {
		text = text[:len(text)-1]
	}
	return text + "…"
}
