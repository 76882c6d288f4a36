package registry

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// maxStored is how large a value may be that is stored. Publishers decide how
// much they say of an image.
const maxStored = 64 << 10

// formOfStored is part of each key, so that what was stored in another form is
// never met again.
const formOfStored = "1"

// Store keeps small values, JSON of at most 64 KiB, by key. It bounds its own size
// and may drop what it likes, best what was not read for longest: keys of
// credentials that are gone are never asked for again. Nothing expires: what does
// not stay true says itself from when it is. Trouble is its own to tell: to Shared a
// value that cannot be read is not there, and one that cannot be written is
// forgotten. It may be called from several goroutines, and no lock of Shared is
// held meanwhile.
//
// Keys are of 32 characters, letters, digits, "-" and "_", and tell nothing. In the
// values are digests, platforms and what publishers wrote into images, private
// ones among them.
type Store interface {
	// Get gives a value, which nobody changes, and whether there is one. It is asked
	// for each tag that a choice rests on, thousands of times in a row, and should
	// take microseconds. The context's end is a reason to say that there is none.
	Get(ctx context.Context, key string) ([]byte, bool)
	// Put keeps a value, in place of the one that was there; the last one counts.
	// The slice is the store's from then on. It may return before the value is kept,
	// so that many are written at once; the context may end as soon as it has
	// returned.
	Put(ctx context.Context, key string, value []byte)
}

// storeKey names what belongs to one identity, without telling what it is.
func (q question) storeKey() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		formOfStored, strconv.Itoa(int(q.about)), q.identity, q.repo.Registry, q.repo.Path, q.reference, q.platform,
	}, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

// stored gives what the store has, if that is valid, or else what send gives,
// and stores it.
func stored[T any](ctx context.Context, s *Shared, q question, valid func(T) bool, send func() (T, error)) (T, error) {
	if value, found := load(ctx, s, q, valid); found {
		return value, nil
	}
	value, err := send()
	if err == nil {
		s.store(ctx, q, value)
	}
	return value, err
}

func load[T any](ctx context.Context, s *Shared, q question, valid func(T) bool) (T, bool) {
	var value T
	if s.options.Store == nil {
		return value, false
	}
	raw, found := s.options.Store.Get(ctx, q.storeKey())
	found = found && json.Unmarshal(raw, &value) == nil && valid(value)
	return value, found
}

func (s *Shared) store(ctx context.Context, q question, value any) {
	if s.options.Store == nil {
		return
	}
	raw, err := json.Marshal(value)
	if err != nil || len(raw) > maxStored {
		return
	}
	s.options.Store.Put(ctx, q.storeKey(), raw)
}

// storeDigest keeps what a tag stood for. It is never taken for what the tag
// stands for now; it tells that its digest is worth asking for.
func (s *Shared) storeDigest(ctx context.Context, q question, digest string) {
	if last, found := load(ctx, s, q, image.ValidDigest); !found || last != digest {
		s.store(ctx, q, digest)
	}
}

// recall gives what is known without asking, however old.
func recall[T any](ctx context.Context, s *Shared, q question, valid func(T) bool) (T, bool) {
	s.mu.Lock()
	known := s.memory.get(q)
	s.mu.Unlock()
	if known != nil && known.err == nil {
		value, _ := known.value.(T) // a question has answers of one type
		return value, true
	}
	value, found := load(ctx, s, q, valid)
	if found && q.lasting() {
		s.keep(q, answer{value: value, asked: s.options.Now()})
	}
	return value, found
}

// lastDigest is the digest that a tag last had, "" if it was never met, and
// whether that still counts.
func (s *Shared) lastDigest(ctx context.Context, o owner, tag string) (digest string, fresh bool) {
	q := digestOf(o, tag)
	digest, found := recall(ctx, s, q, image.ValidDigest)
	if !found {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.fresh(q, s.options.Now())
	return digest, known != nil && known.err == nil
}
