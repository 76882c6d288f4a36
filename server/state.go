package server

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/server/store"
)

// state is the database as the packages below want it: forge.Memory,
// forge.Cooldowns, run.Memory, registry.Store and scanner.History. What is lost
// of it is asked for again, so that failures are logged and do no more.
type state struct {
	db  *store.DB
	now func() time.Time
	log zerolog.Logger

	mu      sync.Mutex
	pending map[string][]byte   // facts to be written
	used    map[string]struct{} // facts that were of use since they were last noted
	noted   time.Time
	cooling map[string]cooling
}

// cooling is what the database said of a cooldown, and when.
type cooling struct{ until, asked time.Time }

// How many facts are written at once, and how often is noted which were of use.
const (
	writeFacts = 200
	noteUse    = 6 * time.Hour
	// askCooldown is how old may be what other replicas said: they meet a
	// limit of their own at the worst.
	askCooldown = time.Second
	// mostCooling is of how many is known what the database said: repositories name
	// hosts.
	mostCooling = 10_000
)

func newState(db *store.DB, now func() time.Time, log zerolog.Logger) *state {
	return &state{
		db: db, now: now, log: log, pending: map[string][]byte{}, used: map[string]struct{}{}, noted: now(), cooling: map[string]cooling{},
	}
}

// write runs a transaction whose failure harms nobody.
func (s *state) write(ctx context.Context, do func(context.Context, *store.Tx) error) {
	ctx = context.WithoutCancel(ctx)
	if err := s.db.InTx(ctx, do); err != nil {
		s.log.Warn().Err(err).Msg("something could not be remembered")
	}
}

func (s *state) missed(err error) bool {
	if err == nil {
		return false
	}
	if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, context.Canceled) {
		s.log.Warn().Err(err).Msg("something could not be recalled")
	}
	return true
}

// Get is part of registry.Store.
func (s *state) Get(ctx context.Context, key string) ([]byte, bool) {
	s.mu.Lock()
	value, found := s.pending[key]
	s.mu.Unlock()
	if found {
		return value, true
	}
	value, err := s.db.Reading().Fact(ctx, key)
	if s.missed(err) {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used[key] = struct{}{}
	return value, true
}

// Put is part of registry.Store. It writes when there is enough to write, or when
// flush is called.
func (s *state) Put(ctx context.Context, key string, value []byte) {
	s.mu.Lock()
	s.pending[key] = value
	full := len(s.pending) >= writeFacts
	s.mu.Unlock()
	if full {
		s.flush(ctx)
	}
}

// Fact is part of run.Memory.
func (s *state) Fact(ctx context.Context, name string) ([]byte, bool) { return s.Get(ctx, name) }

// KeepFact is part of run.Memory.
func (s *state) KeepFact(ctx context.Context, name string, value []byte) { s.Put(ctx, name, value) }

// flush writes what waits.
func (s *state) flush(ctx context.Context) {
	now := s.now()
	s.mu.Lock()
	facts, used := s.pending, s.used
	s.pending = map[string][]byte{}
	if now.Sub(s.noted) < noteUse && len(used) < 100*writeFacts {
		used = nil
	} else {
		s.used, s.noted = map[string]struct{}{}, now
	}
	s.mu.Unlock()
	if len(facts) == 0 && len(used) == 0 {
		return
	}
	s.write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for key, value := range facts {
			if err := tx.PutFact(ctx, key, value, now); err != nil {
				return err
			}
		}
		names := make([]string, 0, len(used))
		for name := range used {
			names = append(names, name)
		}
		return tx.UseFacts(ctx, names, now)
	})
}

// Recall is part of forge.Memory.
func (s *state) Recall(ctx context.Context, repository int64, name string) (etag string, value []byte, found bool) {
	r, err := s.db.Reading().Remembered(ctx, repository, name)
	return r.ETag, r.Value, !s.missed(err)
}

// Remember is part of forge.Memory.
func (s *state) Remember(ctx context.Context, repository int64, name, etag string, value []byte) {
	s.write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Remember(ctx, repository, name, store.Remembered{ETag: etag, Value: value}, s.now())
	})
}

