package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/run"
	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// counts are calls by their operations, in their order.
func counts(calls []githubtest.Exchange) string {
	seen := map[string]int{}
	var order []string
	for _, c := range calls {
		if seen[c.Operation]++; seen[c.Operation] == 1 {
			order = append(order, c.Operation)
		}
	}
	var parts []string
	for _, o := range order {
		parts = append(parts, fmt.Sprintf("%s %d", strings.TrimPrefix(o, "git/"), seen[o]))
	}
	return strings.Join(parts, ", ")
}

// unchanged is what is asked of two repositories with a pull request each, for nothing.
const unchanged = "pulls/list 2, get-ref 3, issues/list-comments-for-repo 2, issues/get 2, repos/get-branch-rules 2, repos/get-branch 2, " +
	"repos/get 2, pulls/get 2, checks/list-for-ref 2, repos/get-combined-status-for-ref 2, pulls/list-reviews 2, checks/list-suites-for-ref 2"

// TestWhatAnUnchangedRepositoryCosts is a question that costs nothing; also after
// the server was started again, and after its token was replaced.
func TestWhatAnUnchangedRepositoryCosts(t *testing.T) {
	t.Parallel()
	for name, place := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, place(t), githubtest.Options{})
			w.serve()
			repo := w.shop("acme/shop")
			based := w.hub.AddRepository("acme/based", map[string]string{".imageupdater.yaml": "pullRequests: {base: trunk}\n"})
			based.Commit("trunk", "files", map[string]string{"web.yaml": w.web("1.0.0") + "# based\n"})
			enforcing := w.shop("umbrella/shop")
			rules := w.hub.AddRepository("umbrella/.imageupdater", map[string]string{".imageupdater.yaml": "enforce: {merge: {auto: false}}\n"})
			a := w.start("")
			installation := w.hub.Install("acme", grants(), repo, based)
			umbrella := w.hub.Install("umbrella", grants(), enforcing, rules)
			a.quiet(w.hub)
			warm := false
			check := func(what string) {
				t.Helper()
				mark := w.hub.Mark()
				for _, r := range []string{"acme/shop", "acme/based", "umbrella/shop", "umbrella/.imageupdater"} {
					if status, text := a.call("POST", "/api/v1/rescan", apiToken, fmt.Sprintf(`{"repository": %q}`, r)); status != 202 {
						t.Fatalf("%d %s", status, text)
					}
				}
				a.quiet(w.hub)
				if got := a.ends("acme/shop", run.Planned); updates(got) != "1.1.0" {
					t.Errorf("%s: %s", what, updates(got))
				}
				if got := a.ends("acme/based", run.Planned); updates(got) != "1.1.0" {
					t.Errorf("%s: on another branch: %s", what, updates(got))
				}
				looks := func(c githubtest.Exchange) bool { return c.Operation != "apps/list-repos-accessible-to-installation" }
				calls := w.hub.Since(mark, githubtest.By(installation), looks)
				// The second branch's is the third.
				if got := counts(calls); got != unchanged && warm {
					t.Errorf("%s: called %s", what, got)
				}
				calls = append(calls, w.hub.Since(mark, githubtest.By(umbrella), looks)...)
				if len(calls) > 44 && warm {
					t.Errorf("%s: too many calls: %s", what, counts(calls))
				}
				for _, c := range calls {
					if warm && (c.Status != 304 || !c.Free()) {
						t.Errorf("%s: not for nothing: %s", what, c)
					}
				}
			}
			check("after the first look has opened pull requests")
			warm = true
			check("the second time")
			w.hub.Advance(2 * time.Hour)
			check("with another token")
			a.stop()
			a = w.start("")
			check("after a new start")
		})
	}
}

