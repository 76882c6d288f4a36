package order_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/handlers/order"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

const bot = "image-updater[bot]"

// The pull requests and issues of a world.
const (
	good = iota + 1
	broken
	draft
	held
	edit
	board
	others
	done
)

// world is a repository's comments, and a database.
type world struct {
	t         *testing.T
	now       time.Time
	past      proposal.Past
	comments  []forge.Said // the oldest first
	reactions map[int64][]string
	answers   map[int][]forge.Comment
	facts     map[string][]byte
	// down is what GitHub does not do now, silent why it tells of no comments.
	down, silent error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), reactions: map[int64][]string{}, answers: map[int][]forge.Comment{}, facts: map[string][]byte{},
	}
	open := func(number int) *proposal.Existing {
		return &proposal.Existing{
			Number: number, Open: true, Created: w.now, HeadSHA: strings.Repeat(string(rune('a'+number)), 40),
			Record: &proposal.Record{Updates: []proposal.Recorded{{Image: "ghcr.io/acme/web", From: "1.0.0", To: "1.1.0", Kind: "minor"}}},
		}
	}
	foreign, unready, paused, config, merged := open(broken), open(draft), open(held), open(edit), open(done)
	foreign.Foreign, unready.Draft, paused.Labels = "mallory pushed to it", true, []string{proposal.PausedLabel}
	config.Record = &proposal.Record{Edit: &proposal.Edit{}}
	merged.Open, merged.Merged = false, w.now.Add(time.Hour)
	w.past = proposal.Past{All: []*proposal.Existing{open(good), foreign, unready, paused, merged}, Edits: []*proposal.Existing{config}}
	return w
}

// says lets somebody comment.
func (w *world) says(number int, login, text string) int64 {
	w.now = w.now.Add(time.Minute)
	id := int64(100 + len(w.comments))
	kind := "User"
	w.comments = append(w.comments, forge.Said{ID: id, Number: number, Author: forge.Account{Login: login, Kind: kind}, Body: text, Created: w.now})
	return id
}

// look hears and answers as a run does. What a run does about merging is between.
func (w *world) look(ended order.Ended, merge func(*order.Hearing)) {
	w.t.Helper()
	memory := memory{w}
	listener := &order.Listener{Memory: memory, Historian: &proposal.Historian{Memory: memory, Bot: bot}, Now: func() time.Time { return w.now }}
	ctx := w.t.Context()
	hearing, err := listener.Hear(ctx, 1, w, &w.past, time.UTC)
	if err == nil {
		_, err = hearing.Begin(ctx, &w.past)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if ended.Trouble == "" {
		ended.Plan, ended.Desired = plan(), &proposal.Desired{}
		for _, e := range w.past.All {
			ended.Desired.Proposals = append(ended.Desired.Proposals, &proposal.Proposal{Existing: e})
		}
		hearing.Orders(ended.Plan, nil)
	}
	if merge != nil {
		merge(hearing)
	}
	if err := hearing.Answer(ctx, ended, func(*order.Heard) {}); err != nil && w.down == nil {
		w.t.Fatal(err)
	}
}

// plan moves acme/web.
func plan() *scanner.Plan {
	return &scanner.Plan{Results: []scanner.Result{{
		Field:   format.Field{File: "web.yaml", Line: 3, Ref: image.Reference{Registry: "ghcr.io", Path: "acme/web", Tag: "1.0.0"}},
		Updates: []scanner.Update{{Tag: "1.1.0", Kind: "minor", Group: "web"}},
	}}}
}

// got makes sure of the reactions below a comment.
func (w *world) got(comment int64, want ...string) {
	w.t.Helper()
	if got := w.reactions[comment]; !slices.Equal(got, want) {
		w.t.Errorf("comment %d got %q, want %q", comment, got, want)
	}
}

// told makes sure that the App said as many things on an issue or pull request, in
// order, each with a text.
func (w *world) told(number int, want ...string) {
	w.t.Helper()
	var got []string
	for _, c := range w.answers[number] {
		got = append(got, c.Body)
	}
	if len(got) != len(want) {
		w.t.Fatalf("on %d it said %q, want %q", number, got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			w.t.Errorf("on %d it said %q, want %q in it", number, got[i], want[i])
		}
	}
}

func (w *world) Talk(context.Context, int, func(string) bool) (forge.Talk, error) {
	talk := forge.Talk{Newest: w.now, Oldest: w.now}
	for _, c := range slices.Backward(w.comments) {
		c.Verdicts = len(slices.DeleteFunc(slices.Clone(w.reactions[c.ID]), func(r string) bool { return r == "eyes" }))
		talk.All = append(talk.All, c)
	}
	return talk, w.silent
}

func (w *world) Reactions(_ context.Context, comment int64) (all []forge.Reaction, err error) {
	for _, r := range w.reactions[comment] {
		all = append(all, forge.Reaction{Content: r, By: forge.Account{ID: 9, Login: bot, Kind: "Bot"}})
	}
	return all, nil
}

func (w *world) MayWrite(_ context.Context, who forge.Account) (bool, error) {
	return who.Login == "alice" || who.Login == "bob", nil
}

func (w *world) Issue(_ context.Context, number int) (forge.Issue, bool, error) {
	by := forge.Account{ID: 9, Login: bot, Kind: "Bot"}
	if number == others {
		by = forge.Account{Login: "bob", Kind: "User"}
	}
	return forge.Issue{Number: number, Open: number != done, Pull: number != board, Author: by}, false, nil
}

func (w *world) React(_ context.Context, comment int64, content string) error {
	if w.down != nil && content != "eyes" {
		return w.down
	}
	if !slices.Contains(w.reactions[comment], content) {
		w.reactions[comment] = append(w.reactions[comment], content)
	}
	return nil
}

func (w *world) Comment(_ context.Context, number int, body string) (int64, error) {
	if len(body) > 65_536 {
		w.t.Errorf("a comment has %d bytes", len(body))
	}
	w.answers[number] = append(w.answers[number], forge.Comment{Author: forge.Account{ID: 9, Login: bot, Kind: "Bot"}, Body: body})
	return 1, nil
}

func (w *world) Comments(_ context.Context, number int, _ time.Time) ([]forge.Comment, error) {
	return w.answers[number], nil
}

func (w *world) AddLabels(context.Context, int, []string) error { return nil }

func (w *world) RemoveLabel(context.Context, int, string) error { return nil }

// memory is the database of a world.
type memory struct{ *world }

func (m memory) Fact(_ context.Context, name string) ([]byte, bool) {
	value, is := m.facts[name]
	return value, is
}

func (m memory) KeepFact(_ context.Context, name string, value []byte) { m.facts[name] = value }