// treeName is under what the list of a branch's files is remembered. Its tag is
// the commit.
func treeName(branch string) string { return "files " + branch }

// Tree is part of run.Memory.
func (s *state) Tree(ctx context.Context, repository int64, branch, commit string) ([]byte, bool) {
	tag, value, found := s.Recall(ctx, repository, treeName(branch))
	return value, found && tag == commit
}

// KeepTree is part of run.Memory.
func (s *state) KeepTree(ctx context.Context, repository int64, branch, commit string, value []byte) {
	s.Remember(ctx, repository, treeName(branch), commit, value)
}

// Note is part of run.Memory and notice.Memory.
func (s *state) Note(ctx context.Context, repository int64, name string) ([]byte, bool) {
	_, value, found := s.Recall(ctx, repository, "note "+name)
	return value, found
}

// KeepNote is part of run.Memory and notice.Memory.
func (s *state) KeepNote(ctx context.Context, repository int64, name string, value []byte) {
	s.Remember(ctx, repository, "note "+name, "", value)
}

// pastName is under what is remembered what became of a repository's proposals.
const pastName = "proposals"

// Past is part of proposal.Archive.
func (s *state) Past(ctx context.Context, repository int64) ([]byte, bool) {
	_, value, found := s.Recall(ctx, repository, pastName)
	return value, found
}

// KeepPast is part of proposal.Archive.
func (s *state) KeepPast(ctx context.Context, repository int64, value []byte) {
	s.Remember(ctx, repository, pastName, "", value)
}

// Until is part of forge.Cooldowns.
func (s *state) Until(ctx context.Context, installation int64) (time.Time, error) {
	return s.coolUntil(ctx, cooldownOf(installation))
}

// coolUntil is until when something is left alone, as it was a moment ago.
func (s *state) coolUntil(ctx context.Context, scope string) (time.Time, error) {
	now := s.now()
	s.mu.Lock()
	known, is := s.cooling[scope]
	s.mu.Unlock()
	if is && now.Sub(known.asked) < askCooldown {
		return known.until, nil
	}
	until, err := s.db.Reading().Cooldown(ctx, scope)
	if err != nil {
		return time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cooling) >= mostCooling {
		clear(s.cooling)
	}
	s.cooling[scope] = cooling{until, now}
	return until, nil
}

// Extend is part of forge.Cooldowns.
func (s *state) Extend(ctx context.Context, installation int64, until time.Time) error {
	return s.cool(ctx, cooldownOf(installation), until)
}

func (s *state) cool(ctx context.Context, scope string, until time.Time) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Cool(ctx, scope, until) })
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cooling, scope)
	return err
}

// registryCooldowns are those of registries' hosts. They are a registry.Cooldowns.
type registryCooldowns struct{ *state }

// cooldownOfRegistries begins the names of their cooldowns.
const cooldownOfRegistries = "registry "

// Until is part of registry.Cooldowns.
func (r registryCooldowns) Until(ctx context.Context, name string) time.Time {
	until, err := r.coolUntil(ctx, cooldownOfRegistries+name)
	if err != nil && ctx.Err() == nil {
		r.log.Warn().Err(err).Msg("how long a registry is left alone could not be read")
	}
	return until
}

// Extend is part of registry.Cooldowns.
func (r registryCooldowns) Extend(ctx context.Context, name string, until time.Time) {
	if err := r.cool(ctx, cooldownOfRegistries+name, until); err != nil {
		r.log.Warn().Err(err).Msg("how long a registry is left alone could not be kept")
	}
}

// FirstSeen is part of scanner.History.
func (s *state) FirstSeen(ctx context.Context, repo image.Repository, names []string) (map[string]time.Time, error) {
	var seen map[string]time.Time
	err := s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		seen, err = tx.FirstSeen(ctx, repo.String(), names, s.now())
		return err
	})
	return seen, err
}

func cooldownOf(installation int64) string {
	return "installation " + strconv.FormatInt(installation, 10)
}
