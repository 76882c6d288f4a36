package sources

import (
	"container/list"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// item is the answer to a question, as it is kept: a value, or why there is none.
type item struct {
	value   []byte // not to be changed
	etag    string
	more    bool // there is another page
	missing error
	at      time.Time
	forever bool
}

// into decodes the value.
func (i item) into(value any) error {
	if i.missing != nil {
		return i.missing
	}
	if err := json.Unmarshal(i.value, value); err != nil {
		return fmt.Errorf("%w: what was kept cannot be read", changelog.ErrLater)
	}
	return nil
}

// kept are answers, up to so many bytes; those that were asked for the longest ago go first.
type kept struct {
	max int

	mu      sync.Mutex
	bytes   int
	order   *list.List // of *entry, the latest first
	entries map[string]*list.Element
	flights map[string]*flight
}

type entry struct {
	key  string
	item item
}

// size is about what an entry takes.
func (e *entry) size() int { return len(e.key) + len(e.item.value) + len(e.item.etag) + 256 }

// flight is a question on its way to GitHub.
type flight struct {
	asker int64
	done  chan struct{}
	item  item
	err   error
}

func newKept(most int) *kept {
	return &kept{max: most, order: list.New(), entries: map[string]*list.Element{}, flights: map[string]*flight{}}
}

func (k *kept) get(key string) (item, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	element := k.entries[key]
	if element == nil {
		return item{}, false
	}
	k.order.MoveToFront(element)
	return entryOf(element).item, true
}

func entryOf(element *list.Element) *entry {
	e, _ := element.Value.(*entry) // nothing else is put there
	return e
}

func (k *kept) put(key string, i item) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(k.entries[key])
	e := &entry{key, i}
	if e.size() > k.max/2 {
		return
	}
	k.entries[key] = k.order.PushFront(e)
	k.bytes += e.size()
	for k.bytes > k.max {
		k.remove(k.order.Back())
	}
}

// drop forgets all whose key begins so.
func (k *kept) drop(prefix string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, element := range k.entries {
		if strings.HasPrefix(key, prefix) {
			k.remove(element)
		}
	}
}

func (k *kept) remove(element *list.Element) {
	if element == nil {
		return
	}
	e := entryOf(element)
	k.order.Remove(element)
	delete(k.entries, e.key)
	k.bytes -= e.size()
}

// board gives the flight that answers a question, and whether the caller leads it.
func (k *kept) board(key string, asker int64) (f *flight, leads bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if under := k.flights[key]; under != nil {
		return under, false
	}
	f = &flight{asker: asker, done: make(chan struct{})}
	k.flights[key] = f
	return f, true
}

// land ends a flight, for all who wait.
func (k *kept) land(key string, f *flight, i item, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f.item, f.err = i, err
	delete(k.flights, key)
	close(f.done)
}
