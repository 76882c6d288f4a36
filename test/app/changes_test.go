package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/cmd/imageupdater/command"
	"github.com/imageupdater/imageupdater/test/githubtest"
	"github.com/imageupdater/imageupdater/test/registry"
)

// built pushes an image that says what it was built from.
func (w *world) built(image, tag, source, commit string, created time.Time) {
	w.t.Helper()
	err := w.registry.PushImage(image, tag, registry.Image{Created: created, Labels: map[string]string{
		"org.opencontainers.image.source": w.hub.URL + "/" + source, "org.opencontainers.image.revision": commit,
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// origin makes a repository that images are built from, with three commits after its
// first, and gives the first and the last of them.
func (w *world) origin(fullName string, private bool, words string) (repo *githubtest.Repository, first, last string) {
	w.t.Helper()
	repo = w.hub.AddRepository(fullName, map[string]string{"README.md": "# " + fullName + "\n"})
	repo.Private = private
	first = repo.Branch("main")
	for n := range 3 {
		last = repo.Commit("main", fmt.Sprintf("%s %d for @mia, fixes #%d", words, n+1, n+4), map[string]string{"main.go": fmt.Sprintf("package main // %d\n", n)})
	}
	return repo, first, last
}

// firstParty is a repository whose image is named by the commit that it was built from.
func (w *world) firstParty(name, image, tag string) *githubtest.Repository {
	return w.hub.AddRepository(name, map[string]string{
		".imageupdater.yaml": "version: 1\ndefaults: {strategy: newest, tags: {allow: ['^main-']}}\n",
		"web.yaml":           deployment(w.registry.Host() + "/" + image + ":" + tag),
	})
}

// TestChanges tells the commits of a first-party image, mentions nobody, and asks for
// them once.
func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	_, first, last := w.origin("acme/web", false, "Sort the list")
	old, proposed := "main-"+first[:7], "main-"+last[:7]
	w.built("acme/web", old, "acme/web", first, w.hub.Now().Add(-48*time.Hour))
	w.built("acme/web", proposed, "acme/web", last, w.hub.Now().Add(-24*time.Hour))
	repo := w.firstParty("acme/shop", "acme/web", old)
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	body := repo.Pulls()[0].Body
	for n := range 3 {
		if want := fmt.Sprintf("Sort the list %d for @`mia`", n+1); !strings.Contains(body, want) {
			t.Errorf("%q is not in\n%s", want, body)
		}
	}
	for _, want := range []string{first[:7], last[:7], "3 commits"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not in\n%s", want, body)
		}
	}
	before := w.hub.Mark()
	asked := len(w.registry.Requests())
	a.rescan()
	a.rescan()
	for _, call := range w.hub.Since(before, githubtest.By(installation)) {
		if call.Scope != "" || call.Writes() {
			t.Errorf("nothing has changed, and it asked %s", call)
		}
	}
	for _, r := range w.registry.Requests()[asked:] {
		if strings.Contains(r.Path, "/blobs/") {
			t.Errorf("nothing has changed, and it asked %s %s", r.Method, r.Path)
		}
	}
}

// TestChangesLater opens a pull request though nobody tells what changed, and tells it
// when somebody does.
func TestChangesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	_, first, last := w.origin("acme/web", false, "Sort the list")
	w.built("acme/web", "1.0.0", "acme/web", first, w.hub.Now().Add(-48*time.Hour))
	w.built("acme/web", "1.1.0", "acme/web", last, w.hub.Now().Add(-24*time.Hour))
	repo := w.shop("acme/shop")
	down := w.hub.Fault(githubtest.Fault{Operation: "repos/compare-commits-with-basehead", Status: http.StatusBadGateway})
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	pull := repo.Pulls()[0]
	if strings.Contains(pull.Body, "Sort the list") || down.Fired() == 0 {
		t.Fatalf("the source was not down:\n%s", pull.Body)
	}
	down.Remove()
	w.hub.Advance(11 * time.Minute)
	a.rescan()
	now := repo.Pulls()[0]
	if !strings.Contains(now.Body, "Sort the list 3") || now.HeadSHA != pull.HeadSHA || now.Number != pull.Number {
		t.Errorf("the body is\n%s", now.Body)
	}
}

// TestChangesArePrivate plants notes in repositories that not all may see, of this
// installation and of another, and has images say that they were built from those.
func TestChangesArePrivate(t *testing.T) {
	t.Parallel()
	const ours, theirs = "planted-ours", "planted-theirs"
	tests := map[string]struct {
		settings       string
		private, shown bool // the target, and ours in it
	}{
		"by default":             {"", true, false},
		"by default, in public":  {"", false, false},
		"allowed":                {"changelog: {private: true}\n", true, true},
		"allowed, but in public": {"changelog: {private: true}\n", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, file(t), githubtest.Options{})
			secret, first, last := w.origin("acme/secret", true, ours)
			foreign, first2, last2 := w.origin("evilcorp/private", true, theirs)
			for n, tag := range []string{"1.0.0", "1.1.0"} {
				created := w.hub.Now().Add(time.Duration(n-9) * time.Hour)
				w.built("acme/web", tag, "acme/secret", []string{first, last}[n], created)
				w.built("acme/api", tag, "evilcorp/private", []string{first2, last2}[n], created)
			}
			repo := w.shop("acme/shop")
			repo.Commit("main", "another image", map[string]string{"api.yaml": deployment(w.registry.Host() + "/acme/api:1.0.0")})
			repo.Private = tt.private
			a := w.start(tt.settings)
			ourselves := w.hub.Install("acme", grants(), repo, secret)
			others := w.hub.Install("evilcorp", grants(), foreign)
			a.settled(w.hub, "acme/shop")
			a.quiet(w.hub)
			var said []string
			for _, pull := range repo.Pulls() {
				said = append(said, pull.Body, pull.Title)
			}
			for _, issue := range repo.Issues() {
				said = append(said, issue.Body)
			}
			bodies := strings.Join(said, "\n")
			if bodies == "" || strings.Contains(bodies, ours) != tt.shown || strings.Contains(bodies, theirs) || strings.Contains(bodies, "evilcorp") {
				t.Errorf("shown is\n%s", bodies)
			}
			for _, call := range w.hub.Calls(githubtest.By(ourselves)) {
				written := string(call.Request)
				if call.Writes() && (strings.Contains(written, theirs) || strings.Contains(written, "evilcorp") || strings.Contains(written, ours) && !tt.shown) {
					t.Errorf("it was written: %s\n%s", call, written)
				}
			}
			for _, call := range w.hub.Calls() {
				source := strings.Contains(call.Path, "/acme/secret") || strings.Contains(call.Path, fmt.Sprint("/repositories/", secret.ID))
				another := strings.Contains(call.Path, "/evilcorp/private") || strings.Contains(call.Path, fmt.Sprint("/repositories/", foreign.ID))
				switch {
				case another && call.Installation == ourselves.ID && call.Status < 300:
					t.Errorf("another installation's repository answered: %s", call)
				case source && call.Installation == others.ID:
					t.Errorf("another installation asked: %s", call)
				case source && call.Scope != "" && call.Status < 300 && !tt.shown && !slices.Contains([]string{"repos/get"}, call.Operation):
					t.Errorf("it was read though nobody may: %s", call)
				}
			}
		})
	}
}

