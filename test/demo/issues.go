package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// issue is the only issue with a title.
func (w *world) issue(repo, title string) (githubtest.ShownIssue, error) {
	var found []githubtest.ShownIssue
	for _, i := range w.repos[repo].Issues() {
		if i.Title == title {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return githubtest.ShownIssue{}, fmt.Errorf("acme/%s has %d issues called %q", repo, len(found), title)
	}
	return found[0], nil
}

// tells claims that there is one issue with a title, that is open and has texts.
func tells(repo, title string, texts ...string) claim {
	says := fmt.Sprintf("the issue %q of acme/%s has: %s", title, repo, strings.Join(texts, ", "))
	return claim{says, func(w *world) error {
		it, err := w.issue(repo, title)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if text, err = w.stock.fill(text); err != nil {
				return err
			}
			if it.State != "open" || !strings.Contains(it.Body, text) {
				return fmt.Errorf("it is %s and has no %q:\n%s", it.State, text, it.Body)
			}
		}
		return nil
	}}
}

// closed claims that an issue is closed.
func closed(repo, title string) claim {
	return claim{fmt.Sprintf("the issue %q of acme/%s is closed", title, repo), func(w *world) error {
		it, err := w.issue(repo, title)
		if err == nil && it.State != "closed" {
			return fmt.Errorf("it is %s", it.State)
		}
		return err
	}}
}

// unticked claims that the dashboard has no box that is ticked, for what was ordered
// is done.
func unticked(repo string) claim {
	return claim{"no box is ticked any more", func(w *world) error {
		it, err := w.issue(repo, dashboard.Title)
		if err == nil && strings.Contains(it.Body, "- [x]") {
			return fmt.Errorf("one is:\n%s", it.Body)
		}
		return err
	}}
}

// noting writes a person's words above the dashboard.
func noting(repo, words string) deed {
	return editing(repo, func(body string) string { return words + "\n\n" + body })
}

// ticking ticks the box whose hidden name begins so.
func ticking(repo, box string) deed {
	return func(w *world) error {
		filled, err := w.stock.fill(box)
		if err != nil {
			return err
		}
		return editing(repo, func(body string) string {
			return strings.Replace(body, "- [ ] <!-- imageupdater:"+filled, "- [x] <!-- imageupdater:"+filled, 1)
		})(w)
	}
}

// editing changes the text of the dashboard.
func editing(repo string, change func(body string) string) deed {
	return func(w *world) error {
		it, err := w.issue(repo, dashboard.Title)
		if err != nil {
			return err
		}
		changed := change(it.Body)
		if changed == it.Body {
			return fmt.Errorf("there is nothing to change in\n%s", it.Body)
		}
		w.hub.Advance(time.Second) // people take that long at least, and GitHub's times are in seconds
		w.repos[repo].EditIssueBody(it.Number, writer, changed)
		return nil
	}
}
