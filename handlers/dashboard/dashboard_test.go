package dashboard_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/handlers/notice"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

var now = time.Date(2026, 11, 21, 9, 30, 10, 0, time.UTC)

// empty is a repository in which there is nothing to tell.
func empty() *dashboard.State {
	return &dashboard.State{
		RepositoryID: 7, URL: "https://github.com/acme/shop", Base: "main", Commit: strings.Repeat("a", 40), Config: config.Default(),
		Plan: &scanner.Plan{}, Desired: &proposal.Desired{}, Now: now,
	}
}

// busy has something in each list, with names that are made by key.
func busy(n int, key func(what string, n int) string) *dashboard.State {
	s := empty()
	s.Opened = map[string]int{}
	for i := range n {
		change := func(what string) proposal.Change {
			return proposal.Change{
				Path: key("path", i), Line: i + 1, Image: key(what, i), From: proposal.Value{Tag: key("from", i)}, To: proposal.Value{Tag: key("to", i)},
				Kind: version.Minor, Group: key(what+" group", i),
			}
		}
		branch := proposal.Branch("imageupdater/", "main", key("open group", i))
		s.Desired.Proposals = append(s.Desired.Proposals, &proposal.Proposal{Group: key("open group", i), Branch: branch, Changes: []proposal.Change{change("open")}})
		s.Opened[branch] = 1000 + i
		recorded := proposal.Recorded{Path: key("path", i), Image: key("was open", i), From: key("from", i), To: key("to", i)}
		s.Past.All = append(s.Past.All, &proposal.Existing{
			Number: i + 1, Open: true, Foreign: key("foreign", i), Branch: key("branch", i), Record: &proposal.Record{Updates: []proposal.Recorded{recorded}},
		})
		for _, why := range []proposal.Why{
			proposal.Limit, proposal.PerHour, proposal.Window, proposal.Freeze, proposal.Young, proposal.Theirs, proposal.Soaks, proposal.Paused, proposal.Unclear,
			proposal.Failed, proposal.Refused, proposal.RolledBack,
		} {
			s.Desired.Held = append(s.Desired.Held, proposal.Held{Change: change(string(why)), Why: why, Until: now.Add(time.Hour), Detail: key("detail", i)})
		}
		field := format.Field{File: key("path", i), Line: i + 1, Ref: image.Reference{Path: key("image", i), Tag: key("tag", i)}}
		reason := func(code format.Code) *format.Reason { return &format.Reason{Code: code, Detail: key("detail", i)} }
		s.Plan.Results = append(s.Plan.Results,
			scanner.Result{Field: field, Status: scanner.StatusSkipped, Reason: reason(format.Held)},
			scanner.Result{Field: field, Status: scanner.StatusProblem, Reason: reason(scanner.LookupFailed)},
			scanner.Result{Field: field, Status: scanner.StatusCurrent, Passed: []version.Rejection{
				{Tag: key("ignored", i), Reason: version.IsIgnored, Detail: key("detail", i)},
				{Tag: key("closed", i), Reason: version.Closed, Detail: "pull request #12"},
				{Tag: key("rolled", i), Reason: version.RolledBack},
			}})
		s.Plan.Problems = append(s.Plan.Problems, format.Problem{File: key("path", i), Line: 3, Message: key("message", i)})
		s.Refused = append(s.Refused, proposal.Refusal{Group: key("refused", i), Branch: key("refused branch", i), Err: errors.New(key("error", i))})
		s.Warnings = append(s.Warnings, config.Warning{File: key("path", i), Message: key("message", i)})
	}
	return s
}

func plain(what string, n int) string {
	return fmt.Sprintf("%s-%d", strings.ReplaceAll(what, " ", "-"), n)
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	s := empty()
	s.Plan.Results = []scanner.Result{{Status: scanner.StatusCurrent}}
	text := dashboard.Text(s)
	for _, want := range []string{
		"All is well", "- [ ] <!-- imageupdater:look --> ", "Last change of this list: 2026-11-21 09:31 UTC, with `main` at [`aaaaaaa`](https://github.com/acme/shop/commit/aaaa",
		"\nThe repository is looked at by the schedule `" + s.Config.Schedule.Value.String() + "`, and",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "###") {
		t.Errorf("a list of nothing:\n%s", text)
	}
}

