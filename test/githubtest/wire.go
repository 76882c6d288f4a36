package githubtest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
)

// exchange is one call on its way through the stand-in: what came, who sent
// it, and what is known of it by now.
type exchange struct {
	*Server
	r       *http.Request
	body    []byte
	path    string // escaped, without the API's prefix
	name    string // GitHub's name of the operation, or the field of a mutation
	graph   bool
	writes  bool
	content bool // it makes what people are notified of
	by      caller
	refusal *reply // of who calls
	excess  bool   // over a secondary limit
	// work finds the answer; the stages before it decide whether it is asked.
	work func(context.Context) reply
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Server: s, r: r, path: s.byName(strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix))}
	if !x.read() {
		return // the client is gone
	}
	found, params := s.contract.find(r.Method, x.path)
	if found == nil {
		s.t.Errorf("githubtest: %s %s: no operation of GitHub's that the stand-in knows", r.Method, x.path)
		x.send(w, encode(failure(http.StatusNotImplemented, "no such operation: %s %s", r.Method, x.path)), nil)
		return
	}
	x.name, x.content = found.kin.Operation.OperationID, notifies(found)
	x.writes = changes(r.Method, x.name)
	check, err := s.contract.request(r.Context(), r, found, params, x.body)
	if err != nil {
		s.t.Errorf("githubtest: %s: %v", x.name, err)
	}
	x.work = func(ctx context.Context) reply {
		answer := x.charge(x.headed(x.handled(ctx, params)))
		if err := s.contract.response(ctx, check, answer); err != nil {
			s.t.Errorf("githubtest: %s: %d: %v\n%s", x.name, answer.status, err, answer.bytes)
		}
		return answer
	}
	x.run(r.Context(), w)
}

// changes says whether a call may change something: to get a token does not.
func changes(method, operation string) bool {
	return method != http.MethodGet && method != http.MethodHead &&
		operation != "apps/create-installation-access-token" && operation != "apps/revoke-installation-access-token"
}

// read takes the body, as much of it as GitHub would.
func (x *exchange) read() bool {
	body, err := io.ReadAll(io.LimitReader(x.r.Body, maxRequest+1))
	x.body = body
	return err == nil
}

// run is the way of each call. Nothing in it holds the server's lock for long:
// calls that are slow, or held up by a fault, do not keep others waiting.
func (x *exchange) run(ctx context.Context, w http.ResponseWriter) {
	x.identify(ctx)
	defer x.meter.enter(x)()
	fault := x.faults.meet(x)
	if x.latency.wait(ctx, x.latency.of(x.name)) != nil || x.delay(ctx, fault, BeforeWork) != nil {
		return // the client is gone
	}
	answer := x.answered(ctx, fault)
	if x.delay(ctx, fault, AfterWork) != nil {
		return
	}
	x.send(w, answer, fault)
}

// answered is the work's answer, or the fault's before or after the work.
func (x *exchange) answered(ctx context.Context, f *struck) reply {
	if f != nil && f.Stale {
		return f.stale
	}
	if f != nil && f.When == BeforeWork && f.replaces() {
		return f.replace(x, encode(x.refused()))
	}
	answer := x.work(context.WithoutCancel(ctx)) // what is begun is ended, whether or not the client is still there
	x.faults.remember(x, answer)
	if f != nil {
		answer = f.replace(x, answer)
	}
	return answer
}

// refused is an empty answer with the headers of the limits, for a fault to
// lay its own over.
func (x *exchange) refused() reply { return reply{header: x.meter.headers(x)} }

// identify finds out who calls.
func (x *exchange) identify(ctx context.Context) {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &call{Server: x.Server, ctx: ctx}
	x.refusal = c.authenticate(x.r.Header.Get("Authorization"))
	x.by = c.by
}

// handled is the answer of the operation's handler, if nothing is against it.
func (x *exchange) handled(ctx context.Context, params map[string]string) reply {
	if refusal := x.refuse(); refusal != nil {
		return encode(*refusal)
	}
	op, known := x.table[x.name]
	if !known {
		x.t.Errorf("githubtest: %s is not implemented", x.name)
		return encode(failure(http.StatusNotImplemented, "%s is not implemented", x.name))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &call{
		Server: x.Server, ctx: ctx, params: params, query: x.r.URL.Query(),
		accept: x.r.Header.Get("Accept"), body: x.body, by: x.by,
		operation: x.name, method: x.r.Method, path: strings.TrimPrefix(x.r.URL.EscapedPath(), apiPrefix),
	}
	return encode(c.permitted(op)) // encoded under the lock, since it may show what others change
}

func (c *call) permitted(op operation) reply {
	if refusal := c.permit(op.needs); refusal != nil {
		return *refusal
	}
	if refusal := c.available(op.needs); refusal != nil {
		return *refusal
	}
	if refusal := tooLongIn(c.operation, c.body); refusal != nil {
		return *refusal
	}
	if strings.HasSuffix(op.needs, ":write") {
		c.writes.Add(1)
	}
	return op.handle(c)
}

// charge takes the answer from the caller's budget and tells what is left.
func (x *exchange) charge(answer reply) reply {
	free := answer.status == http.StatusNotModified || x.name == "rate-limit/get" || x.refusal != nil
	x.meter.charge(x, free)
	answer.header = merged(x.meter.headers(x), answer.header)
	return answer
}

func merged(a, b http.Header) http.Header {
	both := http.Header{}
	maps.Copy(both, a)
	maps.Copy(both, b)
	return both
}

func (x *exchange) send(w http.ResponseWriter, a reply, f *struck) {
	header := w.Header()
	maps.Copy(header, a.header)
	header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	if !x.graph {
		header.Set("X-GitHub-Api-Version-Selected", apiVersion)
	}
	header.Set("X-GitHub-Request-Id", x.requestID())
	x.journal.add(x.entry(a, header.Clone(), f != nil))
	if f != nil && f.cut(w, a) {
		return
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.bytes) // the client may be gone
}

func (x *exchange) requestID() string { return fmt.Sprintf("C0DE:%X", x.requests.Add(1)) }

func (x *exchange) entry(a reply, header http.Header, faulty bool) Exchange {
	e := Exchange{
		At: x.Now(), Method: x.r.Method, Path: x.path, Query: x.r.URL.RawQuery, Operation: x.name, GraphQL: x.graph,
		Request: x.body, Status: a.status, Header: header, Answer: a.bytes, Caller: x.by.key(), Fault: faulty, writes: x.writes,
	}
	if x.by.token != nil {
		e.Installation, e.Scope = x.by.token.install.ID, x.by.token.scope
	}
	return e
}
