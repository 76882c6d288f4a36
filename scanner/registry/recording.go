package registry

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// Exchange is one request and its answer, as it went over the network. It holds
// no secret: of the address not the query, of the credentials only their kind.
type Exchange struct {
	Method string
	// URL is scheme, host and path.
	URL string
	// Credentials is "basic", "bearer" or ""; a login that is posted is "posted".
	Credentials string
	// Status is that of the answer; 0 where there was none, and Err says why.
	Status int
	Err    error
	// Bytes is how long the body of the answer was.
	Bytes int
	// Took is from the request to the end of the answer.
	Took time.Duration
}

// recording tells of each exchange.
type recording struct {
	next    http.RoundTripper
	observe func(Exchange)
	now     func() time.Time
}

// RoundTrip sends a request.
func (r *recording) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.observe == nil {
		return r.next.RoundTrip(req)
	}
	began := r.now()
	resp, err := r.next.RoundTrip(req)
	seen := Exchange{
		Method: req.Method, URL: req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath(),
		Credentials: kindOfCredentials(req), Err: err, Took: r.now().Sub(began),
	}
	if resp != nil {
		seen.Status = resp.StatusCode
		if sized, ok := resp.Body.(interface{ Len() int }); ok {
			seen.Bytes = sized.Len()
		}
	}
	r.observe(seen)
	return resp, err
}

func kindOfCredentials(req *http.Request) string {
	if req.Method == http.MethodPost {
		return "posted"
	}
	scheme, _, found := strings.Cut(req.Header.Get("Authorization"), " ")
	if !found {
		return ""
	}
	return strings.ToLower(scheme)
}

// body is what was read of an answer.
type body struct{ *bytes.Reader }

// Close does nothing: all was read.
func (body) Close() error { return nil }
