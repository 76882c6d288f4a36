package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// proposed lets a person open a pull request that writes the configuration, "" for
// none, and gives the commit.
func (l *life) proposed(branch, text string) (sha string) {
	l.t.Helper()
	files := map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text(text)}
	if text == "" {
		files[".imageupdater.yaml"] = nil
	}
	sha = l.repo.Push(branch, "alice", "Other settings", files)
	if !slices.ContainsFunc(l.repo.Pulls(), func(p githubtest.Shown) bool { return p.Head == branch }) {
		l.repo.OpenPull("alice", "Other settings", branch, "main")
	}
	return sha
}

// checked is the only check run on a commit, when it is done.
func (l *life) checked(sha string) githubtest.ShownCheck {
	l.t.Helper()
	until(l.t, "the check of "+sha, func() bool {
		all := l.checks(sha)
		return len(all) > 0 && all[len(all)-1].Status == "completed"
	})
	l.app.settled(l.hub, "acme/shop")
	all := l.checks(sha)
	if len(all) != 1 {
		l.t.Fatalf("%d check runs: %+v", len(all), all)
	}
	return all[0]
}

// proposes holds what the App itself has open against "web=1.1.0", as has does.
func (l *life) proposes(want ...string) {
	l.t.Helper()
	got := []string{}
	for _, p := range l.open() {
		if strings.HasPrefix(p.Head, "imageupdater/") {
			got = append(got, l.shows(p.Head, p.Base))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("open are (-want +got):\n%s", diff)
	}
}

func (l *life) checks(sha string) []githubtest.ShownCheck {
	return slices.DeleteFunc(l.repo.Checks(sha), func(c githubtest.ShownCheck) bool { return c.Name != "imageupdater/config" })
}

// annotated are a check run's annotations in short.
func annotated(c githubtest.ShownCheck) []string {
	all := []string{}
	for _, a := range c.Annotations {
		all = append(all, fmt.Sprintf("%s:%d:%d-%d:%d %s %s: %s", a.Path, a.StartLine, a.StartColumn, a.EndLine, a.EndColumn, a.Level, a.Title, a.Message))
	}
	return all
}

const unmended = "version: 1\ndefaults:\n  minage: 3d\nrules:\n  - match: {image: nginx}\n    tags: {allow: ['(']}\n"

// TestCheckOfTheConfiguration annotates what is wrong, and tells when it is mended
// what would change.
func TestCheckOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, at := range storetest.Places() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, at(t), "pullRequests: {perHour: 9}\n", "web:1.0.0", "api:1.0.0")
			l.push("web:1.0.0", "web:1.1.0", "api:1.0.0", "api:1.1.0")
			l.look()
			broken := l.proposed("settings", unmended)
			got := l.checked(broken)
			if got.Conclusion != "failure" || got.Status != "completed" || got.App != l.hub.App.Slug || got.Title != "2 errors in .imageupdater.yaml" {
				t.Errorf("%+v", got)
			}
			want := []string{
				`.imageupdater.yaml:3:3-3:3 failure defaults.minage: unknown key "minage" (did you mean "minAge"?)`,
				`.imageupdater.yaml:6:20-6:20 failure rules[0].tags.allow[0]: invalid regular expression "(": missing closing ) at "(" (RE2 syntax; a backslash needs single quotes or \\ in double ones)`,
			}
			if diff := cmp.Diff(want, annotated(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			mended := l.proposed("settings", "defaults: {group: all}\nrules:\n  - match: {image: nginx}\n    group: web\npullRequests: {perHour: 9}\n")
			got = l.checked(mended)
			if got.Conclusion != "success" || got.Title != ".imageupdater.yaml is good, with 1 remark" {
				t.Errorf("%+v", got)
			}
			if diff := cmp.Diff([]string{".imageupdater.yaml:3:5-3:5 warning rules[0]: no image matches the rule (\"nginx\" means \"docker.io/library/nginx\")"}, annotated(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, part := range []string{"**Would be opened: 1 pull request**\n\n- group `all`: 2 images", "**Would be closed: 2 pull requests**\n\n- #"} {
				if !strings.Contains(got.Summary, part) {
					t.Errorf("%q is not in\n%s", part, got.Summary)
				}
			}
			l.proposes("web=1.1.0", "api=1.1.0") // nothing of it holds
			l.quiet()
			l.forget() // who remembers nothing finds it again
			l.look()
			if l.checked(broken); l.checked(mended).ID != got.ID {
				t.Error("it was told twice")
			}
			// What was told comes true.
			number := l.repo.Pulls()[len(l.repo.Pulls())-1].Number
			l.repo.MergePull(number, "alice", "squash")
			l.look()
			if open := l.open(); len(open) != 1 || l.shows(open[0].Head, "main") != "api=1.1.0 web=1.1.0" {
				t.Errorf("%+v", open)
			}
		})
	}
}

