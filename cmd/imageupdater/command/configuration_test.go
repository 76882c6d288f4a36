package command

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// going is a command with the flags of those that go by a configuration.
func going(p *process, done func(context.Context, *configurationFlags) error) *cobra.Command {
	var flags configurationFlags
	cmd := &cobra.Command{Use: "going", SilenceErrors: true, SilenceUsage: true, RunE: func(cmd *cobra.Command, _ []string) error {
		return done(cmd.Context(), &flags)
	}}
	flags.add(cmd)
	cmd.SetOut(&p.out)
	cmd.SetErr(&p.errs)
	return cmd
}

// loaded runs a command line that goes by the configuration of a directory.
func loaded(t *testing.T, p *process, dir string, args ...string) (*configuration, error) {
	t.Helper()
	var got *configuration
	cmd := going(p, func(ctx context.Context, flags *configurationFlags) error {
		var err error
		got, err = flags.load(ctx, p.environment(), dir)
		return err
	})
	cmd.SetArgs(append([]string{}, args...))
	err := cmd.ExecuteContext(t.Context())
	return got, err
}

func TestLoadConfiguration(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{
		".git/HEAD": "", config.FileName: "schedule: 2h\n", "envs/dev/x": "", "other.yaml": "schedule: 3h\n",
	})
	elsewhere := tree(t, map[string]string{"x": ""})
	other := filepath.ToSlash(filepath.Join(top, "other.yaml"))
	for name, test := range map[string]struct {
		dir  string
		args []string
		want configuration
		runs string // the schedule
	}{
		"found":             {filepath.Join(top, "envs/dev"), nil, configuration{file: filepath.ToSlash(filepath.Join(top, config.FileName)), prefix: "envs/dev"}, "2h"},
		"named":             {filepath.Join(top, "envs/dev"), []string{"--config", other}, configuration{file: other, prefix: "envs/dev"}, "3h"},
		"none":              {filepath.Join(top, "envs/dev"), []string{"--no-config"}, configuration{prefix: "envs/dev"}, "1h"},
		"absent":            {elsewhere, nil, configuration{}, "1h"},
		"named from afar":   {elsewhere, []string{"--config", other}, configuration{file: other}, "3h"},
		"with a repository": {elsewhere, []string{"--repository", "acme/shop"}, configuration{}, "1h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			got, err := loaded(t, &p, test.dir, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got.file != test.want.file || got.prefix != test.want.prefix || got.config.Schedule.Value.String() != test.runs || len(got.warnings) > 0 {
				t.Errorf("got %+v, schedule %s", got, got.config.Schedule.Value)
			}
			if p.out.Len()+p.errs.Len() > 0 {
				t.Errorf("output %q, errors %q", p.out.String(), p.errs.String())
			}
		})
	}
}

func TestLoadBrokenConfiguration(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{config.FileName: brokenConfig + "wibble: 1\n", "sub/.git": ""})
	var p process
	_, err := loaded(t, &p, dir)
	if got := exitReport(err); got != (exit{code: exitFailure}) {
		t.Errorf("exit %+v", got)
	}
	for _, want := range []string{
		config.FileName + ":4:17: error: rules[0].constraint: ", "\n     4 |     constraint:", ":6:1: error: wibble: unknown key", ": 2 errors, 0 warnings.\n",
	} {
		if !strings.Contains(p.errs.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, p.errs.String())
		}
	}
	if p.out.Len() > 0 {
		t.Errorf("output %q", p.out.String())
	}
}

func TestLoadConfigurationFails(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"x": "", "big.yaml": strings.Repeat("# 34567\n", config.MaxSize/8+1), "extends.yaml": "extends: [acme/base]\n"})
	for name, test := range map[string]struct {
		args   []string
		report string // of the error
		errs   string // told before
	}{
		"both":               {[]string{"--config", "x", "--no-config"}, "--config and --no-config exclude each other", ""},
		"no file":            {[]string{"--config", dir + "/gone"}, "does not exist: name a file, or write --no-config", ""},
		"a directory":        {[]string{"--config", dir}, "is a directory: name the file in it", ""},
		"nothing":            {[]string{"--config", ""}, "--config is empty", ""},
		"no repository":      {[]string{"--repository", "acme"}, `--repository "acme": write OWNER/REPO`, ""},
		"an address":         {[]string{"--repository", "https://github.com/acme/shop"}, "write OWNER/REPO", ""},
		"dots":               {[]string{"--repository", "acme/.."}, "write OWNER/REPO", ""},
		"empty repository":   {[]string{"--repository="}, "--repository is empty", ""},
		"no extends-dir":     {[]string{"--extends-dir", dir + "/gone"}, "--extends-dir ", ""},
		"extends-dir a file": {[]string{"--extends-dir", dir + "/x"}, "--extends-dir: ", ""},
		"too large":          {[]string{"--config", dir + "/big.yaml"}, "", "error: the file is larger than 1048576 bytes"},
		"extends":            {[]string{"--config", dir + "/extends.yaml"}, "", "extends.yaml:1:11: error: extends[0]: acme/base:.imageupdater.yaml cannot be read here (say with --extends-dir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			_, err := loaded(t, &p, dir, test.args...)
			got := exitReport(err)
			if got.code != exitFailure || !strings.Contains(got.message, test.report) || (test.report == "") != (got.message == "") {
				t.Errorf("exit %+v", got)
			}
			if !strings.Contains(p.errs.String(), test.errs) {
				t.Errorf("errors %q", p.errs.String())
			}
		})
	}
}

