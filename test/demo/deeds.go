package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// inTurn does one thing after the other.
func inTurn(deeds ...deed) deed {
	return func(w *world) error {
		for _, do := range deeds {
			if err := do(w); err != nil {
				return err
			}
		}
		return nil
	}
}

// looking lets the App look at a repository.
func looking(repo string) deed {
	return func(w *world) error { return w.look(repo) }
}

// everywhere lets the App look at all repositories.
func everywhere(w *world) error {
	for _, repo := range slices.Sorted(maps.Keys(w.repos)) {
		if err := w.look(repo); err != nil {
			return err
		}
	}
	return nil
}

func pushing(image, tag string) deed {
	return func(w *world) error { return w.push(image, tag) }
}

// announcing is the registry's webhook.
func announcing(image, tag string) deed {
	return func(w *world) error { return w.announce(image, tag) }
}

func merge(repo, group string) deed {
	return onOpen(repo, group, func(w *world, number int) { w.repos[repo].MergePull(number, writer, "squash") })
}

// mergingEdit merges a pull request that edits the configuration.
func mergingEdit(repo, what string) deed {
	return func(w *world) error {
		pull, err := w.edit(repo, what)
		if err != nil {
			return err
		}
		w.repos[repo].MergePull(pull.Number, writer, "squash")
		return nil
	}
}

func closing(repo, group string) deed {
	return onOpen(repo, group, func(w *world, number int) { w.repos[repo].ClosePull(number, writer) })
}

// onOpen does something to the open pull request of a group.
func onOpen(repo, group string, do func(w *world, number int)) deed {
	return func(w *world) error {
		pull, err := w.open(repo, group)
		if err != nil {
			return err
		}
		do(w, pull.Number)
		return nil
	}
}

// writing is a push to a branch of main with these changes.
func writing(repo, branch, message string, changes ...change) deed {
	return func(w *world) error {
		files, err := w.changed(repo, changes)
		if err != nil {
			return fmt.Errorf("writing %q: %w", message, err)
		}
		pushed := map[string]*githubtest.File{}
		for _, c := range changes {
			pushed[c.file] = githubtest.Text(files[c.file])
		}
		w.repos[repo].Push(branch, writer, message, pushed)
		return nil
	}
}

// suggesting opens a person's pull request.
func suggesting(repo, branch, title string) deed {
	return func(w *world) error {
		w.repos[repo].OpenPull(writer, title, branch, "main")
		return nil
	}
}

// accepting merges a pull request by its branch.
func accepting(repo, branch string) deed {
	return func(w *world) error {
		for _, pull := range w.repos[repo].Pulls() {
			if pull.State == "open" && pull.Head == branch {
				w.repos[repo].MergePull(pull.Number, writer, "squash")
				return nil
			}
		}
		return fmt.Errorf("acme/%s has no open pull request from %s", repo, branch)
	}
}

// remembering marks a moment, for quiet.
func remembering(w *world) error {
	w.mark = w.hub.Mark()
	return nil
}

// remark is a comment that was made.
type remark struct {
	repo   string
	number int
	id     int64
}

// saying is a comment on the open pull request of a group.
func saying(login, text, repo, group string) deed {
	return func(w *world) error {
		pull, err := w.open(repo, group)
		if err != nil {
			return err
		}
		filled, err := w.stock.fill(text)
		w.said = remark{repo, pull.Number, w.repos[repo].Comment(pull.Number, login, filled)}
		return err
	}
}

// settling waits until something has become so.
func settling(c claim) deed {
	return func(w *world) error { return w.wait(context.Background(), c) }
}
