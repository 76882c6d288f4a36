package credentials

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"syscall"
)

// Unusable is a host whose credentials are configured and cannot be used. It is
// never the reason to ask anonymously.
type Unusable struct { //nolint:errname // read as credentials.Unusable
	// Host is the registry.
	Host string
	// What says what is wrong. It holds no secret.
	What string
	// Where is the place at which the operator configured them; it may be "".
	Where string

	cause error
}

// Error says what to look after.
func (e *Unusable) Error() string {
	s := fmt.Sprintf("the credentials for %s cannot be used: %s", e.Host, e.What)
	if e.Where != "" {
		s += " (" + e.Where + ")"
	}
	return s
}

// Unwrap gives what the package itself knows of the cause. Errors of others
// are not kept: nobody knows what they quote.
func (e *Unusable) Unwrap() error { return e.cause }

// errNoEntry is a place for secrets that has none for a host.
var errNoEntry = errors.New("no entry")

// problem is what went wrong, in words that hold no secret. Only such words
// leave the package.
type problem struct {
	text  string
	cause error
}

func (p *problem) Error() string { return p.text }
func (p *problem) Unwrap() error { return p.cause }

// problemf takes arguments that are known to hold no secret.
func problemf(format string, args ...any) error {
	return &problem{text: fmt.Sprintf(format, args...)}
}

// noEntry is a problem that ends a search where entries are a choice.
func noEntry(format string, args ...any) error {
	return &problem{text: fmt.Sprintf(format, args...), cause: errNoEntry}
}

// unusable makes the error that leaves the package. What is no problem of ours
// is told without its words.
func unusable(host, where string, err error) error {
	if own, ok := errors.AsType[*problem](err); ok {
		return &Unusable{Host: host, What: own.text, Where: where, cause: own.cause}
	}
	what := "they could not be read"
	if errors.Is(err, context.DeadlineExceeded) {
		what = "no answer came in time"
	}
	return &Unusable{Host: host, What: what, Where: where}
}

// fileProblem is an error of the file system without what it may quote.
func fileProblem(path string, err error) error {
	what := "it cannot be read"
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		what = number.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = "it does not exist"
	case errors.Is(err, fs.ErrPermission):
		what = "we may not read it"
	}
	return problemf("the file %s: %s", path, what)
}

// networkProblem is an error of a request: why there was no answer, without the
// address, which may hold more than a host.
func networkProblem(host string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return problemf("%s did not answer in time", host)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return problemf("%s could not be asked: %v", host, err)
}
