package githubtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// errMissing is of an object or a name that the repository has not.
var errMissing = errors.New("no such object")

// gitRepo is a bare repository on disk. Objects are read through one running
// cat-file, since to start git for each would cost most of a call's time.
type gitRepo struct {
	dir  string
	key  []byte // what GitHub signs with
	stop context.CancelFunc
	cat  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// gitEnv keeps the user's and the machine's settings out.
func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=GitHub", "GIT_AUTHOR_EMAIL=noreply@github.com",
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com")
}

func newGitRepo(ctx context.Context, dir string, key []byte) (*gitRepo, error) {
	ctx, stop := context.WithCancel(ctx)
	g := &gitRepo{dir: dir, key: key, stop: stop}
	if _, err := g.run(ctx, nil, "init", "--quiet", "--bare", "--initial-branch=main", dir); err != nil {
		stop()
		return nil, err
	}
	// Who pushes may not touch the heads of pull requests, which are GitHub's.
	if _, err := g.run(ctx, nil, "config", "receive.hideRefs", "refs/pull"); err != nil {
		stop()
		return nil, err
	}
	if err := g.start(ctx); err != nil {
		stop()
		return nil, err
	}
	return g, nil
}

func (g *gitRepo) start(ctx context.Context) error {
	g.cat = exec.CommandContext(ctx, "git", "--git-dir", g.dir, "cat-file", "--batch") //nolint:gosec // git's plumbing is what the package is for
	g.cat.Env = gitEnv()
	in, err := g.cat.StdinPipe()
	if err != nil {
		return fmt.Errorf("piping to git: %w", err)
	}
	out, err := g.cat.StdoutPipe()
	if err != nil {
		return fmt.Errorf("piping from git: %w", err)
	}
	g.in, g.out = in, bufio.NewReader(out)
	if err := g.cat.Start(); err != nil {
		return fmt.Errorf("starting git: %w", err)
	}
	return nil
}

func (g *gitRepo) close() {
	_ = g.in.Close()
	g.stop()
	_ = g.cat.Wait() // it was told to end
}

// run is git with what it prints.
func (g *gitRepo) run(ctx context.Context, in []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"--git-dir", g.dir}, args...)...) //nolint:gosec // git's plumbing is what the package is for
	cmd.Env = gitEnv()
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}

// gitObject is one as git stores it.
type gitObject struct {
	id, kind string
	data     []byte
}

// read is the object of a name: an id, a ref, or "main:path".
func (g *gitRepo) read(name string) (gitObject, error) {
	if strings.ContainsAny(name, "\n\x00") {
		return gitObject{}, errMissing
	}
	if _, err := io.WriteString(g.in, name+"\n"); err != nil {
		return gitObject{}, fmt.Errorf("asking git for %s: %w", name, err)
	}
	line, err := g.out.ReadString('\n')
	if err != nil {
		return gitObject{}, fmt.Errorf("reading %s: %w", name, err)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[len(fields)-1] == "missing" || fields[len(fields)-1] == "ambiguous" {
		return gitObject{}, fmt.Errorf("%s: %w", name, errMissing)
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return gitObject{}, fmt.Errorf("%s: %w", name, errMissing)
	}
	data := make([]byte, size+1) // git ends it with a line feed
	if _, err := io.ReadFull(g.out, data); err != nil {
		return gitObject{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return gitObject{id: fields[0], kind: fields[1], data: data[:size]}, nil
}

// readAs is the object of a name if it is of that kind.
func (g *gitRepo) readAs(kind, name string) (gitObject, error) {
	o, err := g.read(name + "^{" + kind + "}")
	if err != nil {
		return gitObject{}, err
	}
	return o, nil
}

// write stores an object; git checks that it is a sound one.
func (g *gitRepo) write(ctx context.Context, kind string, data []byte) (string, error) {
	out, err := g.run(ctx, data, "hash-object", "-w", "-t", kind, "--stdin")
	return strings.TrimSpace(out), err
}

// lines is what git prints, a line each.
func (g *gitRepo) lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.run(ctx, nil, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n"), nil
}

// merge is the tree of a three-way merge; clean is false on a conflict.
func (g *gitRepo) merge(ctx context.Context, ours, theirs string) (tree string, clean bool, err error) {
	out, err := g.run(ctx, nil, "merge-tree", "--write-tree", "--allow-unrelated-histories", ours, theirs)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", false, nil
	}
	return strings.TrimSpace(out), err == nil, err
}

// isAncestor says whether all of old is in newer.
func (g *gitRepo) isAncestor(ctx context.Context, old, newer string) bool {
	_, err := g.run(ctx, nil, "merge-base", "--is-ancestor", old, newer)
	return err == nil
}
