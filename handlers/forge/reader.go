package forge

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Reader reads what a narrow token lets be read, or what is read without any. All
// that it does is Background. It may be used from several goroutines.
type Reader struct{ account *account }

// Onlooker gives a Reader without any private right but one: it is told what a
// repository of the installation is called, and no more of it. GitHub counts what
// it reads as the installation's. It makes no request; its token is made when it is needed.
func (c *Client) Onlooker(repository int64) (*Reader, error) {
	if repository <= 0 {
		return nil, fmt.Errorf("%w: a token for no repository", ErrInvalid)
	}
	return c.narrow(&github.InstallationTokenOptions{
		RepositoryIDs: []int64{repository}, Permissions: &github.InstallationPermissions{Metadata: new("read")},
	}), nil
}

// ReaderOf gives a Reader of one of the installation's repositories, by its name
// without the owner's, and of what is public. Where the installation has none of
// that name, what it reads is a *RefusedError that wraps ErrInvalid.
func (c *Client) ReaderOf(name string) (*Reader, error) {
	if _, err := (Ref{Owner: "-", Name: name}).path(); err != nil {
		return nil, err
	}
	return c.narrow(&github.InstallationTokenOptions{
		Repositories: []string{name},
		Permissions:  &github.InstallationPermissions{Metadata: new("read"), Contents: new("read")},
	}), nil
}

func (c *Client) narrow(to *github.InstallationTokenOptions) *Reader {
	return &Reader{c.account.with(newInstallationToken(c.github, c.account.installation, to))}
}

// NewReader gives a Reader that needs no App: with somebody's token, or with none
// when that is "". Of the options it takes no key and no id; a read is tried twice.
func NewReader(o Options, token string) (*Reader, error) {
	rest, err := address(o.URLs.REST)
	if err != nil {
		return nil, fmt.Errorf("the address of GitHub's REST API: %w", err)
	}
	a := newAccount(&GitHub{o: withDefaults(o), rest: rest, routes: routes()}, 0, givenToken(token))
	a.most, a.budgets.whole = readerTries, true
	return &Reader{a}, nil
}

// givenToken is one that cannot be replaced, or "" for none.
type givenToken string

func (t givenToken) get(_ context.Context, rejected string) (string, error) {
	if rejected != "" {
		return "", fmt.Errorf("the token that was given: %w", ErrUnauthorized)
	}
	return string(t), nil
}

// Query is what a Reader reads.
type Query struct {
	// Path is in segments, which are escaped here: "repositories", "7", "releases".
	// The last one may be "".
	Path   []string
	Values url.Values
	// ETag is that of the last answer, "" for none.
	ETag string
	// Raw is for the bytes of a file instead of what GitHub says of it.
	Raw bool
	// Max is how many bytes are read; more are a *TooLargeError.
	Max int64
}

// Answer is what there is to read.
type Answer struct {
	Body      []byte
	ETag      string
	Unchanged bool // it is as it was when it had the query's ETag; no Body then
	More      bool // there is another page
	File      bool // it is the bytes of a file
}

// Read reads. What was asked for by a repository's id is not looked for under another one.
func (r *Reader) Read(ctx context.Context, q Query) (Answer, error) {
	path, err := q.path()
	if err != nil {
		return Answer{}, err
	}
	api := r.account.github.api(r.account)
	req, err := api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if q.Raw {
		req.Header.Set("Accept", "application/vnd.github.v3.raw")
	}
	if q.ETag != "" {
		req.Header.Set("If-None-Match", q.ETag)
	}
	var body bytes.Buffer
	resp, err := api.Do(with(Background(ctx), manner{max: q.Max}), req, &body)
	if resp != nil && resp.StatusCode == http.StatusNotModified {
		return Answer{ETag: q.ETag, Unchanged: true, More: resp.NextPage != 0}, nil
	}
	if err = plain(err); err != nil {
		return Answer{}, err
	}
	if q.Path[0] == "repositories" && resp.Request.URL.Path != req.URL.Path {
		return Answer{}, fmt.Errorf("%w: it was sent on", ErrNotFound)
	}
	return Answer{
		Body: body.Bytes(), ETag: resp.Header.Get("Etag"), More: resp.NextPage != 0,
		File: !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json"),
	}, nil
}

func (q Query) path() (string, error) {
	parts := slices.Clone(q.Path)
	for i, part := range parts {
		isLast := i > 0 && i == len(parts)-1
		if part == "" && !isLast || part == "." || part == ".." || strings.ContainsRune(part, 0) {
			return "", fmt.Errorf("%w: the path %q", ErrInvalid, q.Path)
		}
		parts[i] = url.PathEscape(part)
	}
	if len(parts) == 0 {
		return "", fmt.Errorf("%w: no path", ErrInvalid)
	}
	path := strings.Join(parts, "/")
	if len(q.Values) > 0 {
		path += "?" + q.Values.Encode()
	}
	return path, nil
}
