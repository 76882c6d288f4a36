package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// maxRedirects is how often a call is sent elsewhere: a repository is renamed
// once, and GitHub sends on by its id.
const maxRedirects = 5

// api is a client for one call in the account's name. It must not be kept: it
// remembers GitHub's limits by itself, and refuses by the machine's clock.
func (g *GitHub) api(a *account) *github.Client {
	client := github.NewClient(&http.Client{Transport: a, CheckRedirect: g.follow})
	client.BaseURL, client.UserAgent = g.rest, g.o.UserAgent
	return client
}

// follow lets calls be sent on within GitHub's API alone.
func (g *GitHub) follow(req *http.Request, via []*http.Request) error {
	switch {
	case req.Method != via[0].Method: // a write that would become a read
		return &UnavailableError{What: g.endpoint(via[0]), Err: errors.New("sent on, to be read")}
	case len(via) >= maxRedirects:
		return &UnavailableError{What: g.endpoint(via[0]), Err: errors.New("sent on and on")}
	case req.URL.Host != g.rest.Host || req.URL.Scheme != g.rest.Scheme || !strings.HasPrefix(req.URL.Path, g.rest.Path):
		return &UnavailableError{What: g.endpoint(via[0]), Err: fmt.Errorf("sent on to %q: %w", req.URL.Host, errElsewhere)}
	}
	return nil
}

// plain takes net/http's words from an error, and the one error of go-github
// that is none: an answer that something will be done. An answer that cannot be
// decoded is one that was not given.
func plain(err error) error {
	if sent, is := errors.AsType[*url.Error](err); is {
		err = sent.Err
	}
	if _, is := errors.AsType[*github.AcceptedError](err); is {
		return nil
	}
	_, wrongType := errors.AsType[*json.UnmarshalTypeError](err)
	_, wrongText := errors.AsType[*json.SyntaxError](err)
	_, wrongTime := errors.AsType[*time.ParseError](err)
	if wrongType || wrongText || wrongTime {
		return &UnavailableError{"an answer of GitHub's", 0, errors.New(quoted(err.Error()))}
	}
	return err
}

// segments escapes what is put into an endpoint's path, so that nothing in it
// leads to another endpoint.
func segments(path string) (string, error) {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." || strings.ContainsRune(part, 0) {
			return "", fmt.Errorf("%w: the path %q", ErrInvalid, path)
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), nil
}

// object checks the name of a git object.
func object(sha string) error {
	isHex := !strings.ContainsFunc(sha, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
	if isHex && (len(sha) == 40 || len(sha) == 64) {
		return nil
	}
	return fmt.Errorf("%w: %q is not the name of a git object", ErrInvalid, sha)
}
