package deploy_test

import (
	"bufio"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Where the image has its configuration and its state.
const (
	configured  = "/etc/imageupdater/server.yaml"
	stateFolder = "/var/lib/imageupdater"
)

// instruction is one of a Dockerfile's, its lines joined.
type instruction struct{ name, rest string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	var all []instruction
	for line := range strings.Lines(text) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			all = append(all, instruction{name, strings.Join(strings.Fields(rest), " ")})
		}
	}
	return all
}

// last is what the last of the instructions by a name says; of ENV, say, there are more.
func last(all []instruction, name string) string {
	for _, i := range slices.Backward(all) {
		if i.name == name {
			return i.rest
		}
	}
	return ""
}

func TestTheImageIsWhatTheManifestsExpect(t *testing.T) {
	t.Parallel()
	all := dockerfile(t)
	for name, want := range map[string]string{
		"FROM":       "scratch",
		"USER":       "65532:65532", // by number: Kubernetes cannot tell otherwise that it is not root
		"ENTRYPOINT": `["/imageupdater"]`,
		"CMD":        `["serve", "--config", "` + configured + `"]`,
		"VOLUME":     stateFolder,
		"EXPOSE":     "8080",
	} {
		if got := last(all, name); got != want {
			t.Errorf("%s %s, want %s", name, got, want)
		}
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		if !strings.Contains(last(all, "LABEL"), "org.opencontainers.image."+label+"=") {
			t.Errorf("there is no label %s", label)
		}
	}
}

func TestTheImageIsMadeOfWhatIsPinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^(--platform=\S+ )?[a-z0-9./-]+(:v?\d+\.\d+\.\d+[a-z0-9.-]*|(:\S+)?@sha256:[0-9a-f]{64})( AS \w+)?$`)
	for _, i := range dockerfile(t) {
		switch {
		case i.name == "ADD":
			t.Errorf("ADD %s: COPY fetches and unpacks nothing", i.rest)
		case i.name == "FROM" && i.rest != "scratch" && !pinned.MatchString(i.rest):
			t.Errorf("FROM %s: it names no exact version and no digest", i.rest)
		case i.name == "RUN" && regexp.MustCompile(`\b(curl|wget)\b|://`).MatchString(i.rest):
			t.Errorf("RUN %s: it fetches something", i.rest)
		}
	}
}

// The command of the Dockerfile, run on what the .dockerignore lets through.
func TestTheImagesBinary(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	var build string
	for _, i := range dockerfile(t) {
		if i.name == "RUN" && strings.Contains(i.rest, "go build") {
			build = regexp.MustCompile(`--mount=\S+ `).ReplaceAllString(i.rest, "")
		}
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "out", "imageupdater")
	sources := filepath.Join(dir, "src")
	sendContext(t, sources)
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(build, "/out/imageupdater", binary))
	cmd.Dir = sources
	cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+runtime.GOARCH, "VERSION=v1.2.3-test")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	isStatic(t, binary)
	run := exec.CommandContext(t.Context(), binary, "version")
	run.Env = []string{} // as in an image of nothing else
	out, err := run.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "imageupdater v1.2.3-test ") {
		t.Errorf("it says %q, %v", out, err)
	}
}

// isStatic makes sure that a binary needs no loader and no library.
func isStatic(t *testing.T, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it is not static: it has %s", p.Type)
		}
	}
}

// sendContext copies what a build of the image gets.
func sendContext(t *testing.T, to string) {
	t.Helper()
	ignored := dockerignore(t)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case ignored(filepath.ToSlash(rel)) && d.IsDir():
			return filepath.SkipDir
		case ignored(filepath.ToSlash(rel)):
			return nil
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dockerignore says which paths a build does not get. Of what a .dockerignore may say it knows what ours does:
// "*" for all, "!name" for a name at the top, "**/pattern" for a name anywhere.
func dockerignore(t *testing.T) func(string) bool {
	t.Helper()
	var all bool
	var let, anywhere []string
	lines := bufio.NewScanner(strings.NewReader(read(t, ".dockerignore")))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "*":
			all = true
		case strings.HasPrefix(line, "!"):
			let = append(let, line[1:])
		case strings.HasPrefix(line, "**/"):
			anywhere = append(anywhere, strings.TrimPrefix(line, "**/"))
		default:
			t.Fatalf(".dockerignore: %q is not known here", line)
		}
	}
	if !all || len(let) == 0 {
		t.Fatal(".dockerignore does not begin with nothing")
	}
	return func(name string) bool {
		top, _, _ := strings.Cut(name, "/")
		return !slices.Contains(let, top) || slices.ContainsFunc(anywhere, func(pattern string) bool {
			matches, err := path.Match(pattern, path.Base(name))
			return err == nil && matches
		})
	}
}
