package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// ci is the slug of the App that is CI.
const ci = "acme-ci"

// examine lets a CI look after the pull requests of a repository until the demo ends: it
// finds nothing wrong with any.
func (w *world) examine(repo *githubtest.Repository) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			w.pass(repo)
			select {
			case <-stop:
				return
			case <-time.After(time.Second / 5):
			}
		}
	}()
	w.closes(sync.OnceValue(func() error { close(stop); <-ended; return nil }))
}

// hasPassed says whether CI has seen a commit.
func hasPassed(repo *githubtest.Repository, sha string) bool {
	return slices.ContainsFunc(repo.Checks(sha), func(c githubtest.ShownCheck) bool { return c.App == ci })
}

// examined claims that the checks of what a group proposes have passed.
func examined(repo, group string) claim {
	return claim{fmt.Sprintf("the checks on %s of acme/%s pass", group, repo), func(w *world) error {
		pull, err := w.open(repo, group)
		if err == nil && !hasPassed(w.repos[repo], pull.HeadSHA) {
			err = errors.New("it has none")
		}
		return err
	}}
}

// pass lets the checks pass of whatever is open and has none yet.
func (w *world) pass(repo *githubtest.Repository) {
	defer func() {
		if p := recover(); p != nil {
			w.problems.add(fmt.Sprintf("CI: %v", p))
		}
	}()
	for _, pull := range repo.Pulls() {
		if pull.State == "open" && !hasPassed(repo, pull.HeadSHA) {
			repo.Check(pull.HeadSHA, ci, "render", "completed", "success")
		}
	}
}