// TestLists has one of everything.
func TestLists(t *testing.T) {
	t.Parallel()
	s := busy(1, plain)
	s.Desired.Edits = []*proposal.Proposal{{Branch: "edit", Existing: &proposal.Existing{Number: 5, Open: true}}}
	s.Past.Edits = []*proposal.Existing{{Number: 5, Open: true}}
	text := dashboard.Text(s)
	for _, want := range []string{
		"### Open pull requests\n\nTick one to have its branch built on the newest base.\n\n" +
			"- #1 `was-open-0` `from-0` → `to-0`: yours, since `foreign-0`. `/recreate` there hands it back\n" +
			"- [ ] <!-- imageupdater:rebase 5 --> #5 changes the configuration\n" +
			"- [ ] <!-- imageupdater:rebase 1000 --> #1000 `open-group-0`: `open-0` `from-0` → `to-0`\n",
		"- [ ] <!-- imageupdater:open " + proposal.Branch("imageupdater/", "main", "limit-group-0") + " --> `limit-group-0`: `limit-0` `from-0` → `to-0`: as many are open as may be (`pullRequests.limit: 10`) `detail-0`, until 2026-11-21 10:31 UTC",
		"(`pullRequests.perHour: 2`) `detail-0`\n", "`window-0` `from-0` → `to-0`: its window is closed",
		"- `freeze-group-0`: `freeze-0` `from-0` → `to-0`: nothing is opened during the freeze `detail-0`, until",
		"### Too young\n\nA minimum age is set. These are proposed when they are old enough.\n\n- `too-young-0` `from-0` → `to-0`: old enough 2026-11-21 10:31 UTC ([`path-0:1`](https://github.com/acme/shop/blob/main/path-0#L1))",
		"### Waiting for a merge\n\nOlder ones are about to merge by themselves. Tick such a pull request above to have it propose these instead.\n\n- `soaks-group-0`: `soaks-0` `from-0` → `to-0`: not before 2026-11-21 10:31 UTC ([`path-0:1`](https://github.com/acme/shop/blob/main/path-0#L1))",
		"### Paused\n\n- `paused-0` `from-0` → `to-0`: `detail-0`",
		"### Held by comments in files\n\n- `image-0` `tag-0` ([`path-0:1`](https://github.com/acme/shop/blob/main/path-0#L1)) — `detail-0`",
		"- `image-0` `ignored-0` ([`path-0:1`](https://github.com/acme/shop/blob/main/path-0#L1)): `detail-0`",
		"- [ ] <!-- imageupdater:again docker.io/library/image-0 --> `image-0` `closed-0` ([`path-0:1`](https://github.com/acme/shop/blob/main/path-0#L1)): #12",
		"- [ ] <!-- imageupdater:again refused-0 --> `refused-0` `to-0`", "- [ ] <!-- imageupdater:lift docker.io/library/image-0 --> `image-0` `rolled-0`",
		"- [ ] <!-- imageupdater:lift rolled-back-0 --> ", "a pull request for `refused-0` could not be written as it should be — `error-0`",
		"- [`path-0:3`](https://github.com/acme/shop/blob/main/path-0#L3) — `message-0`", "`failed-0`", "### Warnings about the configuration\n\n- `path-0:0:0: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "unclear") || strings.Contains(text, "`theirs") {
		t.Errorf("what its pull request says is said twice:\n%s", text)
	}
}

// TestOpenWithoutBoxes are those of which a box would do nothing.
func TestOpenWithoutBoxes(t *testing.T) {
	t.Parallel()
	s := empty()
	moved := &proposal.Existing{Number: 6, Open: true, Title: "Six", Base: "stable"}
	s.Past = proposal.Past{
		All:   []*proposal.Existing{moved, {Number: 7, Open: true}, {Number: 8, Open: true, Title: "Eight", Labels: []string{proposal.PausedLabel}}, {Number: 9, Open: true}},
		Edits: []*proposal.Existing{{Number: 10, Open: true, Record: &proposal.Record{}}},
	}
	s.Desired.Say = []proposal.Saying{{Existing: moved, About: "retargeted"}}
	s.Closed = map[int]bool{9: true}
	text := dashboard.Text(s)
	for _, want := range []string{
		"- #6 `Six`: yours, since it is for `stable` now. `/recreate` there hands it back\n", "\n- #7 ",
		"\n- #8 `Eight`: paused. `/unhold` there lets it go on\n", "\n- #10 changes the configuration\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "#9") || strings.Contains(text, "imageupdater:rebase") {
		t.Error(text)
	}
}

// TestLength has very much to tell.
func TestLength(t *testing.T) {
	t.Parallel()
	long := func(what string, n int) string { return plain(what, n) + strings.Repeat("é`|", 400) }
	for _, n := range []int{1, 30, 600} {
		for _, most := range []int{0, 20_000, 2_000} {
			s := busy(n, long)
			s.Most = most
			text := dashboard.Text(s)
			if limit := max(most, 2_500); len(text) > limit && most > 0 || len(text) > dashboard.Longest {
				t.Errorf("%d things, for %d: %d bytes", n, most, len(text))
			}
			if n >= 300 && !strings.Contains(text, "more, for which there is no room here") {
				t.Errorf("%d things: nothing was left out:\n%.3000s", n, text)
			}
			if !strings.Contains(text, "<!-- imageupdater:look -->") {
				t.Errorf("%d things: the end is cut off", n)
			}
		}
	}
}

// hostile are names that would be something else in Markdown, or in the issue.
var hostile = []string{
	"` @acme/all #1", "x\n- [x] <!-- imageupdater:open evil --> ", "<!-- /imageupdater:dashboard -->", "\n<!-- /imageupdater:dashboard -->\n", "--> <b>",
	"](https://evil.example)", "a|b", "\u202egpj", "\x00\xff", "- [x] <!-- imageupdater:look -->", "fixes #1", "--", "a--b->", "%2D%0A", " — x",
}

// TestHostileNames are shown, and are nothing else.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	kind := notice.Kind{Name: "dashboard"}
	code := regexp.MustCompile("`[^`\n]*`")
	for i, name := range hostile {
		text := dashboard.Text(busy(1, func(what string, _ int) string {
			if what == "branch" {
				return what
			}
			return name
		}))
		if got := kind.Text(kind.Lay("", text)); got != text {
			t.Errorf("%d: it ends in the middle", i)
		}
		if ticks := dashboard.Read(text); len(ticks) > 0 {
			t.Errorf("%d: ticked are %v", i, ticks)
		}
		rest := code.ReplaceAllString(text, "")
		for _, bad := range []string{"@acme", "fixes #1", "<b>", "evil.example)", "\u202e", "\x00"} {
			if strings.Contains(rest, bad) {
				t.Errorf("%d: %q stands outside of code:\n%s", i, bad, rest)
			}
		}
		for comment := range strings.SplitSeq(rest, "<!--") {
			if inside, _, found := strings.Cut(comment, "-->"); found && strings.Contains(inside, "--") {
				t.Errorf("%d: the comment %q is none", i, inside)
			}
		}
		// Each box is read as what it is of.
		all := dashboard.Read(strings.ReplaceAll(text, "- [ ]", "- [x]"))
		if !all[dashboard.Box{Verb: dashboard.Again, Of: name}] || !all[dashboard.Box{Verb: dashboard.Look}] {
			t.Errorf("%d: read %v", i, all)
		}
	}
}