// TestChangesWhileNobodyTellsWhoSees has a look end and be made again where GitHub does not
// say who sees the repository: nothing is taken away from what pull requests tell.
func TestChangesWhileNobodyTellsWhoSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	secret, first, last := w.origin("acme/secret", true, "Sort the list")
	w.built("acme/web", "1.0.0", "acme/secret", first, w.hub.Now().Add(-48*time.Hour))
	w.built("acme/web", "1.1.0", "acme/secret", last, w.hub.Now().Add(-24*time.Hour))
	repo := w.shop("acme/shop")
	repo.Private = true
	a := w.start("changelog: {private: true}\n")
	installation := w.hub.Install("acme", grants(), repo, secret)
	a.settled(w.hub, "acme/shop")
	a.quiet(w.hub)
	told := repo.Pulls()[0].Body
	if !strings.Contains(told, "Sort the list 3") {
		t.Fatalf("it is not told:\n%s", told)
	}
	before := w.hub.Mark()
	w.hub.Fault(githubtest.Fault{Operation: "repos/get", Path: "/repos/acme/shop", Status: http.StatusBadGateway, Times: 3})
	a.rescan()
	if now := repo.Pulls()[0].Body; now != told {
		t.Errorf("it became\n%s", now)
	}
	for _, call := range w.hub.Since(before, githubtest.By(installation)) {
		if call.Writes() && call.Operation != "apps/create-installation-access-token" {
			t.Errorf("it wrote: %s", call)
		}
	}
}

