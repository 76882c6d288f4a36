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
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the zones of configurations mean the same on every machine

	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
)

// configuration is the file that a command goes by.
type configuration struct {
	config   *config.Config // the built-in defaults where there is no file
	warnings config.Warnings
	file     string // as the user would open it; "" where there is none
	// prefix is the path of the scanned directory below the folder from which
	// the paths of the configuration count, with slashes; "" where they are the
	// same. The globs of rules are for prefix/file.
	prefix string
}

// configurationFlags say which configuration to go by, and what else holds.
type configurationFlags struct {
	config     string
	none       bool
	extendsDir string
	repository string
}

// add adds the flags of commands that go by a configuration.
func (f *configurationFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "go by this `FILE`, not by the "+config.FileName+" that is found")
	flags.BoolVar(&f.none, "no-config", false, "go by the built-in defaults")
	f.addSources(cmd)
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // the flag is there
}

// addSources adds the flags for what a file is laid over and bound by.
func (f *configurationFlags) addSources(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.extendsDir, "extends-dir", "", "read the files of extends below this `DIR`, as DIR/OWNER/REPO/PATH")
	flags.StringVar(&f.repository, "repository", "", "this is `OWNER/REPO`: only files of OWNER may be extended, and what it enforces holds")
	// The only errors are flags that don't exist.
	_ = cmd.MarkFlagDirname("extends-dir")
	_ = cmd.RegisterFlagCompletionFunc("repository", cobra.NoFileCompletions)
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.valid(cmd); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}

// repositoryPattern is a name as GitHub gives them.
var repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9](?:[-_]?[A-Za-z0-9])*/[A-Za-z0-9_.-]{1,100}$`)

// valid checks what parsing the flags could not.
func (f *configurationFlags) valid(cmd *cobra.Command) error {
	for _, name := range []string{"config", "extends-dir", "repository"} {
		// A variable of a script that is empty shall not mean "none".
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed && flag.Value.String() == "" {
			return fmt.Errorf("--%s is empty: give it a value, or leave it out", name)
		}
	}
	_, name, _ := strings.Cut(f.repository, "/")
	switch {
	case f.config != "" && f.none:
		return errors.New("--config and --no-config exclude each other: leave one of them out")
	case f.repository != "" && (!repositoryPattern.MatchString(f.repository) || name == "." || name == ".."):
		return fmt.Errorf("--repository %q: write OWNER/REPO, as acme/shop", f.repository)
	}
	return nil
}

// load finds and reads the configuration that holds for a directory. Errors in
// the file are on standard error when it returns.
func (f *configurationFlags) load(ctx context.Context, env Environment, dir string) (*configuration, error) {
	s, err := f.source(dir)
	if err != nil {
		return nil, err
	}
	c, warnings, err := f.decode(ctx, env.Now(), s)
	var wrong config.Errors
	switch {
	case errors.As(err, &wrong):
		var out bytes.Buffer
		found := newChecked(s, warnings, wrong)
		writeCheck(&out, found, display{})
		writef(&out, "%s\n", safe(found.String()))
		_, _ = env.Stderr.Write(out.Bytes())
		return nil, codeError{exitFailure}
	case err != nil:
		return nil, err
	}
	return &configuration{config: c, warnings: warnings, file: s.shown(), prefix: s.prefix}, nil
}

// source is the file that the flags ask for. Paths count from the top of the
// work tree, unless it is a file of the directory itself that holds.
func (f *configurationFlags) source(dir string) (source, error) {
	if f.config == "" && !f.none {
		return locate(dir)
	}
	homes, err := homesOf(dir)
	if err != nil {
		return source{}, err
	}
	s := source{name: f.config, prefix: homes[0].prefix}
	if below, isBelow := belowFile(f.config, dir); isBelow {
		s.prefix = below
	}
	if f.none {
		return s, nil
	}
	info, err := os.Stat(f.config)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return source{}, fmt.Errorf("--config %q does not exist: name a file, or write --no-config for the built-in defaults", f.config)
	case err != nil:
		return source{}, fmt.Errorf("--config: %w", err)
	case info.IsDir():
		return source{}, fmt.Errorf("--config %q is a directory: name the file in it", f.config)
	}
	s.src, err = readNamed(s.name)
	return s, err
}

// belowFile is the path of a directory below the folder of a file with the name
// that is looked for: its paths count from there. A file of another name may be
// anywhere.
func belowFile(file, dir string) (prefix string, isBelow bool) {
	if filepath.Base(file) != config.FileName {
		return "", false
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	scanned, scannedErr := filepath.EvalSymlinks(dir)
	if scannedErr == nil {
		scanned, scannedErr = filepath.Abs(scanned)
	}
	if err != nil || scannedErr != nil {
		return "", false // opening them tells
	}
	below, err := filepath.Rel(folder, scanned)
	if err != nil || !filepath.IsLocal(below) {
		return "", false
	}
	return strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(below)), "/"), true
}

// decode reads a configuration and binds it by what the owner of its
// repository enforces. The warnings are good in any case.
func (f *configurationFlags) decode(ctx context.Context, now time.Time, s source) (*config.Config, config.Warnings, error) {
	options := config.Options{Repository: f.repository, Now: now}
	if f.extendsDir != "" {
		root, err := openExtends(f.extendsDir)
		if err != nil {
			return nil, nil, err
		}
		defer root.Close()
		options.Files = localFiles{root.FS()}
	}
	c, warnings, err := config.Load(ctx, s.shown(), s.src, options)
	warnings = append(s.warnings, warnings...)
	if err != nil {
		return nil, warnings, err
	}
	enforced, broken := config.EnforcedByOwner(ctx, c, options)
	return c.Bind(enforced), append(warnings, broken...), nil
}

func openExtends(dir string) (*os.Root, error) {
	root, err := os.OpenRoot(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--extends-dir %q does not exist: name the directory in which OWNER/REPO is", dir)
	case err != nil:
		return nil, fmt.Errorf("--extends-dir: %w", err)
	}
	return root, nil
}

// localFiles reads the files of extends from directories named after their
// owner and repository. Branches play no part: what is there is read.
type localFiles struct{ fs.FS }

// Read is part of config.Files.
func (f localFiles) Read(_ context.Context, base config.Base) ([]byte, error) {
	owner := f.spelt(".", base.Owner)
	src, err := readConfig(f.Open(path.Join(owner, f.spelt(owner, base.Repository), base.Path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w below --extends-dir", config.ErrNoFile)
	}
	return src, err
}

// spelt is how a folder is called: to GitHub letters are alike in names, large
// and small.
func (f localFiles) spelt(folder, name string) string {
	entries, err := fs.ReadDir(f.FS, folder)
	if err != nil {
		return name // opening the file tells
	}
	found := name
	for _, entry := range entries {
		switch {
		case entry.Name() == name:
			return name
		case strings.EqualFold(entry.Name(), name):
			found = entry.Name()
		}
	}
	return found
}

// writeWarnings writes each warning and note as compilers do, on one line.
func writeWarnings(w io.Writer, warnings config.Warnings, d display) {
	for _, one := range warnings {
		writef(w, "%s\n", newCheckedWarning(one).line(d))
	}
}