// TestCheckOfAFork tells a fork's pull request, and obeys it in nothing: no registry
// is asked about an image that the base has not, nor with what the fork asks for, and
// no file is read that the base does not extend.
func TestCheckOfAFork(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0", "secret:1.0.0")
	private := l.hub.AddRepository("acme/private", map[string]string{".imageupdater.yaml": "password: hunter2\n"})
	l.installation = l.hub.Install("acme", grants(), l.repo, private)
	l.app.settled(l.hub, "acme/shop")
	l.repo.Push("main", "alice", "A version of something", map[string]*githubtest.File{"versions.yaml": githubtest.Text("version: 1.0.0\n")})
	l.look()
	l.registry.Forget()
	fork := l.hub.Fork(l.repo, "mallory")
	mark := l.hub.Mark()
	push := func(text string) string {
		return fork.Push("patch", "mallory", "Patch", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text(text)})
	}
	sha := push("scan:\n  fields:\n    - {files: [versions.yaml], path: version, kind: tag, image: " + l.registry.Host() + "/acme/secret}\n" +
		"defaults: {group: mine, labels: [mine]}\nschedule: 5m\npullRequests: {branchPrefix: mine/}\n")
	l.repo.OpenPull("mallory", "A patch", "mallory:patch", "main")
	got := l.checked(sha)
	if got.Conclusion != "success" || !strings.Contains(got.Summary, "- group `mine`: 1 image\n") || !strings.Contains(got.Summary, "this was left for when it is merged: 1 question to registries") {
		t.Errorf("%+v", got)
	}
	for _, r := range l.registry.Requests() {
		if strings.Contains(r.Path, "secret") {
			t.Errorf("the registry was asked: %+v", r)
		}
	}
	l.proposes("web=1.1.0")
	if open := l.open(); len(open) != 2 || !strings.HasPrefix(open[0].Head, "imageupdater/") || !slices.Equal(open[0].Labels, []string{"images"}) {
		t.Errorf("%+v", open)
	}
	// Files of others that the base does not extend.
	extends := push("extends: [acme/private]\n")
	got = l.checked(extends)
	if got.Conclusion != "failure" || len(got.Annotations) != 1 || got.Annotations[0].StartLine != 1 || !strings.Contains(got.Annotations[0].Message, "from a fork") {
		t.Errorf("%+v", got)
	}
	for _, e := range l.hub.Since(mark, githubtest.Of("repos/get-content")) {
		if strings.HasPrefix(e.Path, "/repos/acme/private/") {
			t.Errorf("somebody else's file was read: %s", e)
		}
	}
	if strings.Contains(fmt.Sprint(got), "hunter2") {
		t.Error(got)
	}
	l.quiet()
}

// TestCheckTellsNothingOfOthersFiles also where somebody with write access asks: the
// check of a public repository is read by everybody.
func TestCheckTellsNothingOfOthersFiles(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "", "web:1.0.0")
	infra := l.hub.AddRepository("acme/infra", map[string]string{"secrets.yaml": "database:\n  password: hunter2\n"})
	l.installation = l.hub.Install("acme", grants(), l.repo, infra)
	l.app.settled(l.hub, "acme/shop")
	got := l.checked(l.proposed("peek", "extends: ['acme/infra:secrets.yaml']\n"))
	if text := fmt.Sprint(got); got.Conclusion != "failure" || !strings.Contains(text, "acme/infra:secrets.yaml:1 has an error") || strings.Contains(text, "database") {
		t.Errorf("%+v", got)
	}
}