// TestWhatAChangeCosts is one list of files, and the files that nobody has seen.
func TestWhatAChangeCosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	repo := w.current("acme/shop")
	repo.Collaborate("alice", "admin")
	seen := w.web("1.1.0") + "# seen in many places\n"
	repo.Push("main", "alice", "files", map[string]*githubtest.File{
		"a/web.yaml": githubtest.Text(seen), "b/link.yaml": githubtest.Symlink("../a/web.yaml"),
		"c": githubtest.Submodule("0123456789012345678901234567890123456789"), "vendor/x/web.yaml": githubtest.Text(seen + "# vendored\n"),
		".github/workflows/x.yaml": githubtest.Text("jobs: {}\n"), "README.md": githubtest.Text("image: web:1.0.0\n"),
		"big.yaml": githubtest.Text("# " + strings.Repeat("x", 5<<20) + "\n"), "empty.yaml": githubtest.Text(""),
	})
	a := w.start("")
	installation := w.hub.Install("acme", grants(), repo)
	a.quiet(w.hub)
	first := a.ends("acme/shop", run.Planned)
	if first.Result.Fields["current"] != 2 {
		t.Errorf("found %v", first.Result.Fields)
	}
	asked := w.hub.Calls(githubtest.By(installation), githubtest.Of("git/get-blob"))
	if len(asked) != 3 { // the configuration and two files with an image
		t.Errorf("asked for %d files: %v", len(asked), asked)
	}
	change := func(what, want string, files map[string]*githubtest.File) {
		t.Helper()
		mark := w.hub.Mark()
		repo.Push("main", "alice", what, files)
		a.quiet(w.hub)
		if got := a.ends("acme/shop", run.Planned); got.Result.Head != repo.Branch("main") {
			t.Errorf("%s: saw %s", what, got.Result.Head)
		}
		if got := counts(w.hub.Since(mark, githubtest.By(installation))); got != want {
			t.Errorf("%s: called %s, want %s", what, got, want)
		}
	}
	tree := "pulls/list 1, get-ref 1, repos/get 1, get-tree 1, issues/list-comments-for-repo 1, issues/get 1"
	change("a file that is none of ours", tree, map[string]*githubtest.File{"README.md": githubtest.Text("!")})
	change("a file", tree+", get-blob 1", map[string]*githubtest.File{"web.yaml": githubtest.Text(w.web("1.1.0"))})
	change("two files", tree+", get-blob 2", map[string]*githubtest.File{"d.yaml": githubtest.Text(seen + "# d"), "e.yaml": githubtest.Text(seen + "# e")})
	change("back again", tree, map[string]*githubtest.File{"web.yaml": githubtest.Text(w.web("1.1.0") + "# acme/shop\n"), "e.yaml": nil})
	change("a moved file", tree+", get-blob 1", map[string]*githubtest.File{"f.yaml": githubtest.Text(seen + "# d"), "d.yaml": nil})
}

// TestStates has repositories that cannot be planned for, and what is said of
// them.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{Limits: githubtest.Limits{TreeEntries: 30}})
	w.serve()
	wide, deep := map[string]string{".imageupdater.yaml": ""}, map[string]string{".imageupdater.yaml": ""}
	for n := range 40 {
		wide[fmt.Sprintf("%02d.yaml", n)] = "a: b\n"
		deep[fmt.Sprintf("apps/%02d/web.yaml", n/10*10+n%10)] = w.web("1.0.0")
		deep[fmt.Sprintf("more/%d/%02d/x.txt", n/20, n)] = "x"
	}
	delete(deep, "apps/39/web.yaml") // a folder has 30 entries at most
	for n := 20; n < 40; n++ {
		delete(deep, fmt.Sprintf("apps/%02d/web.yaml", n))
	}
	tests := map[string]struct {
		files  map[string]string
		state  run.State
		detail string
	}{
		"none":   {map[string]string{"web.yaml": w.web("1.0.0")}, run.Unconfigured, ""},
		"folder": {map[string]string{".imageupdater.yaml/x": ""}, run.Unconfigured, "is a folder"},
		"broken": {map[string]string{".imageupdater.yaml": "schedle: 1h\nrules: 3\n"}, run.Broken, "schedle"},
		"base":   {map[string]string{".imageupdater.yaml": "pullRequests: {base: trunk}\n"}, run.Broken, `there is no branch "trunk"`},
		"wide":   {wide, run.TooLarge, "more than"},
		"deep":   {deep, run.Planned, ""},
	}
	var repos []*githubtest.Repository
	for name, tt := range tests {
		repos = append(repos, w.hub.AddRepository("acme/"+name, tt.files))
	}
	link := w.hub.AddRepository("acme/link", map[string]string{"x.yaml": "version: 1\n"})
	link.Collaborate("alice", "admin")
	link.Push("main", "alice", "a link", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Symlink("x.yaml")})
	archived := w.shop("acme/archived")
	archived.Archive("alice", true)
	repos = append(repos, link, archived, w.hub.AddEmptyRepository("acme/empty"))
	a := w.start("")
	w.hub.Install("acme", grants(), repos...)
	poor := w.shop("poor/shop")
	w.hub.Install("poor", map[string]string{"metadata": "read"}, poor)
	a.quiet(w.hub)
	for name, tt := range tests {
		if got := a.ends("acme/"+name, tt.state); !strings.Contains(got.Result.Detail, tt.detail) {
			t.Errorf("%s: %q", name, got.Result.Detail)
		}
	}
	if got := a.ends("acme/link", run.Unconfigured); !strings.Contains(got.Result.Detail, "symbolic link") {
		t.Errorf("a link: %q", got.Result.Detail)
	}
	if got := a.ends("acme/deep", run.Planned); got.Result.Fields["update"] != 20 {
		t.Errorf("in folders that were read one by one: %v", got.Result.Fields)
	}
	a.ends("acme/archived", run.Archived)
	a.ends("acme/empty", run.Empty)
	a.ends("poor/shop", run.Forbidden)
	if got := a.ends("acme/broken", run.Broken); len(got.Result.Errors) != 2 {
		t.Errorf("errors: %v", got.Result.Errors)
	}
	i := slices.IndexFunc(repos, func(r *githubtest.Repository) bool { return r.Name == "broken" })
	repos[i].Commit("main", "mended", map[string]string{".imageupdater.yaml": "schedule: 1h\n"})
	repos[slices.IndexFunc(repos, func(r *githubtest.Repository) bool { return r.Name == "base" })].Commit("trunk", "the branch", map[string]string{"x": ""})
	a.quiet(w.hub)
	a.ends("acme/broken", run.Planned)
	w.hub.Advance(2 * time.Hour)
	a.tick(w.hub)
	a.ends("acme/base", run.Planned)
}

