package credentials_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials"
	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

func (w *world) exec(body string, set func(*grant.Exec)) (*credentials.Keychain, string) {
	w.t.Helper()
	path := w.script(filepath.Join(w.t.TempDir(), "get"), body)
	g := grant.Grant{Host: "a.lan:5000", Kind: grant.Program, Exec: grant.Exec{Command: []string{path, "a b", "$HOME"}, Timeout: 5 * time.Second}}
	if set != nil {
		set(&g.Exec)
	}
	return w.chains(g).ForInstallation(""), path
}

func TestExec(t *testing.T) {
	t.Parallel()
	const shape = `!the program must print one line, user:password, or {"username": …, "password": …, "expiresAt": …}`
	for name, test := range map[string]struct{ body, want string }{
		"line":              {`echo u:` + planted, "u:" + planted},
		"line with colons":  {`printf 'u:` + planted + `:x'`, "u:" + planted + ":x"},
		"JSON":              {`echo '{"username":"u","password":"` + planted + `"}'`, "u:" + planted},
		"arguments":         {`[ $# = 2 ] && printf '%s' "$1:$2-` + planted + `"`, "a b:$HOME-" + planted},
		"registry":          {`echo "$IMAGEUPDATER_REGISTRY" | tr : -; echo ` + planted + ` >&2`, shape},
		"two lines":         {`echo u:` + planted + `; echo x`, shape},
		"nothing":           {`true`, shape},
		"password alone":    {`echo ` + planted, shape},
		"no user":           {`echo :` + planted, shape},
		"JSON without user": {`echo '{"password":"` + planted + `"}'`, "!there is a password without a user name"},
		"JSON of a list":    {`echo '{"password":["` + planted + `"]}'`, "!the program prints no valid JSON"},
		"bad time":          {`echo '{"username":"u","password":"` + planted + `","expiresAt":"soon"}'`, "!the program prints no valid JSON"},
		"expired":           {`echo '{"username":"u","password":"` + planted + `","expiresAt":"2026-01-01T00:00:00Z"}'`, "!they have expired already, at 2026-01-01T00:00:00Z"},
		"fails":             {`echo u:` + planted + `; echo ` + planted + ` >&2; exit 7`, "!get ended with exit status 7: run it by hand to see why"},
		"too much":          {`yes ` + planted, "!get printed more than 64 KiB"},
	} {
		w := newWorld(t)
		chain, _ := w.exec(test.body, nil)
		got := shown(t, chain, "a.lan:5000/x")
		if wrong, isError := strings.CutPrefix(test.want, "!"); isError && !strings.Contains(got, wrong) || !isError && got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestExecThatCannotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	plainFile := w.write(filepath.Join(dir, "plain"), planted)
	for want, command := range map[string][]string{
		"by its absolute path":                {"get"},
		"named by its absolute":               nil,
		dir + "/no: it does not exist":        {dir + "/no"},
		dir + "/plain: we may not read it":    {plainFile},
		dir + "/sub/../no: it does not exist": {dir + "/sub/../no"},
	} {
		chain, _ := w.exec("", func(e *grant.Exec) { e.Command = command })
		if got := shown(t, chain, "a.lan:5000/x"); !strings.Contains(got, want) {
			t.Errorf("%v: %s, want %s", command, got, want)
		}
	}
}

func TestExecEndsInTime(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"exec sleep 60":                 "get did not end in time",
		"sleep 60 & echo u:" + planted:  "get left a process behind that holds its output",
		"sleep 60":                      "get did not end in time", // the shell's child holds the output
		"trap '' TERM INT; read x; yes": "get printed more than",
	} {
		w := newWorld(t)
		chain, _ := w.exec(body, func(e *grant.Exec) { e.Timeout = 200 * time.Millisecond })
		began := time.Now()
		if got := shown(t, chain, "a.lan:5000/x"); !strings.Contains(got, want) && !strings.Contains(got, "in time") {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: %s", body, took)
		}
	}
}

func TestExecExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain, path := w.exec("echo u:"+planted, func(e *grant.Exec) { e.Expires = 10 * time.Minute })
	said, saying := w.exec(`echo '{"username":"u","password":"`+planted+`","expiresAt":"2026-11-21T08:20:00Z"}'`, nil)
	for range 3 {
		shown(t, chain, "a.lan:5000/x")
		shown(t, said, "a.lan:5000/x")
	}
	w.pass(9 * time.Minute)
	shown(t, chain, "a.lan:5000/x")
	shown(t, said, "a.lan:5000/x")
	if n, m := w.starts(path), w.starts(saying); n != 2 || m != 1 {
		t.Errorf("started %d and %d times", n, m)
	}
	w.pass(8 * time.Minute)
	shown(t, said, "a.lan:5000/x")
	if m := w.starts(saying); m != 2 {
		t.Errorf("started %d times", m)
	}
}

// A program that fails is not started for each image.
func TestExecFailsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain, path := w.exec("exit 1", nil)
	for range 5 {
		shown(t, chain, "a.lan:5000/x")
	}
	if n := w.starts(path); n != 1 {
		t.Errorf("started %d times", n)
	}
	w.pass(time.Minute)
	shown(t, chain, "a.lan:5000/x")
	if n := w.starts(path); n != 2 {
		t.Errorf("started %d times", n)
	}
}