// TestCheckMendsAndIntroduces checks where the default branch has no good file.
func TestCheckMendsAndIntroduces(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]string{"broken": unmended, "missing": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, file(t), there, "web:1.0.0")
			if there == "" {
				l.repo.Push("main", "alice", "Remove", map[string]*githubtest.File{".imageupdater.yaml": nil})
			}
			l.push("web:1.0.0", "web:1.1.0")
			l.look()
			good, bad := l.proposed("good", "version: 1\n"), l.proposed("bad", "version: 2\n")
			if got := l.checked(good); got.Conclusion != "success" || !strings.Contains(got.Summary, "`1.0.0` → `1.1.0`") {
				t.Errorf("%+v", got)
			}
			if got := l.checked(bad); got.Conclusion != "failure" || got.Annotations[0].StartLine != 1 || got.Annotations[0].StartColumn != 10 {
				t.Errorf("%+v", got)
			}
			l.quiet()
		})
	}
}

// TestCheckOfWhatIsRemoved says what ends with it, and is none for pull requests that
// leave the file alone, or are for another branch.
func TestCheckOfWhatIsRemoved(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	l.repo.Push("release", "alice", "A release", map[string]*githubtest.File{"a.txt": githubtest.Text("a")})
	removed := l.proposed("removed", "")
	moved := l.repo.Push("moved", "alice", "Move", map[string]*githubtest.File{".imageupdater.yaml": nil, "old/.imageupdater.yaml": githubtest.Text("version: 1\n")})
	l.repo.OpenPull("alice", "Move", "moved", "main")
	other := l.repo.Push("other", "alice", "Other", map[string]*githubtest.File{"b.txt": githubtest.Text("b"), "x/.imageupdater.yaml": githubtest.Text("nonsense")})
	l.repo.OpenPull("alice", "Other", "other", "main")
	elsewhere := l.repo.Push("elsewhere", "alice", "Elsewhere", map[string]*githubtest.File{".imageupdater.yaml": githubtest.Text("version: 3\n")})
	l.repo.OpenPull("alice", "Elsewhere", "elsewhere", "release")
	for _, sha := range []string{removed, moved} {
		if got := l.checked(sha); got.Conclusion != "neutral" || !strings.Contains(got.Summary, "1 open pull request of the App would stay") {
			t.Errorf("%+v", got)
		}
	}
	if all := append(l.checks(other), l.checks(elsewhere)...); len(all) > 0 {
		t.Errorf("%+v", all)
	}
	mark := l.hub.Mark()
	l.quiet()
	if again := l.hub.Since(mark, githubtest.Of("pulls/list-files")); len(again) > 0 {
		t.Errorf("what did not change was read again: %v", again)
	}
}

// TestCheckAskedForAnew is what a person's button does: one more check run.
func TestCheckAskedForAnew(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	sha := l.proposed("settings", "version: 2\n")
	first := l.checked(sha)
	for n, press := range []func(){func() { l.repo.RerequestCheck(first.ID, "alice") }, func() { l.repo.RerequestSuite(sha, "alice") }} {
		press()
		until(t, "one more check", func() bool { return len(l.checks(sha)) > n+1 })
		l.app.settled(l.hub, "acme/shop")
		all := l.checks(sha)
		if len(all) != n+2 || all[n+1].Conclusion != "failure" || len(all[n+1].Annotations) != 1 {
			t.Errorf("%+v", all)
		}
		l.quiet()
	}
}

// TestCheckIsNotMadeForEver has GitHub want a check for as long as another one of the
// App's has not ended.
func TestCheckIsNotMadeForEver(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.look()
	sha := l.proposed("settings", "version: 2\n")
	l.checked(sha)
	l.repo.Check(sha, l.hub.App.Slug, "another", "in_progress", "")
	for range 4 {
		l.hub.Advance(10 * time.Minute)
		l.app.rescan()
	}
	if all := l.checks(sha); len(all) != 2 {
		t.Errorf("%d check runs", len(all))
	}
	l.quiet()
	l.repo.Check(sha, l.hub.App.Slug, "another", "completed", "success")
	l.look()
	l.repo.RerequestSuite(sha, "alice")
	until(t, "one more check", func() bool { return len(l.checks(sha)) == 3 })
	l.app.settled(l.hub, "acme/shop")
	l.quiet()
}

