package credentials_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// Secrets of the server itself are read as those of registries are.
func TestSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	w.set("TOKEN", planted+"\n")
	for name, test := range map[string]struct {
		from         grant.Secret
		want, failed string
	}{
		"environment": {grant.Secret{Env: "TOKEN"}, planted, ""},
		"not set":     {grant.Secret{Env: "MISSING"}, "", "the environment variable MISSING is not set, or empty"},
		"file":        {grant.Secret{File: w.write(filepath.Join(dir, "a"), "-----\n"+planted+"\n-----\n")}, "-----\n" + planted + "\n-----", ""},
		"empty":       {grant.Secret{File: w.write(filepath.Join(dir, "b"), "\n")}, "", "the file " + dir + "/b is empty"},
		"too large":   {grant.Secret{File: w.write(filepath.Join(dir, "c"), strings.Repeat(planted, 20_000))}, "", "the file " + dir + "/c: no secret is larger than 64 KiB"},
		"nowhere":     {grant.Secret{}, "", "nothing says where the secret is kept"},
	} {
		got, err := credentials.NewSecret(test.from, w.env().Getenv).Read()
		said := ""
		if err != nil {
			said = err.Error()
		}
		if got != test.want || said != test.failed {
			t.Errorf("%s: %q, %q; want %q, %q", name, got, said, test.want, test.failed)
		}
	}
}

func TestSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.write(filepath.Join(t.TempDir(), "secret"), planted+"1")
	secret := credentials.NewSecret(grant.Secret{File: path}, w.env().Getenv)
	for _, want := range []string{planted + "1", planted + "2"} { // of the same length
		w.write(path, want)
		if got, err := secret.Read(); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	mustHide(t, secret)
}
