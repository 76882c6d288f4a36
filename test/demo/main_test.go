package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestStory is all of the demo: each step says by itself what must be so.
func TestStory(t *testing.T) {
	t.Parallel()
	var out, problems bytes.Buffer
	if err := run(t.Context(), []string{"--once"}, &out, &problems); err != nil || problems.Len() > 0 {
		t.Fatalf("%v\n%s\n%s", err, &out, &problems)
	}
	for _, s := range story() {
		if !strings.Contains(out.String(), s.tells) {
			t.Errorf("nothing is told of %q:\n%s", s.tells, &out)
		}
	}
}

// TestDemo is the demo as people have it, until they end it.
func TestDemo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, nil, out, io.Discard)
		_ = out.Close()
		ended <- err
	}()
	text := &strings.Builder{}
	buffer := make([]byte, 1<<10)
	for !strings.Contains(text.String(), "Ctrl-C") {
		n, err := in.Read(buffer)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		text.Write(buffer[:n])
	}
	stop()
	rest, err := io.ReadAll(in)
	if err != nil || <-ended != nil || !strings.Contains(string(rest), "removed") {
		t.Errorf("%v\n%s%s", err, text, rest)
	}
	if !strings.Contains(text.String(), "/acme/shop/pull/1  Update dev images (3)") {
		t.Error(text)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an unknown flag":      {[]string{"--twice"}, "twice"},
		"an argument":          {[]string{"shop"}, `unexpected argument "shop"`},
		"a port that is taken": {[]string{"--addr", taken.Addr().String()}, "-addr chooses another place"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(t.Context(), test.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-addr host:port") {
		t.Errorf("%v\n%s", err, &help)
	}
}

// TestWithoutGit tells what to do.
func TestWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := run(t.Context(), nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "apt-get install git") {
		t.Error(err)
	}
}

// TestTold shows what is said of a claim that does not come true, and of what
// GitHub refuses.
func TestTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		step step
		want []string
	}{
		"a claim":   {step{"A merges.", nil, []claim{{"it is merged", func(*world) error { return errors.New("it is open") }}}}, []string{"A merges.", "it is merged", "it is open", "the log"}},
		"a refusal": {step{"B merges.", func(*world) error { panic("403 Forbidden") }, nil}, []string{"B merges.", "403 Forbidden"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{patience: time.Millisecond, say: &teller{io.Discard}, log: &tail{lines: []string{"the log"}}, problems: &problems{}}
			err := w.tell(t.Context(), []step{test.step})
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %s", err, want)
				}
			}
		})
	}
}

// TestInterrupted ends at once, and blames no claim.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := run(ctx, []string{"--once"}, io.Discard, io.Discard); !errors.Is(err, errInterrupted) || strings.Contains(err.Error(), "come true") {
		t.Error(err)
	}
}