// TestCheckOfManyErrors takes as many calls as GitHub wants: each annotation is there
// once.
func TestCheckOfManyErrors(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.look()
	var text strings.Builder
	for n := range 120 {
		fmt.Fprintf(&text, "wrong%d: 1\n", n)
	}
	sha := l.proposed("settings", text.String())
	got := l.checked(sha)
	if calls := len(l.hub.Writes(githubtest.Of("checks/create", "checks/update"))); calls != 3 {
		t.Errorf("it took %d calls", calls)
	}
	if got.Conclusion != "failure" || len(got.Annotations) != 101 {
		t.Errorf("%s, %d annotations", got.Conclusion, len(got.Annotations))
	}
	for n, a := range got.Annotations[:100] {
		if a.StartLine != n+1 {
			t.Fatalf("annotation %d is on line %d", n, a.StartLine)
		}
	}
	if !strings.Contains(got.Annotations[100].Message, "only 100 errors are told") {
		t.Errorf("%+v", got.Annotations[100])
	}
	l.quiet()
}

// TestCheckIsForbidden says so, and does all else.
func TestCheckIsForbidden(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.push("web:1.0.0", "web:1.1.0")
	may := grants()
	delete(may, "checks")
	l.installation = l.hub.Install("acme", may, l.repo)
	l.app.settled(l.hub, "acme/shop")
	l.proposed("one", "version: 2\n")
	l.proposed("two", "version: 3\n")
	l.look()
	l.proposes("web=1.1.0")
	all := l.refused() // of the check of merge policies, too
	if len(all) != 2 || !strings.Contains(all[1], "checking pull requests that touch .imageupdater.yaml") || !strings.Contains(all[1], "not permitted") {
		t.Errorf("%q", all)
	}
	l.quiet()
	l.settings("version: 2\n") // also where there is no plan
	l.look()
	if all := l.refused(); len(all) != 1 || !strings.Contains(all[0], "not permitted") {
		t.Errorf("%q", all)
	}
}

// TestCheckOfWhatIsNotThere passes over what GitHub has no commit of, once.
func TestCheckOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.look()
	lost := l.hub.Fault(githubtest.Fault{Operation: "checks/create", Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA", Times: 1})
	first := l.proposed("one", "version: 2\n")
	until(t, "GitHub refused", func() bool { return lost.Fired() > 0 })
	second := l.proposed("two", "version: 3\n")
	if got := l.checked(second); got.Conclusion != "failure" {
		t.Errorf("%+v", got)
	}
	if all := l.checks(first); len(all) > 0 || lost.Fired() != 1 {
		t.Errorf("%+v", all)
	}
	l.quiet()
}

// TestCheckIsSuperseded ends what was begun, when the file of the base changes before
// it is ended.
func TestCheckIsSuperseded(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.look()
	cut := l.hub.Fault(githubtest.Fault{Operation: "checks/update", Status: http.StatusBadGateway})
	sha := l.proposed("settings", strings.Repeat("wrong: 1\n", 70))
	until(t, "it was cut", func() bool { return cut.Fired() > 0 })
	l.settings("version: 1\nschedule: 24h\n")
	l.hub.Settle()
	cut.Remove()
	l.look()
	all := l.checks(sha)
	if len(all) != 2 || all[0].Status != "completed" || all[0].Conclusion != "neutral" || all[0].Title != "Superseded" || all[1].Conclusion != "failure" || len(all[1].Annotations) != 70 {
		t.Errorf("%.600s", fmt.Sprintf("%+v", all))
	}
	l.quiet()
}

// TestCheckOfWhatCannotBeListed says so of the one pull request, and does all else. What
// GitHub refuses is not asked again.
func TestCheckOfWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"unavailable": http.StatusBadGateway, "refused": http.StatusUnprocessableEntity} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, file(t), "version: 1\n", "web:1.0.0")
			l.push("web:1.0.0", "web:1.1.0")
			l.look()
			l.hub.Hold()
			first := l.proposed("one", "version: 2\n")
			number := l.repo.Pulls()[len(l.repo.Pulls())-1].Number
			fault := l.hub.Fault(githubtest.Fault{
				Operation: "pulls/list-files", Path: fmt.Sprintf("/repos/acme/shop/pulls/%d/files", number), Status: status,
				Message: "this diff is taking too long to generate",
			})
			l.hub.Release(nil)
			l.checked(l.proposed("two", "version: 3\n"))
			l.push("web:1.2.0")
			l.look()
			asked := fault.Fired()
			l.look()
			l.proposes("web=1.2.0")
			if all := l.refused(); len(all) != 1 || !strings.Contains(all[0], fmt.Sprintf("pull request %d", number)) || !strings.Contains(all[0], "too long") {
				t.Errorf("%q", all)
			}
			if again := fault.Fired() > asked; again != (name == "unavailable") {
				t.Errorf("it was asked again: %t", again)
			}
			fault.Remove()
			if name == "refused" {
				first = l.proposed("one", "version: 4\n")
			}
			l.look()
			if got := l.checked(first); got.Conclusion != "failure" {
				t.Errorf("%+v", got)
			}
			if all := l.refused(); len(all) > 0 {
				t.Errorf("%q", all)
			}
			l.quiet()
		})
	}
}

