package registry

import (
	"context"
	"sync"
	"time"
)

// recent is a map that forgets what was not used for longest: names of hosts and
// repositories come from strangers. It is not safe for several goroutines.
type recent[K comparable, V any] struct {
	most  int
	ticks int64
	items map[K]*item[V]
	// matters is until when a value is not forgotten for others that matter less:
	// zero if it does not matter. Where all matter the one goes that does so for the
	// shortest time. nil is for values none of which does.
	matters func(V) time.Time
}

type item[V any] struct {
	value V
	used  int64
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, items: map[K]*item[V]{}}
}

// get gives what there is under a key, or builds it.
func (b *recent[K, V]) get(key K, build func() V) V {
	b.ticks++
	found, ok := b.items[key]
	if !ok {
		b.makeRoom()
		found = &item[V]{value: build()}
		b.items[key] = found
	}
	found.used = b.ticks
	return found.value
}

func (b *recent[K, V]) makeRoom() {
	if len(b.items) < b.most {
		return
	}
	var least K
	var until time.Time
	used := int64(-1)
	for key, candidate := range b.items {
		var matters time.Time
		if b.matters != nil {
			matters = b.matters(candidate.value)
		}
		if used < 0 || matters.Before(until) || matters.Equal(until) && candidate.used < used {
			least, until, used = key, matters, candidate.used
		}
	}
	delete(b.items, least)
}

// shared keeps what was asked for until it expires, and lets one caller at a time
// ask for each thing.
type shared[K comparable, V comparable] struct {
	now func() time.Time

	mu    sync.Mutex
	items *recent[K, *kept[V]]
}

type kept[V comparable] struct {
	turn  chan struct{} // holds one while somebody reads or asks
	value V
	until time.Time
}

func newShared[K comparable, V comparable](most int, now func() time.Time) *shared[K, V] {
	return &shared[K, V]{now: now, items: newRecent[K, *kept[V]](most)}
}

// get gives what is kept unless it is stale: it has expired, or it is the very
// value that turned out to be of no use. Then it asks. fresh tells that it did.
func (s *shared[K, V]) get(ctx context.Context, key K, useless V, ask func(context.Context) (V, time.Duration, error)) (value V, fresh bool, err error) {
	found := s.find(key)
	select {
	case found.turn <- struct{}{}:
		defer func() { <-found.turn }()
	case <-ctx.Done():
		return value, false, context.Cause(ctx)
	}
	if s.now().Before(found.until) && found.value != useless {
		return found.value, false, nil
	}
	value, keep, err := ask(ctx)
	if err != nil {
		return value, false, err
	}
	found.value, found.until = value, s.now().Add(keep)
	return value, true, nil
}

func (s *shared[K, V]) find(key K) *kept[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items.get(key, func() *kept[V] { return &kept[V]{turn: make(chan struct{}, 1)} })
}
