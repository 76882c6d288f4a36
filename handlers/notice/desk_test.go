package notice_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/notice"
)

var list = notice.Kind{Name: "list", Title: "A list"}

// hub is a repository's issues, and what was asked.
type hub struct {
	issues []forge.Issue // the newest first
	fails  map[string]error
	asked  []string
	said   []forge.Comment
}

func (h *hub) ask(what string) error {
	h.asked = append(h.asked, what)
	return h.fails[what]
}

func (h *hub) Issue(_ context.Context, number int) (forge.Issue, bool, error) {
	err := h.ask("issue")
	for _, i := range h.issues {
		if i.Number == number {
			return i, false, err
		}
	}
	return forge.Issue{}, false, errors.Join(err, &forge.RefusedError{Kind: forge.ErrNotFound})
}

func (h *hub) AllIssuesBy(context.Context, string) ([]forge.Issue, error) {
	return slices.Clone(h.issues), h.ask("list")
}

func (h *hub) CreateIssue(_ context.Context, n forge.NewIssue) (forge.Issue, error) {
	made := forge.Issue{Number: len(h.issues) + 1, Title: n.Title, Body: n.Body, Open: true, Author: forge.Account{ID: 1}}
	h.issues = append([]forge.Issue{made}, h.issues...)
	return made, h.ask("create")
}

func (h *hub) UpdateIssue(_ context.Context, number int, change forge.IssueChange) (forge.Issue, error) {
	at := slices.IndexFunc(h.issues, func(i forge.Issue) bool { return i.Number == number })
	if change.Body != nil {
		h.issues[at].Body = *change.Body
	}
	if change.State != nil {
		h.issues[at].Open = *change.State == "open"
	}
	return h.issues[at], h.ask("update")
}

func (h *hub) Comment(_ context.Context, _ int, body string) (int64, error) {
	h.said = append(h.said, forge.Comment{Body: body, Author: forge.Account{ID: 1}})
	return 1, h.ask("comment")
}

func (h *hub) Comments(context.Context, int, time.Time) ([]forge.Comment, error) {
	return h.said, h.ask("comments")
}

// notes is a memory.
type notes map[string][]byte

func (n notes) Note(_ context.Context, repository int64, name string) ([]byte, bool) {
	value, found := n[fmt.Sprint(repository, name)]
	return value, found
}

func (n notes) KeepNote(_ context.Context, repository int64, name string, value []byte) {
	n[fmt.Sprint(repository, name)] = value
}

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func desk(h *hub, m notes, at time.Time) *notice.Desk {
	return &notice.Desk{
		GitHub: h, Memory: m, Repository: 7, Bot: "updater[bot]", Now: func() time.Time { return at },
		Ours: func(_ context.Context, a forge.Account) bool { return a.ID == 1 },
	}
}

