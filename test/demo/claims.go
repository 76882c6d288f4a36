package main

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/contact"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// change is a piece of a file before and after; both may have REGISTRY and
// DIGEST(repository:tag).
type change struct{ file, from, to string }

// proposes claims that there is an open pull request for a group, whose branch is
// main with these changes, and nothing else.
func proposes(repo, group, title string, changes ...change) claim {
	says := fmt.Sprintf("acme/%s has a pull request for %s: %s", repo, group, title)
	return claim{says, func(w *world) error {
		pull, err := w.open(repo, group)
		if err != nil {
			return err
		}
		if title, err = w.stock.fill(title); err != nil {
			return err
		}
		if pull.Title != title {
			return fmt.Errorf("its title is %q", pull.Title)
		}
		return w.differs(repo, pull.Head, changes)
	}}
}

// because is a claim that tells why.
func (c claim) because(why string) claim { return claim{c.says + ": " + why, c.is} }

// quiet claims that the App has written nothing since it was remembered.
func (w *world) quiet() error {
	if writes := w.hub.Since(w.mark, githubtest.By(w.installation), githubtest.Exchange.Writes); len(writes) > 0 {
		return fmt.Errorf("%d calls write, %s first", len(writes), writes[0].Operation)
	}
	return nil
}

// open is the open pull request of a group.
func (w *world) open(repo, group string) (githubtest.Shown, error) {
	for _, pull := range w.repos[repo].Pulls() {
		if pull.State == "open" && isOf(pull, group) {
			return pull, nil
		}
	}
	return githubtest.Shown{}, fmt.Errorf("acme/%s has no open pull request for %s", repo, group)
}

// isOf says whether a pull request is a group's: its branch is named after it, with
// six digits behind.
func isOf(pull githubtest.Shown, group string) bool {
	name, ok := strings.CutPrefix(pull.Head, "imageupdater/"+group+"-")
	return ok && len(name) == 6
}

// offers claims that the App proposes a first .imageupdater.yaml.
func offers(repo string) claim {
	return claim{fmt.Sprintf("acme/%s has a pull request: %s", repo, contact.Title), func(w *world) error {
		for _, pull := range w.repos[repo].Pulls() {
			if pull.Head == contact.Branch && pull.Title == contact.Title && w.repos[repo].Read(pull.Head, config.FileName) != "" {
				return nil
			}
		}
		return fmt.Errorf("it has %+v", w.repos[repo].Pulls())
	}}
}

// edits claims that there is an open pull request that adds lines to the end of
// .imageupdater.yaml, and does nothing else.
func edits(repo, what, title, lines string) claim {
	says := fmt.Sprintf("acme/%s has a pull request for its .imageupdater.yaml: %s", repo, title)
	return claim{says, func(w *world) error {
		pull, err := w.edit(repo, what)
		if err != nil {
			return err
		}
		if title, err = w.stock.fill(title); err != nil {
			return err
		}
		if pull.Title != title {
			return fmt.Errorf("its title is %q", pull.Title)
		}
		text := w.repos[repo].Read("main", config.FileName)
		return w.differs(repo, pull.Head, []change{{config.FileName, text, text + lines}})
	}}
}

// edit is the open pull request that edits the configuration.
func (w *world) edit(repo, what string) (githubtest.Shown, error) {
	for _, pull := range w.repos[repo].Pulls() {
		if pull.State == "open" && strings.HasPrefix(pull.Head, "imageupdater/"+what+"-") {
			return pull, nil
		}
	}
	return githubtest.Shown{}, fmt.Errorf("acme/%s has no open pull request %q", repo, what)
}

// proposesNone claims that a group has no open pull request, and tells why. It says
// something only where a look has just been made.
func proposesNone(repo, group, why string) claim {
	return claim{fmt.Sprintf("acme/%s has no pull request for %s: %s", repo, group, why), func(w *world) error {
		if pull, err := w.open(repo, group); err == nil {
			return fmt.Errorf("there is %q", pull.Title)
		}
		return nil
	}}
}

// contains claims that a file of main has a piece of text.
func contains(repo, file, text string) claim {
	return claim{fmt.Sprintf("%s of acme/%s has %s", file, repo, text), func(w *world) error {
		if got := w.repos[repo].Read("main", file); !strings.Contains(got, text) {
			return fmt.Errorf("it is\n%s", got)
		}
		return nil
	}}
}

// differs compares all files of a branch with those of main.
func (w *world) differs(repo, branch string, changes []change) error {
	want, err := w.changed(repo, changes)
	if err != nil {
		return err
	}
	for file, text := range want {
		if got := w.repos[repo].Read(branch, file); got != text {
			return fmt.Errorf("%s of %s is\n%s\nand not\n%s", file, branch, got, text)
		}
	}
	return nil
}

// changed is the files of main with changes.
func (w *world) changed(repo string, changes []change) (map[string]string, error) {
	files, err := w.stock.sample(repo)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		files[c.file] = "" // not every file was there from the start
	}
	for file := range files {
		files[file] = w.repos[repo].Read("main", file)
	}
	for _, c := range changes {
		from, err := w.stock.fill(c.from)
		if err != nil {
			return nil, err
		}
		to, err := w.stock.fill(c.to)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(files[c.file], from) {
			return nil, fmt.Errorf("main has no %q in %s", from, c.file)
		}
		files[c.file] = strings.ReplaceAll(files[c.file], from, to)
	}
	return files, nil
}
