package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

const (
	programTimeout = 10 * time.Second
	programExpires = time.Hour
	// waitDelay is how long a program that was ended may hold its output, which
	// its own children may do for ever.
	waitDelay = time.Second
)

// run starts a program without a shell and returns what it prints. Its error
// output is thrown away, because programs write secrets there when they are
// asked to be verbose.
func run(ctx context.Context, command []string, environ []string, stdin string) (string, error) {
	name := filepath.Base(command[0])
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // a program that the operator named
	cmd.Env = environ
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = waitDelay
	out := &capped{}
	cmd.Stdout = out
	err := cmd.Run()
	failed, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case out.over:
		return "", problemf("%s printed more than %d KiB", name, mostSecret>>10)
	case ctx.Err() != nil:
		return "", problemf("%s did not end in time", name)
	case exited:
		return out.text.String(), problemf("%s ended with %s: run it by hand to see why", name, failed.ProcessState)
	case errors.Is(err, exec.ErrWaitDelay):
		return "", problemf("%s left a process behind that holds its output", name)
	case err != nil:
		return "", startProblem(command[0], err)
	}
	return out.text.String(), nil
}

func startProblem(path string, err error) error {
	if failed, ok := errors.AsType[*os.PathError](err); ok {
		return fileProblem(path, failed)
	}
	return problemf("the program %s could not be started", path)
}

// capped keeps what is written to it, up to a size.
type capped struct {
	text bytes.Buffer
	over bool
}

var errTooMuch = errors.New("too much")

func (c *capped) Write(p []byte) (int, error) {
	if c.text.Len()+len(p) > mostSecret {
		c.over = true
		return 0, errTooMuch
	}
	return c.text.Write(p)
}

var _ io.Writer = (*capped)(nil)

// execSource is a login that a program of the operator prints.
func execSource(g *grant.Grant, env Environment) source {
	timeout, expires := g.Exec.Timeout, g.Exec.Expires
	if timeout == 0 {
		timeout = programTimeout
	}
	if expires == 0 {
		expires = programExpires
	}
	return source{
		timeout: timeout, patience: askAgainAfter,
		fetch: func(ctx context.Context) (login, time.Time, error) {
			asked := env.Now()
			if len(g.Exec.Command) == 0 || !filepath.IsAbs(g.Exec.Command[0]) {
				return login{}, time.Time{}, problemf("the program must be named by its absolute path")
			}
			environ := slices.Concat(env.Environ(), []string{"IMAGEUPDATER_REGISTRY=" + g.Host})
			printed, err := run(ctx, g.Exec.Command, environ, "")
			if err != nil {
				return login{}, time.Time{}, err
			}
			return readPrinted(printed, g.Username, asked.Add(expires))
		},
	}
}

// readPrinted understands user:password and the JSON that says more.
func readPrinted(printed, username string, expires time.Time) (login, time.Time, error) {
	text := strings.TrimSpace(printed)
	if !strings.HasPrefix(text, "{") {
		user, password, found := strings.Cut(text, ":")
		if !found || user == "" || password == "" || strings.ContainsAny(text, "\r\n") {
			return login{}, time.Time{}, problemf(`the program must print one line, user:password, or {"username": …, "password": …, "expiresAt": …}`)
		}
		return login{username: user, password: hide(password)}, expires, nil
	}
	var said struct {
		Username  string    `json:"username"`
		Password  string    `json:"password"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
	if json.Unmarshal([]byte(text), &said) != nil {
		// The error would quote what was printed.
		return login{}, time.Time{}, problemf(`the program prints no valid JSON: {"username": …, "password": …, "expiresAt": "2026-01-31T12:00:00Z"} is wanted`)
	}
	if !said.ExpiresAt.IsZero() {
		expires = said.ExpiresAt
	}
	if said.Username == "" {
		said.Username = username
	}
	return login{username: said.Username, password: hide(said.Password)}, expires, nil
}

// lookup finds a program in the directories of PATH, of which relative ones
// don't count.
func lookup(name, dirs string) (string, error) {
	for _, dir := range filepath.SplitList(dirs) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, name)
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0) {
			return path, nil
		}
	}
	return "", problemf("the program %s is not in PATH: install it, or remove it from the Docker configuration", name)
}
