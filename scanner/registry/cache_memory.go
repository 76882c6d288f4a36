package registry

import (
	"container/list"
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// answer is what is remembered of a question.
type answer struct {
	value any
	err   error
	// asked is when the question was sent: what happened after it may not be
	// in the answer.
	asked time.Time
	// until is when it is no longer true; zero is never.
	until time.Time
}

// memory holds the answers that were used last, up to a size. A caller holds the
// lock of Shared.
type memory struct {
	byQuestion map[question]*list.Element
	order      *list.List // of *remembered, the last used first
	size, most int64
}

type remembered struct {
	answer

	question question
	size     int64
}

func newMemory(most int64) *memory {
	return &memory{byQuestion: map[question]*list.Element{}, order: list.New(), most: most}
}

// get is the answer to a question, however old; nil where there is none.
func (m *memory) get(q question) *answer {
	element := m.byQuestion[q]
	if element == nil {
		return nil
	}
	m.order.MoveToFront(element)
	return &held(element).answer
}

func held(element *list.Element) *remembered {
	kept, _ := element.Value.(*remembered) // there is nothing else in the list
	return kept
}

// put keeps an answer unless there is one to a later question.
func (m *memory) put(q question, a answer) {
	if element := m.byQuestion[q]; element != nil {
		if held(element).asked.After(a.asked) {
			return
		}
		m.drop(element)
	}
	kept := &remembered{answer: a, question: q, size: q.size() + sizeOf(a.value)}
	m.byQuestion[q] = m.order.PushFront(kept)
	m.size += kept.size
	for m.size > m.most && m.order.Len() > 1 {
		m.drop(m.order.Back())
	}
}

func (m *memory) drop(element *list.Element) {
	kept := held(element)
	m.order.Remove(element)
	delete(m.byQuestion, kept.question)
	m.size -= kept.size
}

// Sizes of what is remembered, roughly, beside the text in it.
const (
	sizeOfAnswer   = 400 // with its place in map and list
	sizeOfTag      = 64
	sizeOfPlatform = 96
	sizeOfPair     = 64
)

func (q question) size() int64 {
	return int64(sizeOfAnswer + len(q.reference) + len(q.platform))
}

func sizeOf(value any) int64 {
	switch v := value.(type) {
	case *listing:
		return v.size()
	case Manifest:
		return v.size()
	case Details:
		return v.Platform.size() + textSize(v.Labels)
	case About:
		return v.memorySize()
	case provenanceOf:
		return int64(len(v.Of) + len(v.Provenance.Source) + len(v.Provenance.Revision))
	case string:
		return int64(len(v))
	}
	return 0
}

func (l *listing) size() int64 {
	size := textSize(nil)
	for _, tag := range l.tags {
		size += int64(sizeOfTag + len(tag.Name))
		if tag.Manifest != nil {
			size += tag.Manifest.size()
		}
	}
	for line := range l.lines {
		size += int64(sizeOfPair + len(line))
	}
	return size
}

func (m Manifest) size() int64 {
	size := int64(len(m.Digest)) + textSize(m.Annotations)
	for _, p := range m.Platforms {
		size += p.size()
	}
	return size
}

func (a About) memorySize() int64 {
	size := a.Manifest.size() + a.Platform.size() + int64(len(a.Attestation))
	for _, labels := range []map[string]string{a.Index, a.Descriptor, a.Annotations, a.Labels} {
		size += textSize(labels)
	}
	return size
}

func (p Platform) size() int64 {
	return int64(sizeOfPlatform + len(p.Digest) + len(p.OS) + len(p.Architecture) + len(p.Variant) + len(p.OSVersion))
}

func textSize(pairs map[string]string) int64 {
	size := int64(sizeOfPair)
	for key, value := range pairs {
		size += int64(sizeOfPair + len(key) + len(value))
	}
	return size
}

// flight is a question under way. It ends when nobody waits for it any more.
type flight struct {
	asked    time.Time
	cancel   context.CancelFunc
	done     chan struct{} // closed when value and err are there
	value    any
	err      error
	panicked any // by send, for those who wait to go on with
	waiting  int
}

// ask gives the answer to a question: the one that is remembered, or the one
// that is under way, or that of send.
func ask[T any](ctx context.Context, s *Shared, q question, send func(context.Context) (T, error)) (T, error) {
	var none T
	f, known := s.board(ctx, q, func(ctx context.Context) (any, error) { return send(ctx) })
	if known != nil {
		value, _ := known.value.(T) // a question has answers of one type
		return value, known.err
	}
	select {
	case <-f.done:
		if f.panicked != nil {
			panic(f.panicked)
		}
		value, _ := f.value.(T)
		return value, f.err
	case <-ctx.Done():
		s.leave(q, f)
		return none, context.Cause(ctx)
	}
}

// board finds the answer, or the flight that brings it, or starts one.
func (s *Shared) board(ctx context.Context, q question, send func(context.Context) (any, error)) (*flight, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.options.Now()
	if known := s.fresh(q, now); known != nil {
		return nil, known
	}
	f := s.flights[q]
	if f == nil || !q.lasting() && f.asked.Before(s.staleBefore(q.repo, now)) {
		f = &flight{asked: now, done: make(chan struct{})}
		s.flights[q] = f
		var flying context.Context
		// One caller's end must not be that of the others.
		flying, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go s.fly(flying, q, f, send)
	}
	f.waiting++
	return f, nil
}

func (s *Shared) fly(ctx context.Context, q question, f *flight, send func(context.Context) (any, error)) {
	defer close(f.done)
	defer s.land(q, f)
	defer f.cancel()
	defer func() {
		if problem := recover(); problem != nil {
			// Whoever goes on with it is elsewhere.
			f.panicked = fmt.Sprintf("%v\n%s", problem, debug.Stack())
		}
	}()
	f.value, f.err = send(ctx)
	if f.err != nil {
		f.value = nil // and not a pointer to nothing
	}
	s.keep(q, answer{value: f.value, err: f.err, asked: f.asked})
}

// land makes room for the next flight, unless that has started already.
func (s *Shared) land(q question, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[q] == f {
		delete(s.flights, q)
	}
}

func (s *Shared) leave(q question, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	f.cancel()
	if s.flights[q] == f {
		delete(s.flights, q) // who comes now must not board what ends
	}
}

// keep remembers an answer for as long as it is true.
func (s *Shared) keep(q question, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch life := s.life(q, a); {
	case life == 0:
		return
	case a.err != nil: // a pause that a registry asked for is not to be cut
		a.until = s.options.Now().Add(life)
	case life != forEver:
		a.until = s.options.Now().Add(spread(q, life))
	}
	s.memory.put(q, a)
}

// fresh is the answer that is remembered, if it still counts.
func (s *Shared) fresh(q question, now time.Time) *answer {
	known := s.memory.get(q)
	switch {
	case known == nil:
		return nil
	case !known.until.IsZero() && !now.Before(known.until):
		return nil
	case (!q.lasting() || known.err != nil) && known.asked.Before(s.staleBefore(q.repo, now)):
		return nil
	}
	return known
}
