// Package command is the command line: one file a subcommand, one file an
// output format.
//
// It may import scanner and its sub-packages. Nothing of it writes anywhere
// but to the writers of its Environment, below its folder for caches and, with
// --write, to the files below the directory that was named.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const programName = "imageupdater"

// Environment is what a command may know of the process around it. Tests
// replace its parts.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv reads an environment variable, Environ all of them for programs
	// that are started.
	Getenv  func(name string) string
	Environ func() []string
	// Home is the user's folder; "" where there is none.
	Home string
	// IsTerminal tells whether a writer shows on a terminal.
	IsTerminal func(w io.Writer) bool
	// Now is the clock, by which holds in files end.
	Now func() time.Time
	// CacheDir is where what is remembered between runs is kept; "" where there
	// is no place for it.
	CacheDir string
	// BuildInfo is what the toolchain and the linker wrote into the binary.
	BuildInfo func() (*debug.BuildInfo, bool)
}

// userHome is the user's folder.
func userHome() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return "" // then nobody has logged in from here
	}
	return dir
}

// cacheDir is the program's folder in the user's folder for caches.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // whoever needs it says so
	}
	return filepath.Join(dir, programName)
}

// Run runs one command line in this process and returns its exit code. The
// arguments are without the program's name. version is that of a release; "" for
// what the toolchain says.
func Run(ctx context.Context, version string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return run(ctx, args, Environment{
		Stdin:      stdin,
		Stdout:     stdout,
		Stderr:     stderr,
		Getenv:     os.Getenv,
		Environ:    os.Environ,
		Home:       userHome(),
		IsTerminal: isTerminal,
		Now:        time.Now,
		CacheDir:   cacheDir(),
		BuildInfo:  buildInfo(version),
	})
}

func run(ctx context.Context, args []string, env Environment) int {
	root := NewRoot(env) //nolint:contextcheck // cobra hands each command its context
	// Cobra takes nil for "the arguments of the process".
	root.SetArgs(append([]string{}, args...))
	err := root.ExecuteContext(ctx)
	if interrupted(ctx, err) {
		err = errInterrupted
	}
	report := exitReport(err)
	if report.message != "" {
		_, _ = fmt.Fprintf(env.Stderr, "%s: %s\n", programName, escape(report.message, "\n"))
	}
	return int(report.code)
}

// interrupted tells whether an error is only the end of the context, which may
// say why it ended by an error of its own.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

// NewRoot builds the whole command tree. Building it does nothing else.
func NewRoot(env Environment) *cobra.Command {
	root := &cobra.Command{
		Use:   programName,
		Short: "Keep the container images of deployment manifests up to date",
		Long: `Image Updater finds the container images in Helm, Kustomize, Argo CD, Flux and
Kubernetes files, asks their registries for newer versions, and edits the files
without touching another byte.`,
		Example: `  imageupdater scan                  what could be updated below this directory
  imageupdater scan --write envs/dev update the files
  imageupdater completion --help     set up completion for your shell`,
		Version:       readBuild(env.BuildInfo).Version,
		SilenceErrors: true, // run prints the error, once
		SilenceUsage:  true, // a page of usage would hide it
		Args:          noSubcommand,
		// As many wrong letters as cobra itself forgives.
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.AddCommand(newServe(env), newRun(env), newScan(env), newExplain(env), newRegistry(env), newCheck(env), newPolicy(env), newSchema(env), newVersion(env))
	return root
}

// noSubcommand is reached when the first argument names no subcommand.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %q?", err, near[0])
	}
	return usage(cmd, err)
}

// arguments makes what a check of arguments finds a wrong use.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
