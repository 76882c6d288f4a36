package githubtest

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// maxRequest is the largest body that a call may have, in bytes.
const maxRequest = 40 << 20

const noAgent = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header " +
	"(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). " +
	"Check https://developer.github.com for other possible causes.\n"

// refuse is what GitHub's front says before any operation is asked.
func (x *exchange) refuse() *reply {
	for _, ask := range []func() *reply{x.agent, x.size, x.accepts, x.who, x.overSecondary, x.overPrimary, x.json} {
		if refusal := ask(); refusal != nil {
			return refusal
		}
	}
	return nil
}

func (x *exchange) agent() *reply {
	if x.r.UserAgent() != "" {
		return nil
	}
	r := failure(http.StatusForbidden, "%s", noAgent)
	return &r
}

func (x *exchange) size() *reply {
	if len(x.body) <= maxRequest {
		return nil
	}
	return refuse(http.StatusRequestEntityTooLarge, "Request body is too large")
}

// accepts refuses a client that wants no JSON.
func (x *exchange) accepts() *reply {
	accept := x.r.Header.Get("Accept")
	if accept == "" || x.graph {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, err := mime.ParseMediaType(part)
		if err == nil && (strings.HasPrefix(kind, "application/vnd.github") || strings.HasSuffix(kind, "json") ||
			kind == "*/*" || kind == "application/*") {
			return nil
		}
	}
	return refuse(http.StatusUnsupportedMediaType, "Unsupported 'Accept' header: '"+accept+"'. Must accept 'application/json'.")
}

func (x *exchange) who() *reply { return x.refusal }

// json refuses a body that is none, or that no operation takes. GitHub does not
// mind what Content-Type says.
func (x *exchange) json() *reply {
	text := bytes.TrimSpace(x.body)
	if len(text) == 0 {
		return nil
	}
	switch {
	case !json.Valid(text):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case text[0] != '{' && text[0] != '[' && text[0] != 'n':
		return refuse(http.StatusBadRequest, "Body should be a JSON object")
	}
	return nil
}
