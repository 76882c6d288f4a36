package githubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// errMissing is of an object or a name that the repository has not.
var errMissing = errors.New("no such object")

// errRefs is of refs that git would not move.
var errRefs = errors.New("git update-ref refused")

// gitRepo is a bare repository on disk. To start git for each call would cost
// most of its time: objects are read and refs moved through programs that keep
// running, objects are written by hand, and what git says of ids alone is asked
// once.
type gitRepo struct {
	dir  string
	key  []byte // what GitHub signs with; nil where it signs nothing
	cat  running
	refs running
	told told
	// store has the objects, if they are shared with other repositories.
	store *gitRepo
}

// gitEnv keeps the user's and the machine's settings out.
func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=GitHub", "GIT_AUTHOR_EMAIL=noreply@github.com",
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com")
}

// newGitRepo writes what git init would.
func newGitRepo(ctx context.Context, dir string, key []byte) (*gitRepo, error) {
	return newGitRepoWith(ctx, dir, key, "objects/info", "objects/pack", "refs/heads", "refs/tags")
}

func newGitRepoWith(ctx context.Context, dir string, key []byte, folders ...string) (*gitRepo, error) {
	for _, name := range folders {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o750); err != nil {
			return nil, fmt.Errorf("making a repository: %w", err)
		}
	}
	for name, text := range map[string]string{
		"HEAD": "ref: refs/heads/main\n",
		"config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n" +
			"[receive]\n\thideRefs = refs/pull\n", // those are GitHub's
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("making a repository: %w", err)
		}
	}
	return &gitRepo{
		dir:  dir,
		key:  key,
		cat:  keepRunning(ctx, "--git-dir", dir, "cat-file", "--batch"),
		refs: keepRunning(ctx, "--git-dir", dir, "update-ref", "--stdin"),
	}, nil
}

func (g *gitRepo) close() {
	g.cat.stop()
	g.refs.stop()
}

// run is git with what it prints.
func (g *gitRepo) run(ctx context.Context, in []byte, args ...string) (string, error) {
	if in == nil && settled(args) {
		return g.told.ask(args, func() (string, error) { return g.start(ctx, nil, args...) })
	}
	return g.start(ctx, in, args...)
}

func (g *gitRepo) start(ctx context.Context, in []byte, args ...string) (string, error) {
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
	if g.store != nil {
		known, err := g.inStore(name)
		if err != nil {
			return gitObject{}, err
		}
		return g.store.read(known)
	}
	if err := g.cat.write(name + "\n"); err != nil {
		return gitObject{}, err
	}
	line, err := g.cat.out.ReadString('\n')
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
	if _, err := io.ReadFull(g.cat.out, data); err != nil {
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
	if saidNo(err) {
		return "", false, nil
	}
	return strings.TrimSpace(out), err == nil, err
}

// saidNo is git's way to say no, by its status.
func saidNo(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == 1
}

// isAncestor says whether all of old is in newer.
func (g *gitRepo) isAncestor(ctx context.Context, old, newer string) bool {
	o, err := g.readAs("commit", old)
	if err != nil {
		return false
	}
	n, err := g.readAs("commit", newer)
	if err != nil {
		return false
	}
	base, err := g.mergeBase(ctx, o.id, n.id)
	return err == nil && base == o.id
}

// mergeBase is where two commits' histories part. It is the same from either
// side, so that git is asked once.
func (g *gitRepo) mergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := g.run(ctx, nil, "merge-base", min(a, b), max(a, b))
	return strings.TrimSpace(out), err
}

// updateRefs moves all refs in one transaction of git.
func (g *gitRepo) updateRefs(_ context.Context, moves []refMove) error {
	var lines strings.Builder
	lines.WriteString("start\n")
	for _, m := range moves {
		if m.id == "" {
			fmt.Fprintf(&lines, "delete %s\n", m.ref)
			continue
		}
		fmt.Fprintf(&lines, "update %s %s\n", m.ref, m.id)
	}
	lines.WriteString("prepare\ncommit\n")
	if g.store != nil {
		defer g.refs.stop() // there are too many of them for programs that keep running
	}
	if err := g.refs.write(lines.String()); err != nil {
		return err
	}
	for _, want := range []string{"start: ok\n", "prepare: ok\n", "commit: ok\n"} {
		if line, err := g.refs.out.ReadString('\n'); err != nil || line != want {
			g.refs.stop() // it ends at the first line that it does not like
			return fmt.Errorf("%w: %q", errors.Join(errRefs, err), line)
		}
	}
	return nil
}
