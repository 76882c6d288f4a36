package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/changes"
	"github.com/imageupdater/imageupdater/scanner"
)

// output is the value of --output.
type output string

const (
	outputTable    output = "table"
	outputJSON     output = "json"
	outputDiff     output = "diff"
	outputMarkdown output = "markdown"
)

// scanOptions are the flags of scan, as they were given.
type scanOptions struct {
	dir       string
	output    output
	color     colorMode
	only      []string
	plainHTTP []string
	offline   bool
	write     bool
	major     bool
	exitCode  bool
	configurationFlags
}

// scanJob is what one scan has to do: its options, checked.
type scanJob struct {
	scanOptions
	env       Environment
	selectors []selector
}

func newScan(env Environment) *cobra.Command {
	var options scanOptions
	cmd := &cobra.Command{
		Use:   "scan [DIR]",
		Short: "List the container images below a directory and what they could be updated to",
		Long: `Scan lists every container image below DIR (the current directory if left out)
in Helm, Kustomize, Argo CD, Flux and plain Kubernetes files, and asks the
registries for newer versions.

Nothing is changed unless --write is given. --write and -o diff take, for each
image, the newest version that is no major step; --major takes major steps too.

What is looked at and chosen is as ` + config.FileName + ` says.
` + locateHelp + `

` + changesHelp + `

` + exitHelp,
		Example: `  imageupdater scan                              what could be updated here
  imageupdater scan --offline                    what is there, without asking anybody
  imageupdater scan --only envs/dev --write      update one folder
  imageupdater scan --only 'ghcr.io/acme/**'     only images of one organisation
  imageupdater scan -o diff | git apply          the same as --write, by way of git
  imageupdater scan -o markdown >> "$GITHUB_STEP_SUMMARY"
  imageupdater scan --exit-code -o json          for scripts`,
		Args: arguments(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			options.dir = "."
			if len(args) == 1 {
				options.dir = args[0]
			}
			job, err := newScanJob(env, options)
			if err != nil {
				return usage(cmd, err)
			}
			return runScan(cmd.Context(), job)
		},
	}
	addScanFlags(cmd, &options)
	return cmd
}

func addScanFlags(cmd *cobra.Command, options *scanOptions) {
	flags := cmd.Flags()
	flags.SortFlags = false
	enumFlag(cmd, &options.output, "output", "o", "how to print what was found", outputTable, outputJSON, outputDiff, outputMarkdown)
	flags.BoolVar(&options.write, "write", false, "edit the files; no other byte of them changes")
	flags.BoolVar(&options.major, "major", false, "with --write and -o diff: take major steps where there are any")
	options.add(cmd)
	flags.StringArrayVar(&options.only, "only", nil, "look only at this `IMAGE|PATH`, a name, a folder or a glob; may be repeated")
	flags.BoolVar(&options.offline, "offline", false, "list what is there without asking registries")
	flags.StringArrayVar(&options.plainHTTP, "plain-http", nil, "let the registry `HOST:PORT` be on this machine or without TLS; may be repeated")
	flags.BoolVar(&options.exitCode, "exit-code", false, "exit with 1 if there are updates")
	enumFlag(cmd, &options.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
}

// newScanJob checks what parsing the flags could not.
func newScanJob(env Environment, options scanOptions) (scanJob, error) {
	job := scanJob{scanOptions: options, env: env}
	if options.offline && options.write {
		return job, errors.New("--write needs the registries: leave out --offline")
	}
	if err := validHosts(options.plainHTTP); err != nil {
		return job, err
	}
	for _, value := range options.only {
		s, err := newSelector(value)
		if err != nil {
			return job, err
		}
		job.selectors = append(job.selectors, s)
	}
	return job, nil
}

func runScan(ctx context.Context, job scanJob) error {
	root, err := openDirectory(job.dir, "with --only")
	if err != nil {
		return err
	}
	defer root.Close()

	configuration, err := job.load(ctx, job.env, job.dir)
	if err != nil {
		return err
	}
	report, err := job.plan(ctx, root.FS(), configuration)
	if err != nil {
		return err
	}
	var stopped error
	if job.edits() {
		stopped = job.edit(ctx, root, report)
	}
	// What was done is told even if the rest of it was interrupted.
	if err := errors.Join(stopped, job.print(report)); err != nil {
		return err
	}
	return report.verdict(job.exitCode)
}

// openDirectory opens the directory that everything of a scan stays in. A
// symbolic link is followed here and nowhere else: the user named it. file says
// how to name a single file.
func openDirectory(dir, file string) (*os.Root, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("directory %q does not exist: name one that does, or none for the current one", dir)
	case err != nil:
		return nil, fmt.Errorf("opening the directory to scan: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("%q is not a directory: name the one it is in, and the file %s", dir, file)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory to scan: %w", err)
	}
	return root, nil
}

