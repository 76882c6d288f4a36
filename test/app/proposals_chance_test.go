package app_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/imageupdater/imageupdater/server/store/storetest"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// TestChance lets people do what comes to their minds. After each step one look is
// enough, there are never two pull requests for one branch, and what a person
// pushed stays.
func TestChance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			l := begin(t, storetest.SQLite(t), "pullRequests: {perHour: 100, limit: 20}\n", "api:1.0.0", "web:1.0.0")
			l.push("api:1.0.0", "web:1.0.0", "web:1.1.0")
			l.look()
			c := &chance{life: l, dice: rand.New(rand.NewPCG(seed, 1)), theirs: map[string]string{}}
			for n := range 10 {
				what := c.step(n)
				l.look()
				l.quiet()
				c.holds()
				if t.Failed() {
					t.Fatalf("after step %d: %s", n, what)
				}
			}
		})
	}
}

// chance is people who do something.
type chance struct {
	*life

	dice   *rand.Rand
	theirs map[string]string // branches, and what people pushed to them last
}

// step does one thing, and tells which.
func (c *chance) step(n int) string {
	image := []string{"api", "web"}[c.dice.IntN(2)]
	things := []string{"tag", "settings", "revert"}
	open := c.open()
	if len(open) > 0 {
		things = append(things, "merge", "close", "push", "delete")
	}
	what := things[c.dice.IntN(len(things))]
	switch what {
	case "tag":
		c.push(fmt.Sprintf("%s:1.%d.0", image, n+2))
		return what
	case "settings":
		c.settings(fmt.Sprintf("defaults: {group: %q}\npullRequests: {perHour: 100, limit: 20}\n", []string{"all", "{{ .Image.Name }}"}[n%2]))
		return what
	case "revert":
		c.by(image + ":1.0.0")
		return what
	}
	p := open[c.dice.IntN(len(open))]
	switch what {
	case "merge":
		c.repo.MergePull(p.Number, "alice", "squash")
		delete(c.theirs, p.Head)
	case "close":
		c.repo.ClosePull(p.Number, "bob")
	case "push":
		file := map[string]*githubtest.File{"notes.md": githubtest.Text(fmt.Sprintf("%d\n", n))}
		c.theirs[p.Head] = c.repo.Push(p.Head, "bob", "mine", file)
	case "delete":
		c.repo.DeleteBranch(p.Head, "alice")
		delete(c.theirs, p.Head)
	}
	return what + " " + p.Head
}

func (c *chance) holds() {
	seen := map[string]bool{}
	for _, p := range c.open() {
		if seen[p.Head] || len(p.Comments) > 1 {
			c.t.Errorf("twice: %+v", p)
		}
		seen[p.Head] = true
	}
	for branch, pushed := range c.theirs {
		if c.repo.Branch(branch) != pushed {
			c.t.Errorf("what a person pushed to %s is gone", branch)
		}
	}
}
