package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// maxTries is how often a read is tried, and readerTries how often without the App.
	maxTries    = 3
	readerTries = 2
	// maxAnswer is what is read of an answer, in bytes: the largest are trees.
	maxAnswer = 32 << 20
	// firstPause lies between the first two tries; it doubles.
	firstPause = 500 * time.Millisecond
)

// account is one of those whom GitHub counts calls for: an installation, or the
// App itself. As a http.RoundTripper it makes calls in its name, and gives either
// a good answer, whole, or an error of this package.
type account struct {
	github       *GitHub
	installation int64
	tokens       tokens
	most         int // tries of a read
	lanes        *lanes
	pauses       *pauses
	points       *pauses // of GraphQL's budget alone
	budgets      *budgets
}

func newAccount(g *GitHub, installation int64, t tokens) *account {
	return &account{
		github: g, installation: installation, tokens: t, most: maxTries,
		lanes:   newLanes(g.o),
		pauses:  &pauses{installation: installation, shared: g.o.Cooldowns, now: g.o.Now},
		points:  &pauses{installation: installation, shared: noCooldowns{}, now: g.o.Now},
		budgets: &budgets{now: g.o.Now},
	}
}

// with is the same account, whose limits it shares, with other tokens.
func (a *account) with(t tokens) *account {
	other := *a
	other.tokens = t
	return &other
}

// call is a request on its way.
type call struct {
	req      *http.Request
	endpoint string
	body     []byte
	writes   bool
	graph    bool
	timeout  time.Duration
	max      int64
}

func (a *account) newCall(req *http.Request) (*call, error) {
	m := mannerOf(req.Context())
	c := &call{
		req: req, endpoint: a.github.endpoint(req),
		writes:  req.Method != http.MethodGet && req.Method != http.MethodHead && !m.harmless,
		graph:   a.github.graph != "" && req.URL.String() == a.github.graph,
		timeout: a.github.o.Timeout, max: maxAnswer,
	}
	if m.slow {
		c.timeout *= 3
	}
	if m.max > 0 {
		c.max = m.max
	}
	if req.Body == nil {
		return c, nil
	}
	var err error
	if c.body, err = io.ReadAll(req.Body); err == nil {
		err = req.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the body of a request: %w", err)
	}
	return c, nil
}

// RoundTrip takes a call through all that is between the product and GitHub.
func (a *account) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != a.github.rest.Host || req.URL.Scheme != a.github.rest.Scheme {
		return nil, fmt.Errorf("%w: a request to %q", errElsewhere, req.URL.Host)
	}
	c, err := a.newCall(req)
	if err != nil {
		return nil, err
	}
	ctx := req.Context()
	leave, err := a.lanes.enter(ctx, c.writes)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := a.admit(ctx, c); err != nil {
		return nil, err
	}
	resp, err := a.authorised(ctx, c)
	if c.writes {
		a.lanes.wrote()
	}
	return resp, err
}

var errElsewhere = errors.New("it is not GitHub's")

// admit refuses a call that GitHub would, and lets others wait for their time.
func (a *account) admit(ctx context.Context, c *call) error {
	if err := a.pauses.check(ctx); err != nil {
		return err
	}
	if err := a.allowed(c); err != nil {
		return err
	}
	if isBackground(ctx) && !c.writes {
		if err := a.budgets.reserved(); err != nil {
			return err
		}
	}
	if err := a.lanes.pace(ctx, c.writes); err != nil {
		return err
	}
	if c.writes {
		if err := a.lanes.space(ctx); err != nil {
			return err
		}
	}
	return a.allowed(c) // a limit may have come while it waited
}

// allowed fails while a limit lasts that is known here.
func (a *account) allowed(c *call) error {
	if err := a.pauses.here(); err != nil || !c.graph {
		return err
	}
	return a.points.here()
}

// authorised makes the call with the token at hand and, when that is not taken,
// with a new one.
func (a *account) authorised(ctx context.Context, c *call) (*http.Response, error) {
	token, err := a.tokens.get(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := a.tries(ctx, c, token)
	if !errors.Is(err, ErrUnauthorized) {
		return resp, err
	}
	if token, err = a.tokens.get(ctx, token); err != nil {
		return nil, err
	}
	if c.writes {
		a.lanes.wrote()
		if err := a.lanes.space(ctx); err != nil {
			return nil, err
		}
	}
	return a.tries(ctx, c, token)
}

// tries makes a read several times if need be, and a write once.
func (a *account) tries(ctx context.Context, c *call, token string) (*http.Response, error) {
	pause := firstPause
	for try := 1; ; try++ {
		resp, err := a.try(ctx, c, token)
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) || c.writes || try == a.most {
			return resp, err
		}
		jitter := 0.5 + rand.Float64() //nolint:gosec // no secret, it only keeps replicas from asking in step
		if err := a.github.o.Sleep(ctx, time.Duration(float64(pause)*jitter)); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

// try makes the call once, and notes what its answer says of limits.
func (a *account) try(ctx context.Context, c *call, token string) (*http.Response, error) {
	began := a.github.o.Now()
	resp, body, err := a.exchange(ctx, c, token)
	if err == nil {
		err = judge(c, resp, body, a.pauses)
	}
	seen := Call{
		Installation: a.installation, Method: c.req.Method, Endpoint: c.endpoint, Remaining: -1,
		Elapsed: a.github.o.Now().Sub(began), Err: err,
	}
	if resp != nil {
		a.budgets.note(&seen, resp)
	}
	a.github.o.Observe(seen)
	var limited *LimitedError
	switch {
	case errors.As(err, &limited):
		if c.graph && limited.Why == "primary" {
			return nil, a.points.extend(ctx, limited)
		}
		return nil, a.pauses.extend(ctx, limited)
	case err != nil:
		return nil, err
	}
	a.pauses.relax()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Request = c.req // the one without a token
	return resp, nil
}

// exchange sends the request and reads the whole answer.
func (a *account) exchange(ctx context.Context, c *call, token string) (*http.Response, []byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req := c.req.Clone(limited)
	if c.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(c.body)), int64(len(c.body))
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := a.github.o.Transport.RoundTrip(req)
	if err != nil {
		return nil, nil, broken(ctx, c, nil, err)
	}
	most := c.max
	if resp.StatusCode >= http.StatusBadRequest {
		most = maxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	switch {
	case err != nil:
		return resp, nil, broken(ctx, c, resp, err)
	case int64(len(body)) > most:
		return resp, nil, &TooLargeError{c.endpoint, most}
	}
	return resp, body, nil
}

// broken is a connection that failed, unless the caller himself gave up.
func broken(ctx context.Context, c *call, resp *http.Response, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &UnavailableError{c.endpoint, status, errTooSlow}
	}
	return &UnavailableError{c.endpoint, status, errors.New(redact(err.Error()))}
}

var errTooSlow = errors.New("no whole answer in time")
