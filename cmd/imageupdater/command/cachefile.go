package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

const (
	// factHeader is the first line of the file. Another form gets another one.
	factHeader = "imageupdater facts 1"
	// factKeySize is how long a key is.
	factKeySize = 32
	// mostFacts is how many bytes the file may have.
	mostFacts = 32 << 20
)

// newSharedRegistry asks a source each thing once in a run, and between runs
// remembers in the user's folder for caches what a digest names.
func newSharedRegistry(env Environment, source registry.Source, identity func(context.Context, image.Repository) (string, error)) *registry.Shared {
	options := registry.SharedOptions{Now: env.Now, Identity: identity}
	if env.CacheDir != "" {
		options.Store = newFactFile(filepath.Join(env.CacheDir, "registries"))
	}
	return registry.NewShared(source, options)
}

// factFile is a registry.Store in a file to which facts are appended, a line
// each: the key, a space, the value. The last line with a key counts. When the
// file is opened and more than half of what it may have is there, the older facts
// go.
//
// Several processes may append at once. One that drops old facts while another
// appends may lose what that appends; it is asked for again.
type factFile struct {
	name string
	most int64

	mu     sync.Mutex
	values map[string][]byte // nil until the file was read
	size   int64
	failed error // the first that went wrong
}

func newFactFile(dir string) *factFile {
	return &factFile{name: filepath.Join(dir, "facts"), most: mostFacts}
}

// Get is part of registry.Store.
func (f *factFile) Get(_ context.Context, key string) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open()
	value, found := f.values[key]
	return value, found
}

// Put is part of registry.Store.
func (f *factFile) Put(_ context.Context, key string, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open()
	if bytes.Equal(f.values[key], value) || len(key) != factKeySize || bytes.ContainsRune(value, '\n') {
		return
	}
	f.values[key] = bytes.Clone(value)
	line := factLine(key, value)
	if f.failed != nil || f.size+int64(len(line)) > f.most {
		return
	}
	f.size += int64(len(line))
	f.failed = f.append(line)
}

// trouble is the first thing that went wrong with the file; nil if nothing did.
// Facts are then asked for again by the next run.
func (f *factFile) trouble() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// factLine begins on a line of its own, whatever the end of the file is.
func factLine(key string, value []byte) []byte {
	return fmt.Appendf(nil, "\n%s %s\n", key, value)
}

// open reads the file once. What is damaged is left out; a file of another form
// is begun again.
func (f *factFile) open() {
	if f.values != nil {
		return
	}
	f.values = map[string][]byte{}
	content, err := f.read()
	if err != nil {
		f.failed = fmt.Errorf("reading the cache of registries: %w", err)
		return
	}
	header, facts, _ := bytes.Cut(content, []byte("\n"))
	if string(header) != factHeader {
		facts = nil
	}
	kept := f.parse(facts)
	f.size = int64(len(content))
	if facts == nil || f.size > f.most/2 {
		f.failed = f.rewrite(kept)
	}
}

// read is the content of the file, or nothing where there is none or far too
// much.
func (f *factFile) read() ([]byte, error) {
	file, err := os.Open(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 2*f.most+1))
	if int64(len(content)) > 2*f.most {
		return nil, err
	}
	return content, err
}

// parse reads the lines and returns the keys, the newest first.
func (f *factFile) parse(facts []byte) []string {
	var newest []string
	for len(facts) > 0 {
		var line []byte
		if at := bytes.LastIndexByte(facts, '\n'); at >= 0 {
			facts, line = facts[:at], facts[at+1:]
		} else {
			facts, line = nil, facts
		}
		if len(line) < factKeySize+2 || line[factKeySize] != ' ' {
			continue
		}
		key := string(line[:factKeySize])
		if _, known := f.values[key]; !known {
			f.values[key] = line[factKeySize+1:]
			newest = append(newest, key)
		}
	}
	return newest
}

// rewrite begins the file again with the newest facts, up to half of what it may
// have.
func (f *factFile) rewrite(newest []string) error {
	size, keep := int64(len(factHeader)), 0
	for ; keep < len(newest); keep++ {
		line := factLine(newest[keep], f.values[newest[keep]])
		if size+int64(len(line)) > f.most/2 {
			break
		}
		size += int64(len(line))
	}
	for _, key := range newest[keep:] {
		delete(f.values, key)
	}
	content := []byte(factHeader)
	for ; keep > 0; keep-- {
		content = append(content, factLine(newest[keep-1], f.values[newest[keep-1]])...)
	}
	f.size = int64(len(content))
	return f.replace(append(content, '\n'))
}

func (f *factFile) replace(content []byte) error {
	dir := filepath.Dir(f.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("writing the cache of registries: %w", err)
	}
	temporary, err := os.CreateTemp(dir, ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("writing the cache of registries: %w", err)
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), f.name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("writing the cache of registries: %w", err)
	}
	return nil
}

// append writes with one call, so that lines of several processes do not mix.
func (f *factFile) append(line []byte) error {
	file, err := os.OpenFile(f.name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("writing the cache of registries: %w", err)
	}
	_, err = file.Write(line)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the cache of registries: %w", err)
	}
	return nil
}
