package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/config"
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

// bot is as whom the App writes.
const bot = "image-updater[bot]"

// obeyed claims that the App did what the last comment ordered.
func obeyed() claim {
	return claim{"the App has done it, and says so by a rocket", func(w *world) error { return w.answered("rocket", "") }}
}

// told claims that the App answered the last comment with these words.
func told(words string) claim {
	return claim{"the App answers: " + words, func(w *world) error { return w.answered("rocket", words) }}
}

// refused claims that the App did not do what the last comment ordered, and told why.
func refused(words string) claim {
	return claim{"the App refuses: " + words, func(w *world) error { return w.answered("confused", words) }}
}

// answered says whether the last comment has the App's reaction, and words of it
// below.
func (w *world) answered(reaction, words string) error {
	words, err := w.stock.fill(words)
	if err != nil {
		return err
	}
	told := words == ""
	for _, r := range w.repos[w.said.repo].Remarks(w.said.number) {
		if r.ID == w.said.id && !slices.Contains(r.Reactions, reaction+" by "+bot) {
			return fmt.Errorf("the comment %q has the reactions %q", r.Body, r.Reactions)
		}
		if r.By == bot {
			fmt.Println(r.Body)
		}
		told = told || r.By == bot && strings.Contains(r.Body, words)
	}
	if !told {
		return errors.New("nothing is said to that")
	}
	return nil
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

// looked is what the API tells of a repository's looks.
type looked struct {
	Looking  bool
	LastLook *time.Time
}

// look asks for a look at a repository, as a CI may, and waits until it was made.
func (w *world) look(repo string) error {
	before, err := w.looked(repo)
	if err != nil {
		return err
	}
	if err := w.call(w.token, http.MethodPost, "/api/v1/rescan", map[string]string{"repository": "acme/" + repo}, nil); err != nil {
		return err
	}
	return w.wait(context.Background(), claim{"acme/" + repo + " is looked at", func(w *world) error {
		now, err := w.looked(repo)
		if err != nil {
			return err
		}
		if now.Looking || now.LastLook == nil || before.LastLook != nil && !now.LastLook.After(*before.LastLook) {
			return errors.New("the look has not ended")
		}
		return nil
	}})
}

func (w *world) looked(repo string) (looked, error) {
	var found looked
	err := w.call(w.token, http.MethodGet, "/api/v1/repos/acme/"+repo, nil, &found)
	return found, err
}

// announce tells the App of an image, as the registry's webhook does.
func (w *world) announce(image, tag string) error {
	type object = map[string]any
	return w.call(w.hook, http.MethodPost, "/hooks/registry/demo", object{"events": []object{{
		"id": rand.Text(), "action": "push", "target": object{"repository": image, "tag": tag},
		"request": object{"host": w.stock.Host()},
	}}}, nil)
}

// call calls the server, with a secret that it knows.
func (w *world) call(secret, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing a call: %w", err)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, w.app+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("making a call: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling the server: %w", err)
	}
	answer, err := io.ReadAll(res.Body)
	if err := cmp.Or(err, res.Body.Close()); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	return nil
}
