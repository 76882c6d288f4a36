package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	_ "time/tzdata" // the zones of configurations mean the same on every machine

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
	env        Environment
	path       string
	output     checkOutput
	color      colorMode
	extendsDir string
}

func newCheck(env Environment) *cobra.Command {
	job := checkJob{env: env}
	cmd := &cobra.Command{
		Use:   "check [PATH]",
		Short: "Say what is wrong with " + config.FileName,
		Long: `Check reads a configuration, a file or the ` + config.FileName + ` of a directory (the
current one if left out), and says what is wrong with it: all of it, with lines.

A directory without the file is fine: the built-in defaults hold there.

Exit codes:
  0    fine, whatever the warnings
  2    wrong use, or errors in the file
  130  interrupted`,
		Example: `  imageupdater check                      the file of this directory
  imageupdater check -o github            for GitHub Actions: marks the lines in a pull request
  imageupdater check --extends-dir ../..  files of extends are read from ../../OWNER/REPO`,
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
	flags.StringVar(&job.extendsDir, "extends-dir", "", "read the files of extends below this `DIR`, as DIR/OWNER/REPO/PATH")
	enumFlag(cmd, &job.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
	return cmd
}

// run reads the file, says what it finds, and fails if there are errors.
func (j checkJob) run(ctx context.Context) error {
	name, err := configFile(j.path)
	if err != nil {
		return err
	}
	src, err := readConfig(os.Open(name))
	switch {
	case errors.Is(err, fs.ErrNotExist) && name != j.path:
		return j.print(checked{File: filepath.ToSlash(name), Absent: true})
	case err != nil:
		return fmt.Errorf("reading the configuration: %w", err)
	}
	found, err := j.load(ctx, filepath.ToSlash(name), src)
	if err != nil {
		return err
	}
	if err := j.print(found); err != nil {
		return err
	}
	if len(found.Errors) > 0 {
		return codeError{exitFailure}
	}
	return nil
}

// configFile is the file that a path means.
func configFile(name string) (string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%q does not exist: name a file, a directory, or nothing for the current one", name)
	case err != nil:
		return "", fmt.Errorf("opening the configuration: %w", err)
	case info.IsDir():
		return filepath.Join(name, config.FileName), nil
	}
	return name, nil
}

// readConfig reads no more of a file than tells that it is too large. It takes
// what opening gives.
func readConfig(file fs.File, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, config.MaxSize+1))
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

func (j checkJob) load(ctx context.Context, name string, src []byte) (checked, error) {
	options := config.Options{Now: j.env.Now()}
	if j.extendsDir != "" {
		root, err := openDirectory(j.extendsDir)
		if err != nil {
			return checked{}, fmt.Errorf("--extends-dir: %w", err)
		}
		defer root.Close()
		options.Files = localFiles{root.FS()}
	}
	found := checked{File: name, src: src}
	_, warnings, err := config.Load(ctx, name, src, options)
	for _, w := range warnings {
		found.Warnings = append(found.Warnings, checkedProblem{string(w.Severity), w.File, w.Line, w.Column, w.Field, w.Message, w.Hint})
	}
	var wrong config.Errors
	if err != nil && !errors.As(err, &wrong) {
		return checked{}, err
	}
	for _, e := range wrong {
		found.Errors = append(found.Errors, checkedProblem{"error", e.File, e.Line, e.Column, e.Field, e.Message, e.Hint})
	}
	return found, nil
}

// localFiles reads the files of extends from directories named after their
// owner and repository. Branches play no part: what is there is read.
type localFiles struct{ fs.FS }

// Read is part of config.Files.
func (f localFiles) Read(_ context.Context, base config.Base) ([]byte, error) {
	src, err := readConfig(f.Open(path.Join(base.Owner, base.Repository, base.Path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w below --extends-dir", config.ErrNoFile)
	}
	return src, err
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