// TestRead finds what is ticked, and nothing else.
func TestRead(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"- [x] <!-- imageupdater:open imageupdater/a-123456 --> a", "- [X] <!-- imageupdater:rebase 12 --> b", "  * [x]  <!-- imageupdater:look --> c",
		"- [ ] <!-- imageupdater:open b --> no", "text - [x] <!-- imageupdater:open c --> no", "> - [x] <!-- imageupdater:open d --> no",
		"- [x] <!-- imageupdater:rebase -1 --> no", "- [x] <!-- imageupdater:rebase x --> no", "- [x] <!-- imageupdater:merge 1 --> no",
		"- [x] <!-- imageupdater:open --> no", "- [x] <!-- imageupdater:open %zz --> no", "- [x] no", "`- [x] <!-- imageupdater:open e -->`",
		"- [x] <!-- imageupdater:again ghcr.io/acme/a%2D-b -->\r",
	}, "\n")
	want := dashboard.Ticks{
		{Verb: dashboard.Open, Of: "imageupdater/a-123456"}: true, {Verb: dashboard.Rebase, Of: "12"}: true, {Verb: dashboard.Look}: true,
		{Verb: dashboard.Again, Of: "ghcr.io/acme/a--b"}: true,
	}
	ticks := dashboard.Read(text)
	if diff := cmp.Diff(want, ticks); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	past := &proposal.Past{}
	var orders proposal.Orders
	if look := ticks.Order(&orders, past, now); !look || !maps.Equal(orders.Open, map[string]bool{"imageupdater/a-123456": true}) ||
		!maps.Equal(orders.Rebase, map[int]bool{12: true}) || len(orders.Lift) > 0 {
		t.Errorf("%t, %+v", look, orders)
	}
	past.All = []*proposal.Existing{{Record: &proposal.Record{Updates: []proposal.Recorded{{Image: "ghcr.io/acme/a--b"}}}}}
	orders = proposal.Orders{}
	if ticks.Order(&orders, past, now); !cmp.Equal(orders.Lift, []proposal.Lift{{Image: "ghcr.io/acme/a--b", At: now}}) {
		t.Errorf("%+v", orders)
	}
	if left := ticks.Without(dashboard.Ticks{{Verb: dashboard.Look}: true}); len(left) != 3 || len(ticks) != 4 {
		t.Errorf("%v", left)
	}
}

