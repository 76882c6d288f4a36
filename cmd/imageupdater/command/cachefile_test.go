package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/registry"
)

func factName(t *testing.T, dir string) string {
	t.Helper()
	return filepath.Join(dir, "facts")
}

// factKey is a key as Shared makes them.
func factKey(n int) string { return fmt.Sprintf("%032d", n) }

func checkFact(t *testing.T, f *factFile, n int, want string) {
	t.Helper()
	got, found := f.Get(t.Context(), factKey(n))
	if string(got) != want || found != (want != "") {
		t.Errorf("fact %d is %q, %t; want %q", n, got, found, want)
	}
}

func TestFactFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	first := newFactFile(dir)
	checkFact(t, first, 1, "")
	first.Put(t.Context(), factKey(1), []byte(`"one"`))
	first.Put(t.Context(), factKey(2), []byte(`"two"`))
	first.Put(t.Context(), factKey(1), []byte(`"one again"`))
	for _, f := range []*factFile{first, newFactFile(dir)} {
		checkFact(t, f, 1, `"one again"`)
		checkFact(t, f, 2, `"two"`)
		checkFact(t, f, 3, "")
		if err := f.trouble(); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]os.FileMode{dir: 0o700, factName(t, dir): 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has the mode %o, want %o", name, got, want)
		}
	}
}

// TestFactFileDamaged: whatever is in the file, what is put afterwards is there.
func TestFactFileDamaged(t *testing.T) {
	t.Parallel()
	whole := factHeader + "\n" + factKey(1) + ` "one"` + "\n\n" + factKey(2) + ` "two"` + "\n"
	tests := map[string]struct {
		content  string
		one, two string
	}{
		"whole":              {whole, `"one"`, `"two"`},
		"torn":               {strings.TrimSuffix(whole, "two\"\n"), `"one"`, `"`}, // whoever reads it sees that it is no JSON
		"torn in the key":    {whole[:len(whole)-20], `"one"`, ""},
		"empty":              {"", "", ""},
		"another form":       {"imageupdater facts 0\n" + whole, "", ""},
		"something else":     {"\x00\x01\x02", "", ""},
		"garbage in between": {factHeader + "\nwhat\n" + whole, `"one"`, `"two"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(factName(t, dir), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			f := newFactFile(dir)
			checkFact(t, f, 1, tt.one)
			checkFact(t, f, 2, tt.two)
			f.Put(t.Context(), factKey(3), []byte(`"three"`))
			f = newFactFile(dir)
			checkFact(t, f, 1, tt.one)
			checkFact(t, f, 3, `"three"`)
		})
	}
}

// TestFactFileIsBounded: the oldest facts go, and the file never grows beyond its
// limit.
func TestFactFileIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const facts = 100
	value := []byte(`"` + strings.Repeat("x", 1000) + `"`)
	for run := range 10 {
		f := newFactFile(dir)
		f.most = 100_000
		for i := range facts / 2 {
			f.Put(t.Context(), factKey(run*facts+i), value)
		}
		info, err := os.Stat(factName(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > f.most {
			t.Fatalf("run %d: %d bytes", run, info.Size())
		}
	}
	f := newFactFile(dir)
	f.most = 100_000
	checkFact(t, f, 0, "")
	checkFact(t, f, 9*facts, string(value))
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the file there is %q, %v", left, err)
	}
}

// TestFactFileOfSeveralProcesses: what each puts is there afterwards.
func TestFactFileOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newFactFile(dir).Put(t.Context(), factKey(800), []byte("800")) // whoever begins the file does so for itself
	var group sync.WaitGroup
	for process := range 8 {
		group.Go(func() {
			f := newFactFile(dir)
			for i := range 100 {
				f.Put(t.Context(), factKey(process*100+i), fmt.Appendf(nil, "%d", process*100+i))
			}
		})
	}
	group.Wait()
	f := newFactFile(dir)
	for i := range 801 {
		checkFact(t, f, i, strconv.Itoa(i))
	}
}

// TestFactFileTrouble: a folder that cannot be used costs requests and nothing
// else.
func TestFactFileTrouble(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFactFile(dir)
	for range 2 {
		f.Put(t.Context(), factKey(1), []byte("1"))
	}
	checkFact(t, f, 1, "1")
	if err := f.trouble(); err == nil || !strings.Contains(err.Error(), "cache") {
		t.Errorf("trouble is %v", err)
	}
}

// TestSharedRegistryRemembers: a second run asks for digests alone, and the file
// tells no names.
func TestSharedRegistryRemembers(t *testing.T) {
	t.Parallel()
	host := fakeRegistry(t, map[string][]string{"acme/private": {"1.0.0"}})
	env := Environment{CacheDir: t.TempDir(), Now: func() time.Time { return time.Unix(1e9, 0) }}
	repo := image.Repository{Registry: host, Path: "acme/private"}
	for run, want := range []registry.Counts{{Get: 1}, {Head: 1}} {
		client := registry.New(registry.Options{PlainHTTP: []string{host}})
		shared := newSharedRegistry(env, client, func(context.Context, image.Repository) (string, error) { return "acme-bot", nil })
		if _, err := shared.Manifest(t.Context(), repo, "1.0.0"); err != nil {
			t.Fatal(err)
		}
		got := client.Requests()[host]
		got.Other = 0
		if got != want {
			t.Errorf("run %d: %+v, want %+v", run, got, want)
		}
	}
	content, err := os.ReadFile(factName(t, filepath.Join(env.CacheDir, "registries")))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"private", "acme", host} {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("the file holds %q:\n%s", secret, content)
		}
	}
	// Nowhere to keep anything.
	shared := newSharedRegistry(Environment{Now: env.Now}, registry.New(registry.Options{PlainHTTP: []string{host}}), nil)
	if _, err := shared.Manifest(t.Context(), repo, "1.0.0"); err != nil {
		t.Error(err)
	}
}
