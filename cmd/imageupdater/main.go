// Command imageupdater finds the container images of a repository of
// deployment manifests and keeps them up to date.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/imageupdater/imageupdater/cmd/imageupdater/command"
)

// version is set by the linker where the sources come without git, as in the
// Dockerfile: -X main.version=v1.2.3.
var version string

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Handing the signals back makes a second Ctrl-C end a run that doesn't
	// stop by itself.
	context.AfterFunc(ctx, stop)
	return command.Run(ctx, version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