// TestTicksStay where nobody has acted on them yet.
func TestTicksStay(t *testing.T) {
	t.Parallel()
	s := busy(1, plain)
	box := dashboard.Box{Verb: dashboard.Again, Of: "docker.io/library/image-0"}
	s.Ticked = dashboard.Ticks{box: true, {Verb: dashboard.Open, Of: "gone"}: true}
	if got := dashboard.Read(dashboard.Text(s)); !cmp.Equal(got, dashboard.Ticks{box: true}) {
		t.Errorf("%v", got)
	}
}

// TestSame leaves a text that says the same.
func TestSame(t *testing.T) {
	t.Parallel()
	text := dashboard.Text(busy(2, plain))
	later := busy(2, plain)
	later.Now, later.Commit = now.Add(time.Hour), strings.Repeat("b", 40)
	for i := range later.Plan.Results {
		if r := &later.Plan.Results[i]; r.Status == scanner.StatusProblem {
			r.Reason = &format.Reason{Code: r.Reason.Code, Detail: "detail-3f:7.2"}
		}
	}
	if !dashboard.Same(strings.ReplaceAll(text, "\n", "\r\n"), dashboard.Text(later)) {
		t.Error("another moment is a reason to write")
	}
	for name, other := range map[string]string{
		"a box":    strings.Replace(text, "[ ]", "[x]", 1),
		"a tag":    strings.Replace(text, "`to-1`", "`to-2`", 1),
		"a place":  strings.Replace(text, "path-1:2", "path-1:3", 1),
		"nothing":  "",
		"a reason": strings.Replace(text, "`error-0`", "`no such thing`", 1),
		"a held":   strings.Replace(text, "— `detail-0`", "— `other`", 1),
	} {
		if other == text || dashboard.Same(other, text) {
			t.Errorf("%s is no reason to write", name)
		}
	}
}
