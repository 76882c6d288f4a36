package command

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/imageupdater/imageupdater/config"
)

const brokenConfig = "version: 1\nrules:\n  - match: {image: nginx}\n    constraint: \"^1..2\"\ndefaults: {track: x}\n"

func TestCheckText(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{config.FileName: brokenConfig})
	t.Run("errors", func(t *testing.T) {
		t.Parallel()
		var p process
		if got := p.run(t, "check", dir); got != int(exitFailure) {
			t.Errorf("exit code %d: %s", got, p.errs.String())
		}
		name := filepath.ToSlash(filepath.Join(dir, config.FileName))
		want := name + `:4:17: error: rules[0].constraint: invalid range "^1..2" (write ">=1.2, <2", "^1.2", "~1.2", "1.2.x" or "1.x || 3.x")
     4 |     constraint: "^1..2"
       |                 ^
`
		if diff := cmp.Diff(want, p.out.String()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if got := p.errs.String(); got != name+": 1 error, 0 warnings.\n" {
			t.Errorf("stderr %q", got)
		}
	})
	t.Run("warnings and notes", func(t *testing.T) {
		t.Parallel()
		dir := tree(t, map[string]string{"x.yaml": "defaults: {track: stable, strategy: latest}"})
		var p process
		if got := p.run(t, "check", filepath.Join(dir, "x.yaml")); got != 0 {
			t.Errorf("exit code %d: %s", got, p.errs.String())
		}
		for _, want := range []string{":1:19: warning: defaults.track: has no effect", ":1:37: note: defaults.strategy: ", "\n     1 | defaults: {track"} {
			if !strings.Contains(p.out.String(), want) {
				t.Errorf("output lacks %q:\n%s", want, p.out.String())
			}
		}
		if got := p.errs.String(); !strings.HasSuffix(got, ": 0 errors, 1 warning, 1 note.\n") {
			t.Errorf("stderr %q", got)
		}
	})
}

func TestCheckFine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"good":   {map[string]string{config.FileName: "version: 1\ntimezone: Europe/Berlin\n"}, "is fine."},
		"absent": {nil, "the built-in defaults hold."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			if got := p.run(t, "check", tree(t, test.files)); got != 0 || p.out.Len() != 0 || !strings.Contains(p.errs.String(), test.want) {
				t.Errorf("exit code %d, output %q, errors %q", got, p.out.String(), p.errs.String())
			}
		})
	}
}

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{config.FileName: brokenConfig})
	var p process
	p.run(t, "check", "-o", "json", dir)
	var got checked
	if err := json.Unmarshal(p.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) != 1 || got.Errors[0].Line != 4 || got.Errors[0].Severity != "error" || got.Errors[0].Field != "rules[0].constraint" || got.Absent {
		t.Errorf("%+v", got)
	}
	var absent process
	if code := absent.run(t, "check", "-o", "json", t.TempDir()); code != 0 || !strings.Contains(absent.out.String(), `"absent": true`) || !strings.Contains(absent.out.String(), `"errors": []`) {
		t.Errorf("exit code %d: %s", code, absent.out.String())
	}
}

func TestCheckGitHub(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a,b.yaml": "rules:\n  - match: {image: \"%:\\n\"}\n    strategy: latest\n"})
	var p process
	p.run(t, "check", "-o", "github", filepath.Join(dir, "a,b.yaml"))
	lines := strings.Split(strings.TrimSpace(p.out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("output %q", p.out.String())
	}
	if !strings.HasPrefix(lines[0], "::error file=") || !strings.Contains(lines[0], `a%2Cb.yaml,line=2,col=20,title=.imageupdater.yaml::rules[0].match.image: "%25:`) {
		t.Errorf("line %q", lines[0])
	}
	if !strings.HasPrefix(lines[1], "::notice file=") {
		t.Errorf("line %q", lines[1])
	}
}

func TestAnnotationEscapes(t *testing.T) {
	t.Parallel()
	if got := annotationText("a%\r\nb\x1b:,"); got != `a%25%0D%0Ab\x1b:,` {
		t.Errorf("text %q", got)
	}
	if got := annotationProperty("a%:,\n"); got != "a%25%3A%2C%0A" {
		t.Errorf("property %q", got)
	}
}

func TestCheckExtends(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"good.yaml":                             "extends: [acme/.imageupdater]\n",
		"missing.yaml":                          "extends: [acme/other]\n",
		"acme/.imageupdater/.imageupdater.yaml": "defaults: {minAge: 3d}\n",
	})
	for name, test := range map[string]struct {
		args []string
		code exitCode
		want string
	}{
		"without":   {[]string{"good.yaml"}, exitFailure, "acme/.imageupdater:.imageupdater.yaml cannot be read here"},
		"with":      {[]string{"good.yaml", "--extends-dir", dir}, exitFine, ""},
		"missing":   {[]string{"missing.yaml", "--extends-dir", dir}, exitFailure, "no such file below --extends-dir"},
		"no folder": {[]string{"good.yaml", "--extends-dir", dir + "/nowhere"}, exitFailure, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			args := append([]string{"check", filepath.Join(dir, test.args[0])}, test.args[1:]...)
			if got := p.run(t, args...); got != int(test.code) || !strings.Contains(p.out.String(), test.want) {
				t.Errorf("exit code %d, output %q, errors %q", got, p.out.String(), p.errs.String())
			}
		})
	}
}

