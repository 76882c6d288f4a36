package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// exitCode is how the process ends. The codes are part of the contract
// (docs/scan.md).
type exitCode int

const (
	exitFine        exitCode = 0
	exitUpdates     exitCode = 1   // updates were found, and --exit-code asks
	exitFailure     exitCode = 2   // wrong use, or something that was asked for was not done
	exitLookup      exitCode = 3   // some image could not be looked up
	exitInterrupted exitCode = 130 // as shells say it of SIGINT
)

// exitHelp is the part of a command's help that says what its codes mean.
const exitHelp = `Exit codes:
  0    fine
  1    updates were found (only with --exit-code)
  2    wrong use, or something could not be read or written
  3    some image could not be looked up
  130  interrupted
Where several apply, 2 goes before 3 and 3 before 1.`

var errInterrupted = errors.New("interrupted")

// codeError ends the process with a code and says nothing: what there was to
// say stands in the output.
type codeError struct{ code exitCode }

func (e codeError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError is a wrong use of a command.
type usageError struct {
	err     error
	command string
}

func (e usageError) Error() string {
	return fmt.Sprintf("%s\nRun '%s --help' for usage.", e.err, e.command)
}

func (e usageError) Unwrap() error { return e.err }

func usage(cmd *cobra.Command, err error) error {
	return usageError{err: err, command: cmd.CommandPath()}
}

type exit struct {
	code    exitCode
	message string
}

func exitReport(err error) exit {
	var silent codeError
	switch {
	case err == nil:
		return exit{code: exitFine}
	case errors.As(err, &silent):
		return exit{code: silent.code}
	case errors.Is(err, errInterrupted):
		return exit{code: exitInterrupted, message: err.Error()}
	}
	return exit{code: exitFailure, message: err.Error()}
}
