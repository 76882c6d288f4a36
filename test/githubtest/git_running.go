package githubtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// running is git as a program that answers line by line. It starts with the
// first line, and again after it has ended.
type running struct {
	command func() *exec.Cmd
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// keepRunning is git with a context that does not end: git ends when its input
// does, and to watch a context takes a goroutine, for which a bubble of synctest
// would wait.
func keepRunning(ctx context.Context, args ...string) running {
	return running{command: func() *exec.Cmd {
		cmd := exec.CommandContext(context.WithoutCancel(ctx), "git", args...) //nolint:gosec // git's plumbing is what the package is for
		cmd.Env = gitEnv()
		return cmd
	}}
}

func (p *running) write(text string) error {
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(p.in, text); err != nil {
		p.stop()
		return fmt.Errorf("writing to git: %w", err)
	}
	return nil
}

func (p *running) start() error {
	cmd := p.command()
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("piping to git: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("piping from git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting git: %w", err)
	}
	p.cmd, p.in, p.out = cmd, in, bufio.NewReader(out)
	return nil
}

func (p *running) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.in.Close()
	_ = p.cmd.Wait() // whatever it has to say about its end
	p.cmd = nil
}

// told is what git has said of ids, which stays true.
type told struct {
	mu  sync.Mutex
	all map[string]saying
}

type saying struct {
	out string
	err error
}

const maxTold = 10_000

func (t *told) ask(args []string, git func() (string, error)) (string, error) {
	key := strings.Join(args, "\x00")
	t.mu.Lock()
	have, known := t.all[key]
	t.mu.Unlock()
	if known {
		return have.out, have.err
	}
	out, err := git()
	if err != nil && !saidNo(err) {
		return out, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil || len(t.all) >= maxTold {
		t.all = map[string]saying{}
	}
	t.all[key] = saying{out, err}
	return out, err
}

// ids is one commit, or two as git writes ranges.
var ids = regexp.MustCompile(`^[0-9a-f]{40}(\.\.[0-9a-f]{40})?$`)

// settled says whether git's answer is one for ever: of ids, not of refs.
func settled(args []string) bool {
	for len(args) > 1 && args[0] == "-c" {
		args = args[2:]
	}
	switch args[0] {
	case "check-ref-format":
		return true
	case "merge-base", "merge-tree", "rev-list", "diff-tree":
	default:
		return false
	}
	for _, arg := range args[1:] {
		if arg == "--" {
			return true
		}
		if !strings.HasPrefix(arg, "-") && !ids.MatchString(arg) {
			return false
		}
	}
	return true
}
