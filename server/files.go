package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/forge"
)

// sharedFiles are the files that others extend, and those that enforce. Many
// repositories read the same few, so an answer is good for a while.
type sharedFiles struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[sharedFile]sharedAnswer
}

// goodFor is how long an answer is not asked for again. A push to them is told,
// and forgets it sooner.
const goodFor = time.Minute

type sharedFile struct {
	installation           int64
	owner, name, path, ref string
}

type sharedAnswer struct {
	text []byte
	err  error
	at   time.Time
}

func newSharedFiles(now func() time.Time) *sharedFiles {
	return &sharedFiles{now: now, answers: map[sharedFile]sharedAnswer{}}
}

// forget lets all files of an installation be read again.
func (s *sharedFiles) forget(installation int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.answers {
		if f.installation == installation {
			delete(s.answers, f)
		}
	}
}

// of reads as one installation does.
func (s *sharedFiles) of(client *forge.Client, installation int64) config.Files {
	return filesOf{s, client, installation}
}

type filesOf struct {
	shared       *sharedFiles
	client       *forge.Client
	installation int64
}

// Read is part of config.Files.
func (f filesOf) Read(ctx context.Context, base config.Base) ([]byte, error) {
	key := sharedFile{f.installation, base.Owner, base.Repository, base.Path, base.Ref}
	now := f.shared.now()
	f.shared.mu.Lock()
	known, is := f.shared.answers[key]
	f.shared.mu.Unlock()
	if is && now.Sub(known.at) < goodFor {
		return known.text, known.err
	}
	text, err := f.ask(ctx, base)
	if err == nil || errors.Is(err, config.ErrNoFile) {
		f.shared.mu.Lock()
		defer f.shared.mu.Unlock()
		f.shared.answers[key] = sharedAnswer{text, err, now}
	}
	return text, err
}

func (f filesOf) ask(ctx context.Context, base config.Base) ([]byte, error) {
	repo := f.client.Repo(forge.Ref{Owner: base.Owner, Name: base.Repository})
	file, _, err := repo.File(ctx, base.Path, base.Ref)
	_, forbidden := errors.AsType[*forge.PermissionError](err)
	switch {
	case errors.Is(err, forge.ErrNotFound), errors.Is(err, forge.ErrEmpty):
		return nil, fmt.Errorf("%w: %s is not there, or the App is not installed on %s/%s", config.ErrNoFile, base, base.Owner, base.Repository)
	case errors.Is(err, forge.ErrNotFile), forbidden:
		return nil, fmt.Errorf("%w: %s cannot be read: %w", config.ErrNoFile, base, err)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", base, err)
	}
	return file.Data, nil
}
