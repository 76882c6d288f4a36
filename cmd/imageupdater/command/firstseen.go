package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// firstSeen remembers in files, one an image, when tags were first met. It is
// the command line's way of telling ages where registries do not: the App keeps
// its own. It may be used from several goroutines for different images; two
// processes at a time may each forget what the other has just met, which makes
// tags younger and never older.
type firstSeen struct {
	dir string
	now func() time.Time
}

// seenFile is the form of a file.
type seenFile struct {
	Image string `json:"image"`
	// Tags are times in seconds since 1970, by tag or tag@digest.
	Tags map[string]int64 `json:"tags"`
}

// newFirstSeen keeps its files in the user's folder for caches. It makes the
// folder when there is something to keep.
func newFirstSeen(env Environment) *firstSeen {
	return &firstSeen{dir: env.CacheDir, now: env.Now}
}

// FirstSeen is part of scanner.History. Of the tags that are kept those are
// forgotten that are not among the names, and of each name with a digest the
// other digests of its tag: what went and came back is new. An empty list forgets
// nothing.
func (s *firstSeen) FirstSeen(_ context.Context, repo image.Repository, names []string) (map[string]time.Time, error) {
	if s.dir == "" {
		return nil, errors.New("there is no folder for caches: set HOME or XDG_CACHE_HOME, or write minAge: 0")
	}
	sum := sha256.Sum256([]byte(repo.String()))
	name := filepath.Join(s.dir, "first-seen", hex.EncodeToString(sum[:])+".json")
	file, err := readSeen(name, repo)
	if err != nil {
		return nil, err
	}
	now := s.now()
	times := make(map[string]time.Time, len(names))
	changed := file.forget(names)
	for _, tag := range names {
		at := file.Tags[tag]
		if at <= 0 { // never, or damaged
			at, changed = now.Unix(), true
			file.Tags[tag] = at
		}
		// Where the clock was or is wrong a tag is rather too young than too old.
		times[tag] = time.Unix(at, 0)
	}
	if !changed {
		return times, nil
	}
	return times, writeSeen(name, file)
}

// readSeen reads a file. One that is damaged is begun again: all tags count
// from now on, so that nothing is taken for older than it is.
func readSeen(name string, repo image.Repository) (seenFile, error) {
	fresh := seenFile{Image: repo.String(), Tags: map[string]int64{}}
	src, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fresh, nil
	case err != nil:
		return fresh, fmt.Errorf("reading the cache: %w", err)
	}
	var file seenFile
	if json.Unmarshal(src, &file) == nil && file.Image == fresh.Image && file.Tags != nil {
		return file, nil
	}
	return fresh, nil
}

// forget drops the tags that are not among the names, or where these name
// digests the other digests of their tags. It tells whether there were any.
func (f seenFile) forget(names []string) bool {
	kept, digests := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		tag, _, hasDigest := strings.Cut(name, "@")
		kept[name] = true
		digests[tag] = digests[tag] || hasDigest
	}
	forgot := false
	for name := range f.Tags {
		tag, _, hasDigest := strings.Cut(name, "@")
		ofAskedTag := hasDigest && digests[tag]
		ofList := !hasDigest && len(digests) > 0 && !strings.Contains(names[0], "@")
		if !kept[name] && (ofAskedTag || ofList) {
			delete(f.Tags, name)
			forgot = true
		}
	}
	return forgot
}

func writeSeen(name string, file seenFile) error {
	src, err := json.Marshal(file)
	if err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return fmt.Errorf("writing the cache: %w", err)
	}
	_, err = temporary.Write(src)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("writing the cache: %w", err)
	}
	return nil
}