// TestExtends lays the owner's file under those of repositories, and looks at all
// of them when it changes.
func TestExtends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	rules := w.hub.AddRepository("acme/.imageupdater", map[string]string{".imageupdater.yaml": "defaults: {constraint: \"1.0.x\"}\n", "more.yaml": "defaults: {}\n"})
	var repos []*githubtest.Repository
	for n := range 3 {
		r := w.shop(fmt.Sprintf("acme/shop-%d", n))
		r.Commit("main", "extends", map[string]string{".imageupdater.yaml": fmt.Sprintf("extends: [acme/.imageupdater]\n# %d\n", n)})
		repos = append(repos, r)
	}
	elsewhere := w.hub.AddRepository("acme/elsewhere", map[string]string{".imageupdater.yaml": "extends: [acme/.imageupdater:missing.yaml]\n", "web.yaml": w.web("1.0.0")})
	a := w.start("")
	w.hub.Install("acme", grants(), append(repos, rules, elsewhere)...)
	a.quiet(w.hub)
	all := func(what, want string, state run.State) {
		t.Helper()
		a.quiet(w.hub)
		for _, r := range repos {
			if got := a.ends(r.FullName(), state); updates(got) != want {
				t.Errorf("%s: %s would get %q, want %q", what, r.FullName(), updates(got), want)
			}
		}
	}
	all("at first", "", run.Planned)
	if got := a.ends("acme/elsewhere", run.Broken); !strings.Contains(got.Result.Detail, "missing.yaml") {
		t.Errorf("a file that is not there: %s", got.Result.Detail)
	}
	rules.Commit("main", "all may move", map[string]string{".imageupdater.yaml": "defaults: {constraint: \">=1\"}\n", "missing.yaml": "version: 1\n"})
	all("after a push", "1.1.0", run.Planned)
	a.ends("acme/elsewhere", run.Planned)
	rules.Commit("main", "broken", map[string]string{".imageupdater.yaml": "defalts: {}\n"})
	all("broken", "", run.Broken)
	rules.Commit("main", "mended", map[string]string{".imageupdater.yaml": "enforce: {minAge: 3d}\n"})
	all("what is enforced", "", run.Planned)
	for _, r := range repos {
		if got := a.shown(r.FullName()); len(got.Result.Waiting) != 1 {
			t.Errorf("%s: nothing waits: %+v", r.FullName(), got.Result)
		}
	}
	rules.Commit("main", "nothing is enforced", map[string]string{".imageupdater.yaml": ""})
	all("at last", "1.1.0", run.Planned)
	rules.Delete("acme")
	all("after it was deleted", "", run.Broken)
}

// TestEnforcedByTheServer holds for all.
func TestEnforcedByTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	w.serve()
	a := w.start("enforce: {minAge: 3d}\n")
	w.hub.Install("acme", grants(), w.shop("acme/shop"))
	a.quiet(w.hub)
	if got := a.ends("acme/shop", run.Planned); len(got.Result.Waiting) != 1 || updates(got) != "" {
		t.Errorf("%+v", got.Result)
	}
	w.hub.Advance(73 * time.Hour)
	a.tick(w.hub)
	if got := a.ends("acme/shop", run.Planned); updates(got) != "1.1.0" {
		t.Errorf("after three days: %+v", got.Result)
	}
}
