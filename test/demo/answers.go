package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

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
		told = told || r.By == bot && strings.Contains(r.Body, words)
	}
	if !told {
		return errors.New("nothing is said to that")
	}
	return nil
}

// checked claims that the check run on the configuration in a branch ended so, and
// says this.
func checked(repo, branch, conclusion, words string) claim {
	says := fmt.Sprintf("the check imageupdater/config on %s ends with %s: %s", branch, conclusion, words)
	return claim{says, func(w *world) error {
		for _, c := range w.repos[repo].Checks(w.repos[repo].Branch(branch)) {
			if c.Name != "imageupdater/config" || c.Status != "completed" {
				continue
			}
			text := worded(c)
			if c.Conclusion != conclusion || !strings.Contains(text, words) {
				return fmt.Errorf("it ended with %s: %s", c.Conclusion, text)
			}
			return nil
		}
		return errors.New("it has not ended")
	}}
}

// worded is what a check run tells people.
func worded(c githubtest.ShownCheck) string {
	lines := []string{c.Title, c.Summary}
	for _, a := range c.Annotations {
		lines = append(lines, fmt.Sprintf("%s:%d: %s", a.Path, a.StartLine, a.Message))
	}
	return strings.Join(lines, "\n")
}
