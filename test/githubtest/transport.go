package githubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Transport reaches the server in the process, without a socket. It is what to
// use in a bubble of testing/synctest, with Options.InMemory: there, time stands
// still while anybody waits for a socket. What git does, it does in real time.
func (s *Server) Transport() http.RoundTripper { return inside{s} }

// Client is an HTTP client over Transport.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

type inside struct{ server *Server }

// RoundTrip lets the server answer in a goroutine of its own, so that a client
// can give up.
func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readAll(r.Body)
	if err != nil {
		return nil, err
	}
	if at, err := url.Parse(t.server.URL); err != nil || at.Host != r.URL.Host {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", r.URL.Host, errElsewhere)}
	}
	w := &recorder{header: http.Header{}, limit: -1}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer w.aborted()
		t.server.serve(w, arriving(r, body))
	}()
	select {
	case <-done:
		return w.response(r)
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

var errElsewhere = errors.New("the transport reaches the stand-in alone")

func readAll(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	text, err := io.ReadAll(body)
	if closed := body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	return text, nil
}

// arriving is a client's request as a server has it.
func arriving(r *http.Request, body []byte) *http.Request {
	in := r.Clone(r.Context())
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if _, set := in.Header["User-Agent"]; !set { // as the real transport would
		in.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	return in
}

// recorder is an answer in the making.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	limit  int // of bytes, -1 for none
	failed error
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body.Write(p)
	return len(p), nil
}

func (w *recorder) reset() {
	w.failed = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
}

func (w *recorder) truncate(n int) { w.limit = n }

// aborted is what http.Server makes of a handler that gives up.
func (w *recorder) aborted() {
	if r := recover(); r != nil {
		w.failed = fmt.Errorf("the server gave up: %v: %w", r, io.ErrUnexpectedEOF)
	}
}

func (w *recorder) response(r *http.Request) (*http.Response, error) {
	switch {
	case w.failed != nil:
		return nil, w.failed
	case w.status == 0: // it saw the client go
		return nil, io.ErrUnexpectedEOF
	}
	// As from a socket it is the machine's time, not the server's: clients' caches
	// reckon with it how old an answer is.
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var body io.Reader = bytes.NewReader(w.body.Bytes())
	if w.limit >= 0 {
		body = io.MultiReader(io.LimitReader(body, int64(w.limit)), cutOff{})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.header.Clone(), Body: io.NopCloser(body),
		ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// cutOff is the end of a body that should have been longer.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
