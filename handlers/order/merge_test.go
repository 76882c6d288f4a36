package order_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/handlers/order"
)

// accepts says of each order to merge that it waits.
func accepts(h *order.Hearing) {
	for _, m := range h.Merges() {
		h.Merging(m.Number, "It waits for its checks.\n", false)
	}
}

// none makes sure that there is no order to merge.
func none(t *testing.T) func(*order.Hearing) {
	t.Helper()
	return func(h *order.Hearing) {
		if all := h.Merges(); len(all) > 0 {
			t.Errorf("got %+v", all)
		}
	}
}

// An order to merge is told to the run, with who gave it, when, and the head of that
// moment. What the run makes of it is the answer, once.
func TestMergeIsOrdered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		words    string
		refused  bool
		reaction string
	}{
		"waits":   {"It waits for its checks.", false, "rocket"},
		"merged":  {"Pull request 1 is merged.\n", false, "rocket"},
		"refused": {"Please write `/merge` again.\n\n", true, "confused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.says(good, "alice", "/merge")
			at := w.now
			var heard []order.Merge
			w.look(order.Ended{}, func(h *order.Hearing) {
				heard = h.Merges()
				h.Merging(good, "This was said too early.", !c.refused)
				h.Merging(good, c.words, c.refused)
				h.Merging(held, "Nobody asked.", true)
			})
			if len(heard) != 1 || heard[0].Number != good || heard[0].By.Login != "alice" || heard[0].Head != strings.Repeat("b", 40) || !heard[0].At.Equal(at) {
				t.Errorf("heard %+v", heard)
			}
			for range 2 {
				w.got(id, "eyes", c.reaction)
				w.told(good, strings.TrimRight(c.words, "\n")+"\n\n<!--")
				w.told(held)
				w.look(order.Ended{}, none(t))
				w.facts = map[string][]byte{} // a lost database changes nothing
			}
		})
	}
}

// What cannot be merged is refused with words that say what to do instead.
func TestMergeIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number     int
		text, want string
	}{
		"foreign":          {broken, "/merge", "somebody else's by now (`mallory pushed to it`)"},
		"draft":            {draft, "/merge", "is a draft. Please mark it as ready"},
		"paused":           {held, "/merge", "paused. Write `/unhold` first, and then `/merge`"},
		"an edit":          {edit, "/merge", "changes `.imageupdater.yaml`"},
		"an issue":         {board, "/merge", "`/merge` is for open pull requests of the App"},
		"an argument":      {good, "/merge squash", "nothing comes after it"},
		"with a mistake":   {good, "/merge\n/rescna", "did you mean `/rescan`?"},
		"held before":      {good, "/hold\n/merge", "This pull request is paused"},
		"held after":       {good, "/merge\n/hold", "This pull request is paused"},
		"to be recreated":  {broken, "/recreate\n/merge", "somebody else's by now"},
		"nothing answered": {good, "/merge\n/help", "Nothing was ordered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.says(c.number, "alice", c.text)
			for range 2 {
				w.look(order.Ended{}, func(h *order.Hearing) {
					if c.want != "Nothing was ordered" {
						none(t)(h)
					}
				})
				w.got(id, "eyes", "confused")
				w.told(c.number, c.want)
			}
		})
	}
}

// Who may not write orders nothing, and on other people's pull requests /merge is for
// somebody else.
func TestMergeByOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.says(good, "rita", "/merge"), w.says(good, "rita", "/merge")
	elsewhere, closed := w.says(others, "alice", "/merge"), w.says(done, "alice", "/merge")
	w.look(order.Ended{}, none(t))
	w.got(first, "confused")
	w.got(second, "confused")
	w.told(good, "Only people with write access")
	w.got(elsewhere)
	w.got(closed)
	w.told(others)
	w.told(done)
}

// Of two orders the newest counts. Both are answered, and the words are said once.
func TestMergeIsOrderedTwice(t *testing.T) {
	t.Parallel()
	for reaction, refused := range map[string]bool{"rocket": false, "confused": true} {
		t.Run(reaction, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first, between, second := w.says(good, "alice", "/merge\n/help"), w.says(held, "bob", "/unhold\n/merge"), w.says(good, "bob", "/merge")
			w.look(order.Ended{}, func(h *order.Hearing) {
				all := h.Merges()
				if len(all) != 2 || all[0].Number != held || all[1].Number != good || all[1].By.Login != "bob" || !all[1].At.Equal(w.now) {
					t.Errorf("got %+v", all)
				}
				h.Merging(held, "It waits.", false)
				h.Merging(good, "It was looked at.", refused)
			})
			w.got(first, "eyes", reaction)
			w.got(second, "eyes", reaction)
			w.got(between, "eyes", "rocket")
			w.told(good, "Commands, each on a line", "It was looked at.")
			w.told(held, "It waits.")
		})
	}
}

