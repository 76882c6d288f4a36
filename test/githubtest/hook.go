package githubtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// answerWithin is how long GitHub waits for the answer to a webhook.
const answerWithin = 10 * time.Second

// errTimedOut is why a delivery was given up.
var errTimedOut = errors.New("timed out")

// Delivery is a webhook that is to be sent or has been.
type Delivery struct {
	// ID is the attempt's, in the log; 0 before it was made. GUID is that of
	// the X-GitHub-Delivery header: a redelivery has it again.
	ID            int64
	GUID          string
	Event, Action string
	// Installation and Repository are ids, 0 when the event is of none.
	Installation, Repository int64
	Redelivery               bool
	Payload                  []byte

	// Status is "OK" for an answer of 2xx, and says otherwise what went wrong.
	// Code is the HTTP status; GitHub's own 502 and 504 when there was none.
	Status            string
	Code              int
	At                time.Time // by the server's clock
	Duration          time.Duration
	URL               string
	Request, Response http.Header
	Answer            []byte
}

// OK says whether the receiver took it.
func (d Delivery) OK() bool { return d.Status == "OK" }

// hook is the App's webhook: what is to be sent, what is being sent, and what
// has been. Its lock is taken after the server's, never before.
type hook struct {
	id, app int64
	now     func() time.Time
	within  time.Duration
	client  *http.Client
	workers sync.WaitGroup

	mu          sync.Mutex
	due, idle   *sync.Cond // told when there is something to send, and nothing left
	closed      bool
	url, secret string
	lastID      int64
	queue       []sending
	waiting     map[*sending]context.CancelCauseFunc // for an answer
	log         []Delivery                           // in the order of their ends
	disorder    disorder
}

// sending is one attempt that is due.
type sending struct {
	Delivery
	lost bool
}

func newHook(ctx context.Context, s *Server, o Options) *hook {
	h := &hook{
		id: s.id(), app: s.App.ID, now: s.Now, within: o.AnswerWithin, waiting: map[*sending]context.CancelCauseFunc{},
		client: &http.Client{
			Transport:     &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if h.within == 0 {
		h.within = answerWithin
	}
	h.due, h.idle = sync.NewCond(&h.mu), sync.NewCond(&h.mu)
	for range max(o.Deliverers, 1) {
		h.workers.Go(func() { h.work(ctx) })
	}
	return h
}

// aim sets where webhooks are sent.
func (h *hook) aim(url, secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.url, h.secret = url, secret
}

func (h *hook) config() object {
	h.mu.Lock()
	defer h.mu.Unlock()
	config := object{"url": h.url, "content_type": "json", "insecure_ssl": "0"}
	if h.secret != "" {
		config["secret"] = "********"
	}
	return config
}

// accept takes what happened; without an address it is told to nobody.
func (h *hook) accept(d Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.url == "" {
		return
	}
	if d.GUID == "" {
		h.disorder.accepted++
		sum := sha256.Sum256(fmt.Append(nil, h.url, h.now().UnixNano(), h.disorder.accepted))
		d.GUID = fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	}
	h.dispose(d)
	h.due.Broadcast()
}

// work sends what is due until the hook is closed.
func (h *hook) work(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		for len(h.queue) == 0 && !h.closed {
			h.due.Wait()
		}
		if h.closed {
			return
		}
		next := h.queue[0]
		h.queue = h.queue[1:]
		h.send(ctx, &next)
		if len(h.queue) == 0 && len(h.waiting) == 0 {
			h.idle.Broadcast()
		}
	}
}

// send is called with the lock held, and has it not while the receiver answers.
func (h *hook) send(ctx context.Context, d *sending) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d.URL, d.Request, d.At = h.url, h.sign(d.Delivery), h.now()
	h.waiting[d] = cancel
	h.mu.Unlock()
	h.attempt(ctx, d)
	h.mu.Lock()
	delete(h.waiting, d)
	h.lastID++
	d.ID, d.Duration = h.lastID, h.now().Sub(d.At)
	h.log = append(h.log, d.Delivery)
}

// attempt sends once, without the lock.
func (h *hook) attempt(ctx context.Context, d *sending) {
	if d.lost {
		d.Status, d.Code = "failed to connect", http.StatusBadGateway
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.within, errTimedOut)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Payload))
	if err != nil {
		d.Status, d.Code = "failed to connect", http.StatusBadGateway
		return
	}
	req.Header = d.Request
	res, err := h.client.Do(req)
	if err == nil {
		defer res.Body.Close()
		d.Answer, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	}
	switch {
	case errors.Is(context.Cause(ctx), errTimedOut):
		d.Status, d.Code, d.Answer = errTimedOut.Error(), http.StatusGatewayTimeout, nil
	case err != nil:
		d.Status, d.Code = "failed to connect", http.StatusBadGateway
	default:
		d.Status, d.Code, d.Response = "OK", res.StatusCode, res.Header
		if res.StatusCode < 200 || res.StatusCode > 299 {
			d.Status = fmt.Sprintf("Invalid HTTP Response: %d", res.StatusCode)
		}
	}
}

// close gives up what is under way, and lets nothing more be sent.
func (h *hook) close() {
	h.mu.Lock()
	h.closed = true
	for _, cancel := range h.waiting {
		cancel(context.Canceled)
	}
	h.due.Broadcast()
	h.mu.Unlock()
	h.workers.Wait()
	h.client.CloseIdleConnections()
}

// Settle waits until all webhooks that are due have been answered or given up,
// those included that they brought about before they were answered. What is
// held back or delayed is not due; what waits to be shuffled is.
func (s *Server) Settle() {
	h := s.hook
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		h.ripen()
		h.mix()
		if len(h.queue) == 0 && len(h.waiting) == 0 {
			return
		}
		h.due.Broadcast()
		h.idle.Wait()
	}
}

// TimeOut gives up the webhooks that have been sent and not been answered, as
// if Options.AnswerWithin had passed for them.
func (s *Server) TimeOut() {
	s.hook.mu.Lock()
	defer s.hook.mu.Unlock()
	for _, cancel := range s.hook.waiting {
		cancel(errTimedOut)
	}
}
