package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/server/store"
)

// sharedFiles are the files that others extend, and those that enforce. Many
// repositories read the same few, so an answer is good for a while.
type sharedFiles struct {
	db  *store.DB
	now func() time.Time

	mu      sync.Mutex
	answers map[sharedFile]sharedAnswer
}

const (
	// goodFor is how long an answer is not asked for again. A push to the files
	// is told, and forgets it sooner.
	goodFor = time.Minute
	// nothingFor is how long it is not asked for again that an owner enforces
	// nothing. It is told, too, but not of a repository that the App is not
	// installed on.
	nothingFor = 24 * time.Hour
	// noFileNote begins the names of the notes of that. Repositories write the paths,
	// so those that are over are forgotten.
	noFileNote = "no file for "
	// mostAnswers bounds them: paths are what repositories write.
	mostAnswers = 1000
)

type sharedFile struct {
	installation           int64
	owner, name, path, ref string
}

type sharedAnswer struct {
	text []byte
	err  error
	at   time.Time
	// mark is what forget had noted then.
	mark string
}

func newSharedFiles(db *store.DB, now func() time.Time) *sharedFiles {
	return &sharedFiles{db: db, now: now, answers: map[sharedFile]sharedAnswer{}}
}

// forgotten is where is noted when the files of an installation were forgotten, by
// whichever replica.
func forgotten(installation int64) string {
	return "files forgotten " + strconv.FormatInt(installation, 10)
}

// forget lets all files of an installation be read again, by all replicas.
func (s *sharedFiles) forget(ctx context.Context, installation int64) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutNote(ctx, forgotten(installation), s.now().UTC().Format(time.RFC3339Nano))
	})
}

// known gives an answer that is still good.
func (s *sharedFiles) known(f sharedFile, mark string) (sharedAnswer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, is := s.answers[f]
	return a, is && a.mark == mark && s.now().Sub(a.at) < goodFor
}

func (s *sharedFiles) keep(f sharedFile, a sharedAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) >= mostAnswers {
		clear(s.answers)
	}
	s.answers[f] = a
}

// of reads as one installation does.
func (s *sharedFiles) of(client *forge.Client, installation int64) config.Files {
	return filesOf{s, client, installation, false}
}

// newest is of for what may not be a minute old: GitHub is asked each time.
func (s *sharedFiles) newest(client *forge.Client, installation int64) config.Files {
	return filesOf{s, client, installation, true}
}

type filesOf struct {
	shared       *sharedFiles
	client       *forge.Client
	installation int64
	newest       bool
}

// Read is part of config.Files.
func (f filesOf) Read(ctx context.Context, base config.Base) ([]byte, error) {
	mark, err := f.shared.db.Reading().Note(ctx, forgotten(f.installation))
	if err != nil {
		return nil, err
	}
	key, now := sharedFile{f.installation, base.Owner, base.Repository, base.Path, base.Ref}, f.shared.now()
	if known, is := f.shared.known(key, mark); is && !f.newest {
		return known.text, known.err
	}
	text, err := f.look(ctx, base, mark)
	if err == nil || errors.Is(err, config.ErrNoFile) {
		f.shared.keep(key, sharedAnswer{text, err, now, mark})
	}
	return text, err
}

// look reads a file in a way that costs nothing while it does not change. That the
// owner enforces nothing is kept, too: GitHub wants to be paid for each 404.
func (f filesOf) look(ctx context.Context, base config.Base, mark string) ([]byte, error) {
	known, err := f.shared.db.Reading().RepositoryNamed(ctx, base.Owner, base.Repository)
	ref := forge.Ref{Owner: base.Owner, Name: base.Repository}
	switch {
	case err == nil && known.InstallationID == f.installation:
		ref.ID = known.ID
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	if base.Repository != config.RulesRepository { // no push there is heard
		return f.ask(ctx, base, ref)
	}
	name, now := fmt.Sprintf("%s%d: %s", noFileNote, f.installation, base), f.shared.now()
	value, err := f.shared.db.Reading().Note(ctx, name)
	if err != nil {
		return nil, err
	}
	about := fmt.Sprintf("%d %s", ref.ID, mark)
	when, was, _ := strings.Cut(value, " ")
	at, wrong := time.Parse(time.RFC3339, when)
	// Where the App is not installed nothing is told anyway.
	if trusted := !f.newest || ref.ID == 0; trusted && wrong == nil && was == about && now.Sub(at) < nothingFor {
		return nil, noFile(base)
	}
	text, err := f.ask(ctx, base, ref)
	note := "" // it is there
	if errors.Is(err, config.ErrNoFile) {
		note = now.UTC().Format(time.RFC3339) + " " + about
	}
	if note == value || err != nil && note == "" {
		return text, err
	}
	return text, errors.Join(err, f.shared.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.PutNote(ctx, name, note) }))
}

func noFile(base config.Base) error {
	return fmt.Errorf("%w: %s is not there, or the App is not installed on %s/%s", config.ErrNoFile, base, base.Owner, base.Repository)
}

func (f filesOf) ask(ctx context.Context, base config.Base, ref forge.Ref) ([]byte, error) {
	file, _, err := f.client.Repo(ref).File(ctx, base.Path, base.Ref)
	_, forbidden := errors.AsType[*forge.PermissionError](err)
	switch {
	case isMoved(err):
		return f.ask(ctx, base, forge.Ref{Owner: base.Owner, Name: base.Repository})
	case errors.Is(err, forge.ErrNotFound), errors.Is(err, forge.ErrEmpty):
		return nil, noFile(base)
	case errors.Is(err, forge.ErrNotFile), forbidden:
		return nil, fmt.Errorf("%w: %s cannot be read: %w", config.ErrNoFile, base, err)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", base, err)
	}
	return file.Data, nil
}
