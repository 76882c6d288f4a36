package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// fresh is how long an answer is taken for what GitHub would say; then it is asked
// whether it still is.
const fresh = 10 * time.Minute

// question is one read, and what is kept of its answer.
type question struct {
	id      int64  // the repository's, 0 for a repository that is looked for by its name
	name    string // tells the questions about a repository apart
	query   forge.Query
	decode  func(forge.Answer) ([]byte, error)
	forever bool // the answer never changes
}

// prefix begins the keys of all questions about a repository.
func (q question) prefix(l lane) string { return fmt.Sprintf("%d %s %d ", l.owner, l.host, q.id) }

// key is under the installation whose secret the answer is, under 0 for nobody's.
func (q question) key(l lane) string { return q.prefix(l) + q.name }

// ask answers from what is kept, or asks once for all who want to know. Its error
// is one of changelog's, or one of ctx.
func (s *Sources) ask(ctx context.Context, l lane, q question) (item, error) {
	key := q.key(l)
	for {
		if kept, found := s.kept.get(key); found && (kept.forever || s.o.Now().Sub(kept.at) < fresh) {
			return kept, kept.missing
		}
		f, leads := s.kept.board(key, l.asker)
		if leads {
			s.lead(ctx, l, q, f)
			return f.item, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return item{}, context.Cause(ctx)
		}
		// That another's time or calls are used up says nothing of this one's.
		if f.err == nil || f.asker == l.asker && isOurs(f.err) {
			return f.item, f.err
		}
	}
}

// lead asks, and lets know all who wait, whatever happens.
func (s *Sources) lead(ctx context.Context, l lane, q question, f *flight) {
	answer, err := item{}, errPanicked
	defer func() { s.kept.land(q.key(l), f, answer, err) }()
	answer, err = s.answer(ctx, l, q)
}

var errPanicked = fmt.Errorf("%w: reading it was broken off", changelog.ErrLater)

// answer asks GitHub, and keeps what it says.
func (s *Sources) answer(ctx context.Context, l lane, q question) (item, error) {
	if value, found := s.fact(ctx, l, q); found {
		i := item{value: value, forever: true}
		s.kept.put(q.key(l), i)
		return i, nil
	}
	last, known := s.kept.get(q.key(l))
	if known && last.missing == nil {
		q.query.ETag = last.etag
	}
	at := s.o.Now()
	i, err := read(ctx, l, q, last)
	if err == nil {
		i.at, i.forever = at, q.forever
		s.kept.put(q.key(l), i)
		s.keepFact(ctx, l, q, i)
		return i, nil
	}
	why := judged(ctx, err)
	if lasts(l, err) {
		s.kept.put(q.key(l), item{missing: why, at: at})
	}
	return item{missing: why}, why
}

// lasts tells whether a refusal is an answer for all who share a lane. What one
// installation may not do is none for the others.
func lasts(l lane, err error) bool {
	_, isTooLarge := errors.AsType[*forge.TooLargeError](err)
	if isTooLarge || errors.Is(err, changelog.ErrNotFound) || errors.Is(err, forge.ErrNotFound) {
		return true
	}
	return l.owner != 0 && errors.Is(err, forge.ErrInvalid)
}

// read asks; what GitHub says is unchanged is what was known last.
func read(ctx context.Context, l lane, q question, last item) (item, error) {
	a, err := l.reader.Read(ctx, q.query)
	if err != nil {
		return item{}, err //nolint:wrapcheck // it is judged by whoever asked
	}
	if a.Unchanged {
		return last, nil
	}
	value, err := q.decode(a)
	return item{value: value, etag: a.ETag, more: a.More}, err
}

// maxFact is up to where an answer is kept beyond the process, in bytes.
const maxFact = 64 << 10

// factName has the number of the values' form.
func (q question) factName(l lane) string { return "source 1 " + q.key(l) }

func (s *Sources) fact(ctx context.Context, l lane, q question) ([]byte, bool) {
	if s.o.Facts == nil || !q.forever || l.owner != 0 {
		return nil, false
	}
	value, found := s.o.Facts.Fact(ctx, q.factName(l))
	return value, found && (q.query.Raw || json.Valid(value))
}

func (s *Sources) keepFact(ctx context.Context, l lane, q question, i item) {
	if s.o.Facts != nil && i.forever && l.owner == 0 && len(i.value) <= maxFact {
		s.o.Facts.KeepFact(ctx, q.factName(l), i.value)
	}
}