// plan finds the fields, asks the registries and says what could be done.
func (j scanJob) plan(ctx context.Context, tree fs.FS, c *configuration) (*report, error) {
	line := newProgress(j.env)
	defer line.stop()

	inventory, err := find(ctx, tree, c, line)
	if err != nil {
		return nil, err
	}
	warnings := slices.Concat(c.warnings, unmatched(c, inventory))
	picked, unused := pick(inventory.Fields, j.selectors)

	registries := newRegistries(j.env, j.plainHTTP, j.offline)
	planner := scanner.Planner{
		Registry: registries.asked(), Config: c.config, Prefix: c.prefix,
		History: newFirstSeen(j.env), Now: j.env.Now, Progress: line.asking,
	}
	plan, err := planPicked(ctx, &planner, inventory, picked)
	if err != nil {
		return nil, err
	}
	var told changes.Found
	if j.output == outputMarkdown {
		line.show("Reading what changed")
		if told, err = changed(ctx, j.env, registries, c.config, plan); err != nil {
			return nil, err
		}
	}
	return &report{
		rows:     newRows(plan.Results, j.major),
		told:     told,
		config:   c.config,
		now:      j.env.Now(),
		site:     site(j.env),
		problems: plan.Problems,
		warnings: append(warnings, plan.Warnings...),
		requests: registries.counts(),
		files:    inventory.Files,
		unused:   unused,
		writes:   j.write,
	}, nil
}

// unmatched warns of rules that fit nothing, if all of the repository is
// scanned: in a part of it many would.
func unmatched(c *configuration, inventory *scanner.Inventory) config.Warnings {
	if c.prefix != "" || c.file == "" {
		return nil
	}
	var subjects []config.Subject
	for _, field := range inventory.Fields {
		if field.Ref.Name() != "" {
			subjects = append(subjects, scanner.Subject(field, c.prefix))
		}
	}
	return c.config.Unmatched(subjects)
}

// edits tells whether the new bytes of files are wanted.
func (j scanJob) edits() bool { return j.write || j.output == outputDiff }

// edit makes the new bytes of each file that changes and, if asked, writes
// them.
func (j scanJob) edit(ctx context.Context, root *os.Root, report *report) error {
	changes, err := rewriteFiles(ctx, root, report.rows)
	if err == nil && j.write {
		err = writeFiles(ctx, root, changes)
	}
	report.changes = changes
	return err
}

// print writes the report to standard output at once, and to standard error
// what is for the person who started the scan.
func (j scanJob) print(report *report) error {
	var out bytes.Buffer
	if err := j.format(&out, report); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	if _, err := j.env.Stdout.Write(out.Bytes()); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	var notes strings.Builder
	writeNotes(&notes, report, j)
	_, _ = fmt.Fprint(j.env.Stderr, notes.String())
	return nil
}

func (j scanJob) format(out *bytes.Buffer, report *report) error {
	display := newDisplay(j.env, j.color)
	switch j.output {
	case outputJSON:
		return writeJSON(out, report)
	case outputDiff:
		writeDiff(out, report.changes, display)
	case outputMarkdown:
		writeMarkdown(out, report)
	case outputTable:
		writeTable(out, report, display)
	}
	return nil
}
