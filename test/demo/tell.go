package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// teller writes for people, line by line, in a terminal and in the log of a CI.
type teller struct{ to io.Writer }

func (t *teller) line(format string, args ...any) {
	_, _ = fmt.Fprintf(t.to, format+"\n", args...) // nobody is left to tell
}

// step is a part of the story: what happens, and what must then become so.
type step struct {
	tells string
	do    deed
	holds []claim
}

// deed is what somebody does.
type deed func(w *world) error

// claim is something that must become so. Its error says what is not so yet.
type claim struct {
	says string
	is   func(*world) error
}

// patience is how long a claim may take to come true. The App needs a second or
// two; a busy machine needs more.
const patience = time.Minute

// tell goes through steps, and stops at the first claim that does not come true.
func (w *world) tell(ctx context.Context, steps []step) error {
	for _, s := range steps {
		w.say.line("\n%s", s.tells)
		err := w.take(ctx, s)
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			return fmt.Errorf("%s\n%w\n\nThe last lines of the server's log:\n%s", s.tells, err, w.log)
		}
	}
	return nil
}

// take does a step. What GitHub refuses panics, as it ends a test.
func (w *world) take(ctx context.Context, s step) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("GitHub refused: %v", p)
		}
	}()
	if s.do != nil {
		if err := s.do(w); err != nil {
			return err
		}
	}
	for _, c := range s.holds {
		if err := w.wait(ctx, c); err != nil {
			return err
		}
		says, err := w.stock.fill(c.says)
		if err != nil {
			return err
		}
		w.say.line("  - %s", says)
	}
	return nil
}

var errInterrupted = errors.New("interrupted before the end")

// wait asks again and again whether a claim is true.
func (w *world) wait(ctx context.Context, c claim) error {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		err := errors.Join(c.is(w), w.problems.err())
		if err == nil {
			return nil
		}
		select {
		case stopped := <-w.stopped:
			return stopped
		case <-ctx.Done():
			return fmt.Errorf("this did not come true: %s: %w", c.says, err)
		case <-time.After(time.Second / 20):
		}
	}
}

// problems are what GitHub found wrong with what it was asked.
type problems struct {
	mu  sync.Mutex
	all []string
}

func (p *problems) add(problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, problem)
}

func (p *problems) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) == 0 {
		return nil
	}
	return fmt.Errorf("GitHub found wrong: %s", strings.Join(p.all, "\n"))
}

// tail is the end of the server's log.
type tail struct {
	mu    sync.Mutex
	lines []string
	also  io.Writer
}

// longestTail is how many lines are kept.
const longestTail = 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !bytes.Contains(p, []byte("Received webhook event")) { // of which there are many
		t.lines = append(t.lines, string(p))
		t.lines = t.lines[max(0, len(t.lines)-longestTail):]
	}
	if t.also != nil {
		return t.also.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "")
}
