package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
	looking "github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server"
)

// serverFlags name the server's configuration.
type serverFlags struct {
	config string
	dryRun bool
}

func (f *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", "", "the server's configuration, `FILE` (docs/server.md)")
}

// load reads the configuration. Errors in the file are on standard error when it
// returns.
func (f *serverFlags) load(env Environment, good func(*config.Server) error) (*config.Server, error) {
	if f.config == "" {
		return nil, errors.New("--config is missing: name the server's configuration, which docs/server.md describes")
	}
	src, err := readNamed(f.config)
	if err != nil {
		return nil, err
	}
	c, warnings, err := config.LoadServer(filepath.ToSlash(f.config), src)
	if err == nil {
		err = good(c)
	}
	wrong, isWrong := errors.AsType[config.Errors](err)
	if isWrong || len(warnings) > 0 {
		// Without the lines: there may be a secret in them.
		var out bytes.Buffer
		writeCheck(&out, newChecked(source{name: f.config}, warnings, wrong), display{})
		_, _ = env.Stderr.Write(out.Bytes())
	}
	if isWrong {
		return nil, codeError{exitFailure}
	}
	return c, err
}

// open makes a server, which writes its audit log to where it is told.
func (f *serverFlags) open(ctx context.Context, env Environment, c *config.Server, audit io.Writer) (*server.Server, error) {
	return server.New(ctx, server.Options{
		Config: c, Version: readBuild(env.BuildInfo).Version, Log: env.Stderr, Audit: audit, Getenv: env.Getenv,
		Environ: env.Environ, Now: env.Now, Linger: linger, DryRun: f.dryRun,
	})
}

// linger is how long requests are still taken after the server was told to stop:
// who balances load asks for /readyz every few seconds.
const linger = 3 * time.Second

func newServe(env Environment) *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the GitHub App: take webhooks, look at repositories, keep the schedule",
		Long: `Run the GitHub App until it is told to stop (SIGTERM or Ctrl-C). What runs then may end;
what was accepted and is not done is done after the next start.

The log is on standard error. On standard output is the audit log: each thing that was done, as a
line of JSON.

The configuration is described in docs/server.md; "imageupdater schema --server" prints its JSON Schema.`,
		Example: `  imageupdater serve --config server.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.load(env, (*config.Server).ForServing)
			if err != nil {
				return err
			}
			s, err := flags.open(cmd.Context(), env, c, env.Stdout)
			if err != nil {
				return err
			}
			return errors.Join(s.Run(cmd.Context()), s.Close())
		},
	}
	flags.add(cmd)
	return cmd
}

func newRun(env Environment) *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "run OWNER/REPO --config FILE",
		Short: "Look at one repository once, as the App, and print how that ended as JSON",
		Long: `Look at one repository once, as the server would, and print the result as JSON.

Without a database in the configuration nothing is remembered afterwards. The file of a server
that is running is in use: ask that one with POST /api/v1/rescan. The log and the audit log are
both on standard error.`,
		Example: `  imageupdater run acme/shop --config server.yaml --dry-run`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			owner, name, _ := strings.Cut(args[0], "/")
			if !repositoryPattern.MatchString(args[0]) {
				return fmt.Errorf("%q: write OWNER/REPO, as acme/shop", args[0])
			}
			c, err := flags.load(env, (*config.Server).ForRunning)
			if err != nil {
				return err
			}
			report, err := flags.once(cmd.Context(), env, c, owner, name)
			if err != nil {
				return err
			}
			return writeReport(env.Stdout, report)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing to GitHub: the result says what would be")
	return cmd
}

func (f *serverFlags) once(ctx context.Context, env Environment, c *config.Server, owner, name string) (looking.Report, error) {
	if c.Database.File == "" && c.Database.Origin == nil {
		folder, err := os.MkdirTemp("", programName+"-*")
		if err != nil {
			return looking.Report{}, fmt.Errorf("making a folder for what is remembered meanwhile: %w", err)
		}
		defer func() { _ = os.RemoveAll(folder) }() // the system forgets it
		c.Database.File = filepath.Join(folder, "state.db")
	}
	s, err := f.open(ctx, env, c, env.Stderr) // standard output is the result's
	if err != nil {
		return looking.Report{}, err
	}
	report, err := s.Once(ctx, owner, name)
	return report, errors.Join(err, s.Close())
}

func writeReport(to io.Writer, report looking.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing down the result: %w", err)
	}
	_, err = fmt.Fprintf(to, "%s\n", text)
	return err
}
