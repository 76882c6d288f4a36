package credentials

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// mostSecret and mostFile are the sizes of the largest secret and the largest
// file of secrets that are read, in bytes.
const (
	mostSecret = 64 << 10
	mostFile   = 1 << 20
)

// file is a file of the operator that is read again when it changes.
type file struct {
	path string

	mu   sync.Mutex
	seen os.FileInfo // nil before the first reading
	text secret
}

// read gives what is in the file now. Secrets of Kubernetes change by moving a
// link, so the file behind the path is looked at, and not only its time.
func (f *file) read() (secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case err != nil:
		return nil, fileProblem(f.path, err)
	case !info.Mode().IsRegular():
		return nil, problemf("the file %s: it is no regular file", f.path)
	case f.seen != nil && os.SameFile(info, f.seen) && info.ModTime().Equal(f.seen.ModTime()) && info.Size() == f.seen.Size():
		return f.text, nil
	}
	text, err := readAtMost(f.path, mostFile)
	if err != nil {
		return nil, err
	}
	f.seen, f.text = info, hide(text)
	return f.text, nil
}

func readAtMost(path string, most int64) (string, error) {
	from, err := os.Open(filepath.Clean(path))
	if err != nil {
		return "", fileProblem(path, err)
	}
	defer from.Close()
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case err != nil:
		return "", fileProblem(path, err)
	case int64(len(text)) > most:
		return "", problemf("the file %s: it is larger than %d KiB", path, most>>10)
	}
	return string(text), nil
}

// kept reads a secret from where an operator keeps it.
type kept struct {
	name   string // an environment variable; "" where it is a file
	file   *file
	getenv func(string) string
}

func newKept(from grant.Secret, env Environment) *kept {
	if from.File != "" {
		return &kept{file: &file{path: from.File}}
	}
	return &kept{name: from.Env, getenv: env.Getenv}
}

func (k *kept) read() (secret, error) {
	if k.file == nil {
		text := trimmed(k.getenv(k.name))
		if text == "" {
			return nil, problemf("the environment variable %s is not set, or empty", k.name)
		}
		return hide(text), nil
	}
	all, err := k.file.read()
	if err != nil {
		return nil, err
	}
	switch text := trimmed(all.reveal()); {
	case text == "":
		return nil, problemf("the file %s is empty", k.file.path)
	case len(text) > mostSecret:
		return nil, problemf("the file %s: no secret is larger than %d KiB", k.file.path, mostSecret>>10)
	default:
		return hide(text), nil
	}
}

// Secret is one that an operator keeps for another use than registries: a key,
// or what webhooks are signed with. It may be used from several goroutines.
type Secret struct{ kept *kept }

// NewSecret says where it is kept; getenv is that of package os. Nothing is
// read yet.
func NewSecret(from grant.Secret, getenv func(string) string) *Secret {
	return &Secret{newKept(from, Environment{Getenv: getenv})}
}

// Read gives the secret as it is now: a file is read again when it changes. One
// line break at the end is no part of it. It is an error if it is empty, or
// larger than 64 KiB; no error quotes it.
func (s *Secret) Read() (string, error) {
	if s.kept.file == nil && s.kept.name == "" {
		return "", problemf("nothing says where the secret is kept")
	}
	text, err := s.kept.read()
	if err != nil {
		return "", err
	}
	return text.reveal(), nil
}

// keptSource is a login that is made of a kept secret.
func keptSource(k *kept, now func() time.Time, use func(secret) login) source {
	return source{
		timeout: askTimeout, patience: rereadAfter,
		fetch: func(context.Context) (login, time.Time, error) {
			text, err := k.read()
			if err != nil {
				return login{}, time.Time{}, err
			}
			return use(text), now().Add(rereadAfter), nil
		},
	}
}