// An order stands beside others in its comment: all of them are in one answer.
func TestMergeWithOtherOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.says(good, "alice", "Looks well.\n\n/help\n/rescan\n/merge\n\nThanks!")
	w.look(order.Ended{}, accepts)
	w.got(id, "eyes", "rocket")
	w.told(good, "It waits for its checks.")
	if text := w.answers[good][0].Body; !strings.Contains(text, "- `/rescan` ") {
		t.Errorf("said %q", text)
	}
}

// Where a look comes to nothing, why is the answer; what became of an order before that
// is what is said of it.
func TestMergeInTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.says(good, "alice", "/merge")
	w.look(order.Ended{Trouble: "The file has errors.\n"}, nil)
	w.got(id, "eyes", "confused")
	w.told(good, "The file has errors.")

	w = newWorld(t)
	id = w.says(good, "alice", "/merge\n/rescan")
	w.down = errors.New("GitHub is not there")
	w.look(order.Ended{}, accepts)
	w.got(id, "eyes")
	w.down = nil
	w.look(order.Ended{}, accepts)
	w.got(id, "eyes", "rocket")
	w.told(good, "It waits for its checks.") // said before GitHub went, and not again
}

// A look that was cut after it had merged is ended by the next one.
func TestMergedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, unheard, other := w.says(done, "alice", "/unhold\n/merge"), w.says(done, "alice", "/merge"), w.says(done, "alice", "/hold")
	w.reactions[id], w.reactions[other] = []string{"eyes"}, []string{"eyes"}
	w.now = w.now.Add(2 * time.Hour)
	late := w.says(done, "alice", "/merge") // when it was merged
	w.reactions[late] = []string{"eyes"}
	for range 2 {
		w.look(order.Ended{}, none(t))
		w.got(id, "eyes", "rocket")
		w.got(unheard)
		w.got(other, "eyes")
		w.got(late, "eyes")
		w.told(done, "Pull request 8 is merged.")
	}
}

const table = "**Waits: checks**.\n\n| Condition | Wanted | Now | |\n| --- | --- | --- | --- |\n| checks | all | none | ⏳ waits |\n"

// /explain on a pull request says below all else what holds for merging it.
func TestExplainsMerging(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number   int
		text     string
		table    string
		end      string
		refused  bool
		unwanted string
	}{
		"with a table":   {good, "/explain", table, "moves to `1.1.0` (minor, group `web`)\n\n\n### Merging\n\n" + table + "\n<!--", false, ""},
		"last of all":    {good, "/explain ghcr.io/acme/web\n/explain\n/help", table, "\n\n### Merging\n\n" + table + "\n<!--", false, ""},
		"without one":    {good, "/explain", "", "moves to `1.1.0` (minor, group `web`)\n\n<!--", false, "Merging"},
		"on an issue":    {board, "/explain ghcr.io/acme/web", table, "moves to `1.1.0`", false, "Merging"},
		"of what is not": {good, "/explain nginx", table, "### Merging", true, ""},
		"not asked":      {good, "/help", table, "Commands", false, "Merging"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.says(c.number, "alice", c.text)
			w.look(order.Ended{}, func(h *order.Hearing) {
				if c.table != "" {
					h.Explaining(c.number, c.table)
				}
			})
			verdict := map[bool]string{false: "rocket", true: "confused"}[c.refused]
			w.got(id, "eyes", verdict)
			w.told(c.number, c.end)
			if text := w.answers[c.number][0].Body; strings.Count(text, "### Merging") > 1 || c.unwanted != "" && strings.Contains(text, c.unwanted) {
				t.Errorf("said %q", text)
			}
		})
	}
}

// A table that is too long is cut between two rows, and what is said above stays whole.
func TestExplainsMergingAtLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.says(good, "alice", "/explain")
	row := "| status `" + strings.Repeat("ü", 50) + "` | success | pending | ⏳ waits |\n"
	w.look(order.Ended{}, func(h *order.Hearing) { h.Explaining(good, table+strings.Repeat(row, 1000)) })
	w.got(id, "eyes", "rocket")
	w.told(good, row+"\nThere is more than a comment holds.\n\n<!--")
	w.told(good, "moves to `1.1.0`")
}
