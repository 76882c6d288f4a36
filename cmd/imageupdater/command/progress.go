package command

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// clearLine goes to the start of the line and erases it.
const clearLine = "\r\x1b[K"

// repaintEvery is slow enough to cost nothing and fast enough to look alive.
const repaintEvery = 100 * time.Millisecond

// progress is one line on a terminal that says how far the work is. Only its
// own goroutine writes; the workers leave the newest text for it.
type progress struct {
	w    io.Writer
	text atomic.Pointer[string]
	quit chan struct{}
	done chan struct{}
	once sync.Once
}

// newProgress starts a line where somebody watches it. Elsewhere the result
// does nothing.
func newProgress(env Environment) *progress {
	if !env.IsTerminal(env.Stderr) || env.Getenv("CI") != "" || env.Getenv("TERM") == "dumb" {
		return &progress{}
	}
	p := &progress{w: env.Stderr, quit: make(chan struct{}), done: make(chan struct{})}
	go p.paint()
	return p
}

// reading is called as files are done.
func (p *progress) reading(files int) {
	p.show("Reading files: %d", files)
}

// asking is called as images are done.
func (p *progress) asking(done, total int) {
	p.show("Asking registries: %d of %d images", done, total)
}

func (p *progress) show(format string, args ...any) {
	if p.w == nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	p.text.Store(&text)
}

// stop erases the line. It must be called, and may be called again.
func (p *progress) stop() {
	if p.w == nil {
		return
	}
	p.once.Do(func() { close(p.quit) })
	<-p.done
}

func (p *progress) paint() {
	defer close(p.done)
	ticker := time.NewTicker(repaintEvery)
	defer ticker.Stop()
	var shown *string
	for {
		select {
		case <-p.quit:
			if shown != nil {
				writef(p.w, clearLine)
			}
			return
		case <-ticker.C:
			if text := p.text.Load(); text != shown {
				writef(p.w, "%s%s", clearLine, *text)
				shown = text
			}
		}
	}
}