// What only counts in a repository of a known owner is told from outside.
func TestCheckRepository(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"foreign.yaml":                         "extends:\n  - acme/base\n  - evil/base\n",
		"enforce.yaml":                         "enforce: {minAge: 1d}\n",
		"acme/base/.imageupdater.yaml":         "",
		"evil/base/.imageupdater.yaml":         "",
		"bad/.imageupdater/.imageupdater.yaml": "wibble: 1\n",
	})
	for name, test := range map[string]struct {
		file, repository string
		code             exitCode
		want             string
	}{
		"another owner":          {"foreign.yaml", "acme/shop", exitFailure, ":3:5: error: extends[1]: evil/base:.imageupdater.yaml belongs to evil; only files of acme can be extended"},
		"another owner, alone":   {"foreign.yaml", "evil/shop", exitFailure, ":2:5: error: extends[0]: acme/base:.imageupdater.yaml belongs to acme"},
		"enforce elsewhere":      {"enforce.yaml", "acme/shop", exitFine, ":1:19: warning: enforce.minAge: has no effect in this repository"},
		"enforce where it works": {"enforce.yaml", "acme/.imageupdater", exitFine, ""},
		"a broken owner":         {"enforce.yaml", "bad/shop", exitFine, "bad/.imageupdater:.imageupdater.yaml:1:1: warning: wibble: nothing merges by itself, since what bad enforces cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p process
			got := p.run(t, "check", "--extends-dir", dir, "--repository", test.repository, filepath.Join(dir, test.file))
			if got != int(test.code) || !strings.Contains(p.out.String(), test.want) || (test.want == "") != (p.out.Len() == 0) {
				t.Errorf("exit code %d, output %q, errors %q", got, p.out.String(), p.errs.String())
			}
		})
	}
}

// Check reads the file that scan goes by.
func TestCheckBelowTheTop(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{".git/HEAD": "", config.FileName: brokenConfig, "a/x": "", "sub/.git": "", "sub/" + misspelt: ""})
	var p process
	if got := p.run(t, "check", filepath.Join(dir, "a")); got != int(exitFailure) || !strings.HasPrefix(p.out.String(), filepath.ToSlash(dir)+"/"+config.FileName+":4:17: error: ") {
		t.Errorf("exit code %d, output %q, errors %q", got, p.out.String(), p.errs.String())
	}
	var absent process
	if got := absent.run(t, "check", filepath.Join(dir, "sub")); got != 0 || !strings.Contains(absent.out.String(), misspelt+":1:1: warning: a file of this name is not read") || !strings.Contains(absent.errs.String(), "the built-in defaults hold.") {
		t.Errorf("exit code %d, output %q, errors %q", got, absent.out.String(), absent.errs.String())
	}
}

func TestCheckWrongUse(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{config.FileName + "/x": ""})
	for want, args := range map[string][]string{
		"does not exist": {dir + "/nowhere.yaml"},
		"is a directory": {dir},
		`--repository "x": write OWNER/REPO, as acme/shop` + "\nRun 'imageupdater check --help'": {"--repository", "x"},
		"--extends-dir is empty": {"--extends-dir", ""},
	} {
		var p process
		if got := p.run(t, append([]string{"check"}, args...)...); got != int(exitFailure) || !strings.Contains(p.errs.String(), want) {
			t.Errorf("%q: exit code %d: %s", args, got, p.errs.String())
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line   string
		column int
		text   string
		mark   string
	}{
		"plain":          {"a: b", 4, "a: b", "   ^"},
		"wide":           {"ä: b", 4, "ä: b", "   ^"},
		"tab":            {"\ta", 2, `\ta`, "  ^"},
		"CRLF":           {"a\r", 1, "a", "^"},
		"behind the end": {"a", 9, "a", " ^"},
		"long":           {strings.Repeat("x", 500) + "y", 501, strings.Repeat("x", 70) + "y", strings.Repeat(" ", 70) + "^"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, mark := excerpt(test.line, test.column)
			if text != test.text || mark != test.mark {
				t.Errorf("%q\n%q", text, mark)
			}
		})
	}
}

func TestDocsNameEveryFlagOfCheck(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/configuration.md")
	newCheck(new(process).environment()).Flags().VisitAll(func(flag *pflag.Flag) {
		if !strings.Contains(doc, "`--"+flag.Name) && !strings.Contains(doc, ", `--"+flag.Name) {
			t.Errorf("docs/configuration.md says nothing of --%s", flag.Name)
		}
	})
}
