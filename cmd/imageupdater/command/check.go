package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
)

// checkOutput is the value of --output.
type checkOutput string

const (
	checkText   checkOutput = "text"
	checkJSON   checkOutput = "json"
	checkGitHub checkOutput = "github"
)

// checkJob is what one check has to do.
type checkJob struct {
	env           Environment
	path          string
	output        checkOutput
	color         colorMode
	configuration configurationFlags
}

func newCheck(env Environment) *cobra.Command {
	job := checkJob{env: env}
	cmd := &cobra.Command{
		Use:   "check [PATH]",
		Short: "Say what is wrong with " + config.FileName,
		Long: `Check reads a configuration, a file or the ` + config.FileName + ` that holds for a
directory (the current one if left out), and says what is wrong with it: all of
it, with lines.

` + locateHelp + `
A directory without any is fine: the built-in defaults hold there.

Exit codes:
  0    fine, whatever the warnings
  2    wrong use, or errors in the file
  130  interrupted`,
		Example: `  imageupdater check                      the file of this directory
  imageupdater check -o github            for GitHub Actions: marks the lines in a pull request
  imageupdater check --repository acme/shop --extends-dir ../..
                                          files of extends are read from ../../OWNER/REPO`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			job.path = "."
			if len(args) == 1 {
				job.path = args[0]
			}
			return job.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	enumFlag(cmd, &job.output, "output", "o", "how to print what was found", checkText, checkJSON, checkGitHub)
	job.configuration.addSources(cmd)
	enumFlag(cmd, &job.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
	return cmd
}

// run reads the file, says what it finds, and fails if there are errors.
func (j checkJob) run(ctx context.Context) error {
	s, err := checkSource(j.path)
	if err != nil {
		return err
	}
	if s.name == "" {
		absent := newChecked(s, s.warnings, nil)
		absent.File, absent.Absent = filepath.ToSlash(filepath.Join(j.path, config.FileName)), true
		return j.print(absent)
	}
	_, warnings, err := j.configuration.decode(ctx, j.env.Now(), s)
	var wrong config.Errors
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	if err := j.print(newChecked(s, warnings, wrong)); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return codeError{exitFailure}
	}
	return nil
}

// checkSource is the file that a path means: itself, or the one that holds for
// a directory.
func checkSource(name string) (source, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return source{}, fmt.Errorf("%q does not exist: name a file, a directory, or nothing for the current one", name)
	case err != nil:
		return source{}, fmt.Errorf("opening the configuration: %w", err)
	case info.IsDir():
		return locate(name)
	}
	src, err := readNamed(name)
	return source{name: name, src: src}, err
}

// checked is what was found in a configuration.
type checked struct {
	File     string           `json:"file"`
	Absent   bool             `json:"absent"` // there is no file: the built-in defaults hold
	Errors   []checkedProblem `json:"errors"`
	Warnings []checkedProblem `json:"warnings"`
	src      []byte           // of File
}

// checkedProblem is an error, a warning or a note.
type checkedProblem struct {
	Severity string `json:"severity"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Field    string `json:"field"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

func newChecked(s source, warnings config.Warnings, wrong config.Errors) checked {
	found := checked{File: s.shown(), src: s.src}
	for _, w := range warnings {
		found.Warnings = append(found.Warnings, newCheckedWarning(w))
	}
	for _, e := range wrong {
		found.Errors = append(found.Errors, checkedProblem{"error", e.File, e.Line, e.Column, e.Field, e.Message, e.Hint})
	}
	return found
}

func newCheckedWarning(w config.Warning) checkedProblem {
	return checkedProblem{string(w.Severity), w.File, w.Line, w.Column, w.Field, w.Message, w.Hint}
}

func (j checkJob) print(found checked) error {
	var out bytes.Buffer
	switch j.output {
	case checkJSON:
		if err := writeCheckJSON(&out, found); err != nil {
			return fmt.Errorf("printing the result: %w", err)
		}
	case checkGitHub:
		writeAnnotations(&out, found)
	case checkText:
		writeCheck(&out, found, newDisplay(j.env, j.color))
	}
	if _, err := j.env.Stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	_, _ = fmt.Fprintln(j.env.Stderr, safe(found.String()))
	return nil
}
