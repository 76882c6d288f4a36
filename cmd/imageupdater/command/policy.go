package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/policy"
)

// policyOutput is the value of --output.
type policyOutput string

const (
	policyText     policyOutput = "text"
	policyJSON     policyOutput = "json"
	policyMarkdown policyOutput = "markdown"
)

func newPolicy(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Try what merge policies decide",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyTest(env))
	return cmd
}

// policyTest is what one trial has to do.
type policyTest struct {
	env           Environment
	facts         string
	at            string
	output        policyOutput
	color         colorMode
	exitCode      bool
	configuration configurationFlags
}

func newPolicyTest(env Environment) *cobra.Command {
	t := &policyTest{env: env}
	cmd := &cobra.Command{
		Use:   "test --facts FILE",
		Short: "Say what becomes of a pull request that a file describes, and why",
		Long: `Test decides on a pull request as the App would: by the settings of ` + config.FileName + `,
and by what a JSON file tells of the pull request, its checks, reviews and branch, and
of the time. Nothing is asked of GitHub, and nothing is merged. A fact that the file
leaves out is not known, and lets nothing merge. docs/merge-policies.md describes the
file, which may hold a configuration of its own.

` + locateHelp + `

Exit codes:
  0    it was decided
  1    it would not be merged now (only with --exit-code)
  2    wrong use, or errors in one of the files
  130  interrupted`,
		Example: `  imageupdater policy test --facts situation.json
  imageupdater policy test --facts - -o json < situation.json
  imageupdater policy test --facts situation.json --at 2026-12-24T10:00:00Z`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if t.facts == "" {
				return usage(cmd, errors.New("--facts is missing: name a file that describes a pull request, or - for standard input"))
			}
			return t.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&t.facts, "facts", "", "the `FILE` that describes the pull request; - is standard input")
	flags.StringVar(&t.at, "at", "", "decide at this `TIME`, as 2026-11-21T10:00:00Z, and not at the file's")
	enumFlag(cmd, &t.output, "output", "o", "how to print what was decided", policyText, policyJSON, policyMarkdown)
	t.configuration.add(cmd)
	flags.BoolVar(&t.exitCode, "exit-code", false, "exit with 1 unless it would be merged now")
	enumFlag(cmd, &t.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
	_ = cmd.MarkFlagFilename("facts", "json") // the flag is there
	return cmd
}

func (t *policyTest) run(ctx context.Context) error {
	s, err := t.situation()
	if err != nil {
		return err
	}
	c, err := s.Load(ctx, t.facts)
	if err != nil {
		return fmt.Errorf("%s: %w", t.facts, err)
	}
	if c == nil {
		if c, err = t.repositorys(ctx); err != nil {
			return err
		}
	}
	rule := s.Rule(c)
	verdict := policy.Decide(&rule, &s.Facts, s.At)
	var out bytes.Buffer
	if err := t.write(&out, &verdict); err != nil {
		return fmt.Errorf("printing the verdict: %w", err)
	}
	if _, err := t.env.Stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("printing the verdict: %w", err)
	}
	if t.exitCode && verdict.Outcome != policy.Merges {
		return codeError{exitUpdates}
	}
	return nil
}

// repositorys is the configuration of the repository. Where its settings stand is told
// as the App tells it, wherever the file lies here.
func (t *policyTest) repositorys(ctx context.Context) (*config.Config, error) {
	found, err := t.configuration.load(ctx, t.env, ".")
	if err != nil {
		return nil, err
	}
	writeWarnings(t.env.Stderr, found.warnings, display{})
	s, err := t.configuration.source(".")
	if err != nil {
		return nil, err
	}
	s.name = config.FileName
	c, _, err := t.configuration.decode(ctx, t.env.Now(), s)
	return c, err
}

// situation reads the file.
func (t *policyTest) situation() (*policy.Situation, error) {
	text, err := t.text()
	if err != nil {
		return nil, err
	}
	s, err := policy.DecodeSituation(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.facts, err)
	}
	if t.at == "" {
		return s, nil
	}
	if s.At, err = time.Parse(time.RFC3339, t.at); err != nil {
		return nil, fmt.Errorf("--at %q is no time: write it as 2026-11-21T10:00:00Z", t.at)
	}
	return s, nil
}

// mostSituation is more than a situation may have, in bytes.
const mostSituation = 4<<20 + 1

func (t *policyTest) text() ([]byte, error) {
	if t.facts == "-" {
		text, err := io.ReadAll(io.LimitReader(t.env.Stdin, mostSituation))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return text, nil
	}
	file, err := os.Open(t.facts)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--facts %q does not exist: name a file that describes a pull request", t.facts)
	case err != nil:
		return nil, fmt.Errorf("--facts: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostSituation))
	if err != nil {
		return nil, fmt.Errorf("--facts: %w", err)
	}
	return text, nil
}
