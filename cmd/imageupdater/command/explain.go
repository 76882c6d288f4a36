package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/scanner"
)

// explainOutput is the value of --output.
type explainOutput string

const (
	explainText explainOutput = "text"
	explainJSON explainOutput = "json"
)

// explainJob is what one explain has to do: its flags and its argument.
type explainJob struct {
	env       Environment
	argument  string
	dir       string
	output    explainOutput
	color     colorMode
	plainHTTP []string
	offline   bool
	all       bool
	rules     bool
	configurationFlags
}

func newExplain(env Environment) *cobra.Command {
	job := explainJob{env: env}
	cmd := &cobra.Command{
		Use:   "explain {FILE[:LINE] | IMAGE[:TAG] | --rules}",
		Short: "Say why an image moves to what it moves to, or does not move",
		Long: `Explain prints the whole decision on an image: which rule set which setting, and
where; the candidates, the newest first, and which of them was chosen; why the
others were refused, and what would change it. With --rules it lists the rules
with the number of images that each matches, and asks no registry.

FILE is a path below the scanned directory, or one as seen from here; with :LINE
only what is written on that line counts. IMAGE is a name or a glob of names, as
scan --only has it; with :TAG only the images at that tag count.

` + locateHelp + `

Exit codes:
  0    fine
  2    wrong use, nothing that is named so, or something could not be read
  3    an image could not be looked up
  130  interrupted`,
		Example: `  imageupdater explain envs/prod/values.yaml:8   the image on line 8
  imageupdater explain nginx                     all places with docker.io/library/nginx
  imageupdater explain 'ghcr.io/acme/**'         all images of one organisation
  imageupdater explain --offline nginx           its settings, without asking anybody
  imageupdater explain --rules                   what each rule matches`,
		Args: arguments(job.arguments),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault // files
		},
	}
	job.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validHosts(job.plainHTTP); err != nil {
			return usage(cmd, err)
		}
		job.argument = strings.Join(args, "")
		return job.run(cmd.Context())
	}
	return cmd
}

func (j *explainJob) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	enumFlag(cmd, &j.output, "output", "o", "how to print it", explainText, explainJSON)
	flags.StringVar(&j.dir, "dir", ".", "scan this `DIR`")
	flags.BoolVar(&j.all, "all", false, "list every candidate, not the first 20, and the settings of the built-in defaults too")
	flags.BoolVar(&j.rules, "rules", false, "list the rules with the number of images that each matches")
	j.add(cmd)
	flags.BoolVar(&j.offline, "offline", false, "explain the settings without asking registries")
	flags.StringArrayVar(&j.plainHTTP, "plain-http", nil, "let the registry `HOST:PORT` be on this machine or without TLS; may be repeated")
	enumFlag(cmd, &j.color, "color", "", "when to use colours; NO_COLOR is honoured", colorAuto, colorAlways, colorNever)
	_ = cmd.MarkFlagDirname("dir") // the flag is there
}

// arguments is reached when the flags are known.
func (j *explainJob) arguments(_ *cobra.Command, args []string) error {
	switch {
	case j.rules && len(args) > 0:
		return errors.New("--rules takes no argument: it is for all of the directory, see --dir")
	case !j.rules && (len(args) != 1 || strings.TrimSpace(args[0]) == ""):
		return errors.New("name one place or image: FILE:LINE, FILE or IMAGE")
	}
	return nil
}

func (j *explainJob) run(ctx context.Context) error {
	root, err := openDirectory(j.dir, "as the argument")
	if err != nil {
		return err
	}
	defer root.Close()
	c, err := j.load(ctx, j.env, j.dir)
	if err != nil {
		return err
	}
	line := newProgress(j.env)
	defer line.stop()
	inventory, err := find(ctx, root.FS(), c, line)
	if err != nil {
		return err
	}
	if j.rules {
		line.stop()
		return j.explainRules(c, inventory)
	}
	picked, err := j.pick(root.FS(), inventory)
	if err != nil {
		return err
	}
	found, err := j.decide(ctx, c, inventory, picked, line)
	if err != nil {
		return err
	}
	line.stop()
	return errors.Join(j.print(found), found.verdict(false))
}

// find finds the fields that a configuration selects.
func find(ctx context.Context, tree fs.FS, c *configuration, line *progress) (*scanner.Inventory, error) {
	options := scanner.Selected(c.config, c.prefix)
	options.Progress = line.reading
	return scanner.Find(ctx, tree, options)
}

// decide plans the picked fields as scan would, with all that the choice
// depends on, and returns them alone.
func (j *explainJob) decide(ctx context.Context, c *configuration, inventory *scanner.Inventory, picked []bool, line *progress) (*report, error) {
	found := &report{warnings: c.warnings}
	files := map[string]bool{}
	for i, field := range inventory.Fields {
		files[field.File] = files[field.File] || picked[i]
	}
	for _, problem := range inventory.Problems {
		if files[problem.File] {
			found.problems = append(found.problems, problem)
		}
	}
	planner := scanner.Planner{
		Registry: newRegistries(j.env, j.plainHTTP, j.offline).asked(),
		Config:   c.config, Prefix: c.prefix, History: newFirstSeen(j.env), Now: j.env.Now, Progress: line.asking, Explain: true,
	}
	plan, err := planPicked(ctx, &planner, inventory, picked)
	if err != nil {
		return nil, err
	}
	for _, result := range plan.Results {
		found.rows = append(found.rows, row{Result: result})
	}
	found.warnings = append(found.warnings, plan.Warnings...)
	return found, nil
}

// print writes the decisions to standard output at once, and to standard error
// what is for the person who asked.
func (j *explainJob) print(found *report) error {
	var out, notes bytes.Buffer
	switch j.output {
	case explainJSON:
		if err := writeExplainJSON(&out, found, j.env.Now()); err != nil {
			return fmt.Errorf("printing the result: %w", err)
		}
	case explainText:
		writeExplain(&out, found, j.all, j.env.Now(), newDisplay(j.env, j.color))
	}
	writeWarnings(&notes, found.warnings, display{})
	for _, p := range found.problems {
		writef(&notes, "%s\n", problemLine(p))
	}
	return j.write(out.Bytes(), notes.Bytes())
}

func (j *explainJob) write(out, notes []byte) error {
	if _, err := j.env.Stdout.Write(out); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	_, _ = j.env.Stderr.Write(notes)
	return nil
}
