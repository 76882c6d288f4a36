// The demo shows the whole product on one machine, without network or Docker: a
// GitHub (test/githubtest), a registry (test/registry) and the real server, all in
// this process, and an organisation with repositories to try it on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1) //nolint:gocritic // all is closed by now, and stop only undoes a signal handler
	}
}

const help = `Usage: go run ./test/demo [flags]

Runs a GitHub, a registry and the real server on this machine, with an
organisation and repositories of manifests. Within seconds there are pull
requests; then it waits, and tells what to try, until you press Ctrl-C. What it
made is removed then. It needs Go and git, and no network.

`

// settings are the flags.
type settings struct {
	addr    string
	once    bool
	verbose bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, help)
		flags.PrintDefaults()
	}
	flags.StringVar(&s.addr, "addr", "127.0.0.1:0", "where the page listens, as `host:port`; port 0 is a free one")
	flags.BoolVar(&s.once, "once", false, "tell the whole story, check each step, and end: with exit code 1 at the first thing that is not as it should be")
	flags.BoolVar(&s.verbose, "v", false, "show the server's log")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("reading the flags: %w", err)
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: there are only flags, see --help", flags.Arg(0))
	}
	return s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return fmt.Errorf("git keeps the repositories of the demo, and is not there: install it (on Debian: apt-get install git): %w", err)
	}
	say := &teller{to: stdout}
	w, err := begin(ctx, s, say, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if s.once {
		return w.tell(ctx, story()) //nolint:contextcheck // GitHub and the registry have the one that they were started with
	}
	if err := w.tell(ctx, story()[:beginning]); err != nil { //nolint:contextcheck // as above
		return err
	}
	w.invite()
	select {
	case <-ctx.Done():
	case err = <-w.stopped:
	}
	say.line("Stopped; what the demo made is removed.")
	return err
}