// keep is what a look does, with a text that is wanted.
func keep(t *testing.T, h *hub, m notes, at time.Time, w notice.Wish) error {
	t.Helper()
	d := desk(h, m, at)
	issue, err := d.Find(t.Context(), list, w.Open)
	if err == nil {
		_, err = d.Keep(t.Context(), list, issue, w)
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hub) was(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(h.asked, " "); got != want {
		t.Errorf("asked %q, not %q", got, want)
	}
	h.asked = nil
}

func TestOneIssue(t *testing.T) {
	t.Parallel()
	h, m := &hub{}, notes{}
	open := notice.Wish{Text: "one", Open: true}
	must(t, keep(t, h, m, now, open))
	h.was(t, "list create")
	must(t, keep(t, h, m, now, open))
	h.was(t, "issue")
	open.Text = "two"
	must(t, keep(t, h, m, now, open))
	h.was(t, "issue update")
	// What is noted is lost: it is found.
	clear(m)
	must(t, keep(t, h, m, now, open))
	h.was(t, "list")
	shut := notice.Wish{Text: "over", Word: "It is over.", About: "x"}
	must(t, keep(t, h, m, now, shut))
	h.was(t, "issue comments comment update")
	must(t, keep(t, h, m, now, shut))
	h.was(t, "")
	must(t, keep(t, h, m, now, open))
	h.was(t, "issue update")
	if len(h.issues) != 1 || !h.issues[0].Open || list.Text(h.issues[0].Body) != "two" || len(h.said) != 1 {
		t.Errorf("%+v, %+v", h.issues, h.said)
	}
}

// TestCutWhileClosing says why only once.
func TestCutWhileClosing(t *testing.T) {
	t.Parallel()
	h, m := &hub{}, notes{}
	must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
	h.fails = map[string]error{"update": &forge.UnavailableError{Err: errors.New("x")}}
	shut := notice.Wish{Text: "over", Word: "It is over.", About: "x"}
	if err := keep(t, h, m, now, shut); err == nil {
		t.Error("it went well")
	}
	h.fails, h.issues[0].Open = nil, true
	must(t, keep(t, h, m, now, shut))
	if len(h.said) != 1 || h.issues[0].Open {
		t.Errorf("%+v, %+v", h.issues, h.said)
	}
	// Where nobody may comment it is closed without a word.
	must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
	h.fails = map[string]error{"comment": &forge.RefusedError{Kind: forge.ErrLocked}}
	must(t, keep(t, h, m, now, notice.Wish{Text: "over", Word: "Again.", About: "y"}))
	if h.issues[0].Open {
		t.Errorf("%+v", h.issues)
	}
}

// TestWhichIssue knows the App's own from copies, and one among several.
func TestWhichIssue(t *testing.T) {
	t.Parallel()
	marked := list.Lay("", "text")
	mine, theirs := forge.Account{ID: 1}, forge.Account{ID: 2}
	for name, tt := range map[string]struct {
		issues []forge.Issue
		want   int
	}{
		"a copy":             {[]forge.Issue{{Number: 3, Body: marked, Open: true, Author: theirs}, {Number: 2, Body: marked, Author: mine}}, 2},
		"the oldest open":    {[]forge.Issue{{Number: 9, Body: marked, Open: true, Author: mine}, {Number: 5, Body: marked, Open: true, Author: mine}, {Number: 4, Body: marked, Author: mine}}, 5},
		"the newest closed":  {[]forge.Issue{{Number: 9, Body: marked, Author: mine}, {Number: 5, Body: marked, Author: mine}}, 9},
		"without marks":      {[]forge.Issue{{Number: 9, Title: list.Title, Body: "mine", Author: mine}}, 9},
		"a pull request":     {[]forge.Issue{{Number: 9, Body: marked, Pull: true, Author: mine}}, 0},
		"another of the App": {[]forge.Issue{{Number: 9, Title: "x", Body: "x", Open: true, Author: mine}}, 0},
	} {
		found, err := desk(&hub{issues: tt.issues}, notes{}, now).Find(t.Context(), list, true)
		if err != nil || found == nil && tt.want != 0 || found != nil && found.Number != tt.want {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

// TestTwice closes all but one, when they are found.
func TestTwice(t *testing.T) {
	t.Parallel()
	mine, marked := forge.Account{ID: 1}, list.Lay("", "one")
	h, m := &hub{issues: []forge.Issue{
		{Number: 9, Body: "mine", Title: list.Title, Open: true, Author: mine}, {Number: 5, Body: marked, Open: true, Author: mine}, {Number: 4, Body: marked, Open: true, Author: mine},
	}}, notes{}
	for range 2 {
		must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
	}
	h.was(t, "list comments comment update issue")
	if h.issues[1].Open || !h.issues[0].Open || !h.issues[2].Open || len(h.said) != 1 || !strings.HasPrefix(h.said[0].Body, "#4 is the one") {
		t.Errorf("%+v, %+v", h.issues, h.said)
	}
	clear(m)
	h.issues[1].Open, h.fails = true, map[string]error{"update": &forge.PermissionError{Message: "no"}}
	must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
}

// TestGone opens another one where the first was deleted, or moved to another
// repository, and notices a number that is somebody else's by now.
func TestGone(t *testing.T) {
	t.Parallel()
	h, m := &hub{}, notes{}
	open := notice.Wish{Text: "one", Open: true}
	must(t, keep(t, h, m, now, open))
	h.issues = nil
	must(t, keep(t, h, m, now, open))
	h.was(t, "list create issue list create")
	h.issues[0].Author = forge.Account{ID: 2}
	must(t, keep(t, h, m, now, open))
	if len(h.issues) != 2 {
		t.Errorf("%+v", h.issues)
	}
}

// TestDenied asks again when some time has passed, or somebody insists.
func TestDenied(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"no issues": &forge.RefusedError{Kind: forge.ErrNotFound, Message: "Issues has been disabled"}, "not permitted": &forge.PermissionError{Message: "no"},
	} {
		for _, at := range []string{"list", "create"} {
			h, m := &hub{fails: map[string]error{at: refusal}}, notes{}
			open := notice.Wish{Text: "one", Open: true}
			for range 3 {
				if _, denied := errors.AsType[*notice.DeniedError](keep(t, h, m, now, open)); !denied {
					t.Errorf("%s at %s: not denied", name, at)
				}
			}
			if n := len(h.asked); n > 2 {
				t.Errorf("%s at %s: asked %d times", name, at, n)
			}
			h.fails, h.issues = nil, nil
			d := desk(h, m, now)
			d.Insistent = true
			if _, err := d.Find(t.Context(), list, true); err != nil {
				t.Errorf("%s at %s: %v", name, at, err)
			}
			must(t, keep(t, h, m, now.Add(7*time.Hour), open))
		}
	}
	h := &hub{fails: map[string]error{"list": &forge.LimitedError{}}}
	if _, denied := errors.AsType[*notice.DeniedError](keep(t, h, notes{}, now, notice.Wish{Open: true})); denied {
		t.Error("a limit is no refusal")
	}
}

// TestRefusedWrite leaves an issue alone for a short while, and looks for one that is
// gone.
func TestRefusedWrite(t *testing.T) {
	t.Parallel()
	h, m := &hub{}, notes{}
	must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
	h.asked = nil
	denied := func(at time.Time) *notice.DeniedError {
		t.Helper()
		err, is := errors.AsType[*notice.DeniedError](keep(t, h, m, at, notice.Wish{Text: "two", Open: true}))
		if !is {
			t.Fatal("not denied")
		}
		return err
	}
	h.fails = map[string]error{"update": &forge.PermissionError{Message: "no"}}
	if err := denied(now); !err.Again.IsZero() {
		t.Errorf("%+v", err)
	}
	if err := denied(now.Add(5 * time.Minute)); !err.Again.Equal(now.Add(10 * time.Minute)) {
		t.Errorf("%+v", err)
	}
	h.was(t, "issue update")
	h.fails, h.issues[0].Body = nil, list.Lay("", "one")
	must(t, keep(t, h, m, now.Add(10*time.Minute), notice.Wish{Text: "two", Open: true}))
	h.was(t, "issue update")
	h.fails, h.issues[0].Body = map[string]error{"update": &forge.RefusedError{Kind: forge.ErrNotFound}}, list.Lay("", "one")
	_ = denied(now)
	h.fails, h.issues = nil, nil
	must(t, keep(t, h, m, now, notice.Wish{Text: "two", Open: true}))
	h.was(t, "issue update list create")
}

// TestLost finds what people wrote while the App did, however many they were, and in
// whatever order that is told.
func TestLost(t *testing.T) {
	t.Parallel()
	h, m := &hub{}, notes{}
	must(t, keep(t, h, m, now, notice.Wish{Text: "one", Open: true}))
	before := h.issues[0].Body
	edit := func(from, to string, at time.Time) { notice.Edited(t.Context(), m, 7, 1, from, to, at) }
	must(t, keep(t, h, m, now, notice.Wish{Text: "two", Open: true}))
	lost := func() (string, bool) { return desk(h, m, now).Lost(t.Context(), list, &h.issues[0]) }
	if body, _ := lost(); body != "" {
		t.Errorf("lost %q", body)
	}
	edit("A"+before, "AB"+before, now)
	if body, _ := lost(); body != "" {
		t.Errorf("lost %q, though where that began is not known", body)
	}
	edit(before, "A"+before, now)
	if body, untouched := lost(); body != "AB"+before || !untouched {
		t.Errorf("lost %q, %t", body, untouched)
	}
	edit("AB"+before, "A"+before, now) // and back, round and round
	if _, untouched := lost(); !untouched {
		t.Error("it ends nowhere")
	}
	h.issues[0].Body = strings.Replace(h.issues[0].Body, "two", "- [x] two", 1)
	if body, untouched := lost(); body == "" || !untouched {
		t.Errorf("a tick takes away what was lost: %q, %t", body, untouched)
	}
	h.issues[0].Body += "C"
	if _, untouched := lost(); untouched {
		t.Error("it was edited since")
	}
	clear(m)
	if body, _ := lost(); body != "" {
		t.Errorf("lost %q", body)
	}
}