// TestChangesOnTheCommandLine prints what the pull request says, without the App.
func TestChangesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	_, first, last := w.origin("acme/web", false, "Sort the list")
	w.built("acme/web", "1.0.0", "acme/web", first, w.hub.Now().Add(-48*time.Hour))
	w.built("acme/web", "1.1.0", "acme/web", last, w.hub.Now().Add(-24*time.Hour))
	repo := w.shop("acme/shop")
	a := w.start("")
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	_, said, _ := strings.Cut(repo.Pulls()[0].Body, "\n### ")
	said, _, _ = strings.Cut(said, "\n**Rolling back")
	if !strings.Contains(said, "Sort the list 3") {
		t.Fatalf("the pull request says\n%s", said)
	}
	dir := t.TempDir()
	for _, name := range []string{".imageupdater.yaml", "web.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(repo.Read("main", name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	env := map[string]string{"IMAGEUPDATER_GITHUB_URL": w.hub.URL, "IMAGEUPDATER_GITHUB_TOKEN": w.hub.Token("wendy")}
	root := command.NewRoot(command.Environment{
		Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return env[name] }, Environ: func() []string { return nil },
		IsTerminal: func(io.Writer) bool { return false }, Now: w.hub.Now, BuildInfo: debug.ReadBuildInfo,
	})
	root.SetArgs([]string{"scan", "-o", "markdown", "--plain-http", w.registry.Host(), dir})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if printed := strings.ReplaceAll(stdout.String(), "redirect.github.com", "github.com"); !strings.Contains(printed, said) {
		t.Errorf("it prints\n%s\nand the pull request says\n%s", printed, said)
	}
}

// TestChangesElsewhere reads what another GitHub calls public, with the token that is for
// that one, for the accounts that may see it, and shows nothing private though the token
// may.
func TestChangesElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	elsewhere := &world{t: t, hub: githubtest.New(t, githubtest.Options{}), registry: w.registry}
	_, first, last := elsewhere.origin("public/web", false, "Sort the list")
	private, first2, last2 := elsewhere.origin("wendy/api", true, "planted")
	private.Collaborate("wendy", "admin")
	for n, tag := range []string{"1.0.0", "1.1.0"} {
		created := w.hub.Now().Add(time.Duration(n-9) * time.Hour)
		elsewhere.built("acme/web", tag, "public/web", []string{first, last}[n], created)
		elsewhere.built("acme/api", tag, "wendy/api", []string{first2, last2}[n], created)
	}
	repo := w.shop("acme/shop")
	repo.Private = true
	repo.Commit("main", "another image", map[string]string{"api.yaml": deployment(w.registry.Host() + "/acme/api:1.0.0")})
	w.env["SITE"] = elsewhere.hub.Token("wendy")
	a := w.start(fmt.Sprintf("changelog: {private: true, sites: [{url: %q, token: {env: SITE}, accounts: [acme]}]}\n", elsewhere.hub.URL))
	w.hub.Install("acme", grants(), repo)
	a.settled(w.hub, "acme/shop")
	var said []string
	for _, pull := range repo.Pulls() {
		said = append(said, pull.Body)
	}
	if bodies := strings.Join(said, "\n"); !strings.Contains(bodies, "Sort the list 3") || strings.Contains(bodies, "planted") || strings.Contains(bodies, "wendy") {
		t.Errorf("shown is\n%s", bodies)
	}
	for _, call := range elsewhere.hub.Calls() {
		if call.Caller != "user wendy" {
			t.Errorf("asked by another: %s", call)
		}
	}
	if len(elsewhere.hub.Calls()) == 0 {
		t.Error("nothing was asked")
	}
	for _, call := range w.hub.Calls() {
		if call.Caller == "user wendy" || call.Status == http.StatusUnauthorized {
			t.Errorf("the token went to the App's GitHub: %s", call)
		}
	}
	if strings.Contains(w.log.String(), w.env["SITE"]) {
		t.Error("the token is in the log")
	}
}
