package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the product, built once as it ships.
type program struct {
	once   sync.Once
	folder string
	err    error
}

var product program

func TestMain(m *testing.M) {
	code := m.Run()
	if product.folder != "" {
		_ = os.RemoveAll(product.folder)
	}
	os.Exit(code)
}

func (p *program) path(t *testing.T) string {
	t.Helper()
	p.once.Do(func() {
		if p.folder, p.err = os.MkdirTemp("", "imageupdater-*"); p.err != nil { //nolint:usetesting // it outlives the test that makes it
			return
		}
		build := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build", "-o", p.folder, "../../cmd/imageupdater")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			p.err = fmt.Errorf("building the product: %w\n%s", err, out)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return filepath.Join(p.folder, "imageupdater")
}

// process is the product as it runs.
type process struct {
	app

	cmd    *exec.Cmd
	log    *lines
	exited chan struct{}
	err    error // of its end
}

// command is the product with arguments, which is told the world's secrets.
func (w *world) command(log *lines, args ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(w.t.Context()), product.path(w.t), args...)
	cmd.Env = []string{"HOME=" + w.t.TempDir(), "PATH=" + os.Getenv("PATH")}
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = log, log
	return cmd
}

// file writes the server's configuration.
func (w *world) file(more string) string {
	w.t.Helper()
	at := filepath.Join(w.t.TempDir(), "server.yaml")
	if err := os.WriteFile(at, []byte(w.configured(more)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return at
}

// begin starts a process, which is killed at the end of the test if it still
// runs.
func (w *world) begin(more string) *process {
	w.t.Helper()
	log := &lines{}
	p := &process{app: app{t: w.t}, cmd: w.command(log, "serve", "--config", w.file(more)), log: log, exited: make(chan struct{})}
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	w.t.Cleanup(func() {
		p.kill()
		if w.t.Failed() {
			w.t.Logf("a process' log:\n%s", log)
		}
	})
	return p
}

// launch starts a process and waits until it listens. GitHub's webhooks go to it.
func (w *world) launch(more string) *process {
	w.t.Helper()
	p := w.begin(more)
	until(w.t, "the process listens", func() bool {
		select {
		case <-p.exited:
			w.t.Fatalf("it ended: %v\n%s", p.err, p.log)
		default:
		}
		return p.listening()
	})
	w.hub.Webhook(p.url+"/api/github/hook", webhookSecret)
	return p
}

// listening finds in the log where it listens.
func (p *process) listening() bool {
	for line := range strings.Lines(p.log.String()) {
		var found struct{ Message, Address string }
		if json.Unmarshal([]byte(line), &found) == nil && found.Message == "listening" {
			p.url = "http://" + found.Address
		}
	}
	return p.url != ""
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

// ended waits for the end, and gives the exit code and the signal that ended it.
func (p *process) ended() (int, syscall.Signal) {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(2 * time.Minute):
		p.t.Fatal("the process does not end")
	}
	if p.err == nil {
		return 0, 0
	}
	exit, is := errors.AsType[*exec.ExitError](p.err)
	if !is {
		p.t.Fatal(p.err)
	}
	status, is := exit.Sys().(syscall.WaitStatus)
	if !is {
		p.t.Fatalf("%T", exit.Sys())
	}
	if status.Signaled() {
		return -1, status.Signal()
	}
	return status.ExitStatus(), 0
}