// TestPreviewReadsLittle does not read each file of the base because a pull request names
// places in all of them.
func TestPreviewReadsLittle(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	many := map[string]*githubtest.File{}
	for n := range 201 {
		many[fmt.Sprintf("many/%d.yaml", n)] = githubtest.Text(fmt.Sprintf("a: %d\n", n))
	}
	l.repo.Push("main", "alice", "Many", many)
	l.push("web:1.0.0", "web:1.1.0")
	l.look()
	mark := l.hub.Mark()
	got := l.checked(l.proposed("settings", "scan:\n  fields:\n    - {files: ['**'], path: a, kind: tag, image: "+l.name("web")+"}\n"))
	if got.Conclusion != "success" || !strings.Contains(got.Summary, "its `scan.fields` name places in too many files") {
		t.Errorf("%+v", got)
	}
	if n := len(l.hub.Since(mark, githubtest.Of("git/get-blob"))); n > 5 {
		t.Errorf("%d files were read", n)
	}
}

// TestCheckHearsThingsTwice has webhooks come twice, and in another order.
func TestCheckHearsThingsTwice(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "version: 1\n", "web:1.0.0")
	l.look()
	l.hub.Hold()
	first, second := l.proposed("settings", "version: 2\n"), l.proposed("settings", "version: 3\n")
	l.hub.Release(githubtest.Shuffled(3, 2))
	if got := l.checked(second); got.Conclusion != "failure" {
		t.Errorf("%+v", got)
	}
	if all := l.checks(first); len(all) > 1 {
		t.Errorf("%+v", all)
	}
	l.quiet()
}

// TestCheckOfManyPullRequests spreads them over several looks.
func TestCheckOfManyPullRequests(t *testing.T) {
	t.Parallel()
	l := begin(t, file(t), "schedule: 24h\n", "web:1.0.0")
	var heads []string
	for n := range 12 {
		heads = append(heads, l.proposed(fmt.Sprintf("settings-%d", n), fmt.Sprintf("version: 2\nschedule: %dh\n", n+1)))
	}
	l.look()
	for range 5 {
		l.hub.Advance(6 * time.Minute)
		l.app.rescan()
	}
	for _, sha := range heads {
		l.checked(sha)
	}
	l.quiet()
}

// TestCheckKilled kills the process around each call that a check needs.
func TestCheckKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, file(t), githubtest.Options{})
	var all []*proposing
	var heads []string
	for n, point := range around("pulls/list-files", "checks/list-for-ref", "checks/create", "checks/update") {
		org := fmt.Sprintf("acme%d", n)
		repo := w.hub.AddRepository(org+"/shop", map[string]string{".imageupdater.yaml": "version: 1\n"})
		repo.Collaborate("alice", "write")
		p := &proposing{world: w, name: org + "/shop", repo: repo, app: w.hub.Install(org, grants(), repo)}
		p.hangs(point)
		heads = append(heads, repo.Push("settings", "alice", "Settings", map[string]*githubtest.File{
			".imageupdater.yaml": githubtest.Text(strings.Repeat("wrong: 1\n", 70)),
		}))
		repo.OpenPull("alice", "Settings", "settings", "main")
		all = append(all, p)
	}
	const more = "work: {looks: 20}"
	second := w.killedAt(w.launch(more), all, more)
	for n, p := range all {
		checks := p.repo.Checks(heads[n])
		if len(checks) != 1 || checks[0].Conclusion != "failure" || len(checks[0].Annotations) != 70 {
			t.Errorf("killed %s: %d check runs: %.300s", p.point, len(checks), fmt.Sprintf("%+v", checks))
		}
	}
	w.writesNoMore(second, all)
}