// What the owner enforces is read beside what is extended.
func TestLoadEnforced(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		config.FileName:                           "defaults: {minAge: 1h, merge: {auto: true}}\n",
		"own.yaml":                                "enforce: {minAge: 5d}\n",
		"acme/.imageupdater/.imageupdater.yaml":   "extends: [acme/base]\nenforce: {minAge: 3d}\n",
		"acme/base/.imageupdater.yaml":            "enforce: {merge: {after: 4h}}\n",
		"broken/.imageupdater/.imageupdater.yaml": "enforce:\n  minage: 3d\n",
		"odd/.imageupdater/.imageupdater.yaml/x":  "",
		"free/shop/x":                             "",
	})
	for name, test := range map[string]struct {
		args     []string
		want     string // minAge, merge.after, merge.auto
		warnings string
	}{
		"nobody asked":          {[]string{"--extends-dir", dir}, "1h 0 true", ""},
		"nowhere to read":       {[]string{"--repository", "acme/shop"}, "1h 0 true", ""},
		"enforced":              {[]string{"--repository", "acme/shop", "--extends-dir", dir}, "3d 4h true", ""},
		"enforced without file": {[]string{"--repository", "acme/shop", "--extends-dir", dir, "--no-config"}, "3d 4h false", ""},
		"nothing is there":      {[]string{"--repository", "free/shop", "--extends-dir", dir}, "1h 0 true", ""},
		"broken": {
			[]string{"--repository", "broken/shop", "--extends-dir", dir},
			"1h 0 false",
			`broken/.imageupdater:.imageupdater.yaml:2:3: warning: enforce.minage: nothing merges by itself, since what broken enforces cannot be read: unknown key "minage" (did you mean "minAge"?)` + "\n",
		},
		"cannot be read": {
			[]string{"--repository", "odd/shop", "--extends-dir", dir},
			"1h 0 false",
			"odd/.imageupdater:.imageupdater.yaml:1:1: warning: nothing merges by itself, since what odd enforces cannot be read: ",
		},
		"its own": {[]string{"--repository", "acme/.imageupdater", "--config", filepath.Join(dir, "own.yaml")}, "5d 0 false", ""},
		"not its own": {
			[]string{"--repository", "free/shop", "--config", filepath.Join(dir, "own.yaml")},
			"0 0 false",
			"own.yaml:1:19: warning: enforce.minAge: has no effect in this repository (enforce is read from free/.imageupdater; write a rule here)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			got, err := loaded(t, &p, dir, test.args...)
			if err != nil {
				t.Fatal(err, p.errs.String())
			}
			s := got.config.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a.yaml"}).For(version.Minor)
			auto := map[bool]string{true: "true", false: "false"}[s.Merge.Auto.Value]
			if holds := s.MinAge.Value.String() + " " + s.Merge.After.Value.String() + " " + auto; holds != test.want {
				t.Errorf("%s holds, want %s", holds, test.want)
			}
			var warnings strings.Builder
			writeWarnings(&warnings, got.warnings, display{})
			if text := warnings.String(); !strings.Contains(text, test.warnings) || (test.warnings == "") != (text == "") {
				t.Errorf("warnings %q", text)
			}
		})
	}
}

func TestWriteWarnings(t *testing.T) {
	t.Parallel()
	warnings := config.Warnings{
		{Severity: config.SeverityWarning, File: "a\x1b.yaml", Line: 2, Column: 3, Field: "rules[0]", Message: "no effect", Hint: "remove it"},
		{Severity: config.SeverityNote, File: "b.yaml", Line: 1, Column: 1, Message: "read as newest"},
	}
	var text, colored strings.Builder
	writeWarnings(&text, warnings, display{})
	want := "a\\x1b.yaml:2:3: warning: rules[0]: no effect (remove it)\nb.yaml:1:1: note: read as newest\n"
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	writeWarnings(&colored, warnings, display{color: true})
	if !strings.Contains(colored.String(), "\x1b[33mwarning:\x1b[0m rules[0]") {
		t.Errorf("%q", colored.String())
	}
}

func TestConfigurationFlagsComplete(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{"--config": "yaml\nyml\n:8\n", "--extends-dir": ":16\n", "--repository": ":4\n"} {
		var p process
		cmd := going(&p, nil)
		cmd.SetArgs([]string{cobra.ShellCompNoDescRequestCmd, flag, ""})
		if err := cmd.ExecuteContext(t.Context()); err != nil || p.out.String() != want {
			t.Errorf("%s: %q, %v", flag, p.out.String(), err)
		}
	}
}
