package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// process is a fake process: what Run is given and what came of it.
type process struct {
	env       map[string]string
	terminal  bool
	out, errs bytes.Buffer
}

func (p *process) environment() Environment {
	return Environment{
		Stdin:      strings.NewReader(""),
		Stdout:     &p.out,
		Stderr:     &p.errs,
		Getenv:     func(name string) string { return p.env[name] },
		IsTerminal: func(io.Writer) bool { return p.terminal },
		Now:        func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
		BuildInfo: func() (*debug.BuildInfo, bool) {
			return &debug.BuildInfo{
				Main: debug.Module{Version: "v1.2.3"},
				Settings: []debug.BuildSetting{
					{Key: "vcs.revision", Value: "0123456789abcdef"},
					{Key: "vcs.modified", Value: "true"},
				},
			}, true
		},
	}
}

func (p *process) run(t *testing.T, args ...string) int {
	t.Helper()
	return run(t.Context(), args, p.environment())
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := map[string]struct {
		args []string
		want []string
	}{
		"unknown command":       {[]string{"scna"}, []string{`unknown command "scna": did you mean "scan"?`, "Run 'imageupdater --help'"}},
		"unknown flag":          {[]string{"scan", "--wirte"}, []string{"unknown flag: --wirte", "Run 'imageupdater scan --help'"}},
		"too many arguments":    {[]string{"scan", dir, dir}, []string{"accepts at most 1 arg", "Run 'imageupdater scan --help'"}},
		"version takes none":    {[]string{"version", "x"}, []string{"unknown command", "Run 'imageupdater version --help'"}},
		"unknown format":        {[]string{"scan", "-o", "yaml"}, []string{"must be one of table, json, diff, markdown"}},
		"unknown color":         {[]string{"scan", "--color", "yes"}, []string{"must be one of auto, always, never"}},
		"no such directory":     {[]string{"scan", dir + "/nowhere"}, []string{"does not exist", "name one that does"}},
		"a file":                {[]string{"scan", "command.go"}, []string{`"command.go" is not a directory`, "--only"}},
		"offline and write":     {[]string{"scan", "--offline", "--write", dir}, []string{"leave out --offline"}},
		"plain HTTP with URL":   {[]string{"scan", "--plain-http", "http://localhost:5000", dir}, []string{"without http://"}},
		"bad glob":              {[]string{"scan", "--only", "a[", dir}, []string{`--only "a["`}},
		"empty selector":        {[]string{"scan", "--only", "", dir}, []string{`--only ""`}},
		"escapes in a bad flag": {[]string{"scan", "--\x1b[31m"}, []string{`unknown flag: --\x1b[31m`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			if got := p.run(t, test.args...); got != int(exitFailure) {
				t.Errorf("exit code %d, want %d", got, exitFailure)
			}
			for _, want := range test.want {
				if !strings.Contains(p.errs.String(), want) {
					t.Errorf("stderr lacks %q:\n%s", want, p.errs.String())
				}
			}
			if p.out.Len() > 0 {
				t.Errorf("something on stdout: %q", p.out.String())
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	for _, cmd := range commands(NewRoot(new(process).environment())) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			t.Parallel()
			var p process
			args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
			if got := p.run(t, args...); got != 0 {
				t.Fatalf("exit code %d: %s", got, p.errs.String())
			}
			cmd.Flags().VisitAll(func(flag *pflag.Flag) {
				if !strings.Contains(p.out.String(), "--"+flag.Name) || flag.Usage == "" {
					t.Errorf("help says nothing of --%s", flag.Name)
				}
			})
		})
	}
}

func commands(root *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{root}
	for _, child := range root.Commands() {
		all = append(all, commands(child)...)
	}
	return all
}

func TestScanHelp(t *testing.T) {
	t.Parallel()
	var p process
	p.run(t, "scan", "--help")
	for _, want := range []string{"0 ", "1 ", "2 ", "3 ", "130 ", "table|json|diff|markdown", "auto|always|never", "HOST:PORT", "IMAGE|PATH", "Examples:"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("help lacks %q:\n%s", want, p.out.String())
		}
	}
}

func TestNoArgumentsPrintHelp(t *testing.T) {
	t.Parallel()
	var p process
	if got := p.run(t); got != 0 || !strings.Contains(p.out.String(), "scan") {
		t.Errorf("exit code %d, output %q", got, p.out.String())
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			var p process
			if got := p.run(t, "completion", shell); got != 0 || !strings.Contains(p.out.String(), "imageupdater") {
				t.Errorf("exit code %d, %d bytes: %s", got, p.out.Len(), p.errs.String())
			}
		})
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"formats":     {[]string{"scan", "--output", ""}, "table\njson\ndiff\nmarkdown\n:4\n"},
		"colours":     {[]string{"scan", "--color", ""}, "auto\nalways\nnever\n:4\n"},
		"directories": {[]string{"scan", ""}, ":16\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			p.run(t, append([]string{"__complete"}, test.args...)...)
			if diff := cmp.Diff(test.want, p.out.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	var text, asJSON, flag process
	if got := text.run(t, "version"); got != 0 || !strings.HasPrefix(text.out.String(), "imageupdater v1.2.3 (commit 0123456789ab, modified) go1.") {
		t.Errorf("exit code %d, output %q", got, text.out.String())
	}
	for _, want := range []string{`"version": "v1.2.3"`, `"revision": "0123456789abcdef"`, `"modified": true`} {
		if got := asJSON.run(t, "version", "-o", "json"); got != 0 || !strings.Contains(asJSON.out.String(), want) {
			t.Errorf("exit code %d, output %q lacks %s", got, asJSON.out.String(), want)
		}
	}
	if got := flag.run(t, "--version"); got != 0 || flag.out.String() != "imageupdater version v1.2.3\n" {
		t.Errorf("exit code %d, output %q", got, flag.out.String())
	}
	if got := readBuild(func() (*debug.BuildInfo, bool) { return nil, false }).Version; got != "unknown" {
		t.Errorf("version without build info: %q", got)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	// signal.NotifyContext gives a cause too.
	cancel(errors.New("terminated signal received"))
	var p process
	dir := tree(t, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: nginx:1.25\n"})
	if got := run(ctx, []string{"scan", "--offline", dir}, p.environment()); got != int(exitInterrupted) {
		t.Errorf("exit code %d, want %d: %s", got, exitInterrupted, p.errs.String())
	}
	if got := p.errs.String(); got != "imageupdater: interrupted\n" {
		t.Errorf("stderr %q", got)
	}
}

func TestRunInProcess(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if got := Run(t.Context(), "", nil, strings.NewReader(""), &out, &errs); got != 0 || out.Len() == 0 {
		t.Errorf("exit code %d, output %q, errors %q", got, out.String(), errs.String())
	}
}
