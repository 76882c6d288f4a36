package main

import (
	"fmt"
	"time"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/test/githubtest"
)

// soak is for how long edge lets a patch soak before it merges by itself.
const soak = time.Hour

// soaking is what merges by itself.
func soaking() []step {
	return []step{
		{"edge lets patches merge by themselves when they have soaked for an hour.", nil, []claim{
			judged("edge", "neutral", "Waits: after"),
			judged("edge-major", "neutral", "Needs a person: auto"),
		}},
		{"An hour passes.", passing(soak), []claim{
			mergedItself("Update REGISTRY/acme/proxy to 3.2.1"),
			contains("edge", "proxy.yaml", "proxy:3.2.1"),
		}},
		{"It looks once more.", looking("edge"), []claim{
			proposes("edge", "edge-major", "Update REGISTRY/acme/proxy to 4.0.0", change{"proxy.yaml", "proxy:3.2.1", "proxy:4.0.0"}).because("a major waits for a person"),
			judged("edge-major", "neutral", "Needs a person: auto"),
		}},
		{
			"A build pushes acme/proxy 3.2.2, " + writer + " comments /hold, and an hour passes.",
			inTurn(arriving("3.2.1", "3.2.2"), saying(writer, "/hold", "edge", "edge"), settling(obeyed()), passing(soak), looking("edge")),
			[]claim{
				judged("edge", "failure", "Stopped: pause"),
				contains("edge", "proxy.yaml", "proxy:3.2.1"),
			},
		},
		{writer + " comments /unhold.", saying(writer, "/unhold", "edge", "edge"), []claim{
			mergedItself("Update REGISTRY/acme/proxy to 3.2.2"),
			contains("edge", "proxy.yaml", "proxy:3.2.2"),
		}},
	}
}

// mistrusting is what becomes of an image that was rolled back.
func mistrusting() []step {
	back := change{"proxy.yaml", "proxy:3.2.2", "proxy:3.2.1"}
	return []step{
		{"3.2.2 fails: " + writer + " writes 3.2.1 by hand.", inTurn(writing("edge", "main", "Back to 3.2.1", back), looking("edge")), []claim{
			proposesNone("edge", "edge", "what was rolled back is not proposed again"),
		}},
		{"A build pushes acme/proxy 3.2.3, and an hour passes.", inTurn(arriving("3.2.1", "3.2.3"), passing(soak), looking("edge")), []claim{
			judged("edge", "neutral", "Needs a person: rollback"),
			contains("edge", "proxy.yaml", "proxy:3.2.1"),
		}},
		{writer + " trusts the image again, and comments /unhold REGISTRY/acme/proxy.", saying(writer, "/unhold REGISTRY/acme/proxy", "edge", "edge"), []claim{
			mergedItself("Update REGISTRY/acme/proxy to 3.2.3"),
			contains("edge", "proxy.yaml", "proxy:3.2.3"),
		}},
	}
}

// freezing is what may not merge for some days.
func freezing() []step {
	return []step{
		{
			"A build pushes acme/proxy 3.2.4, " + writer + " freezes all until tomorrow, and an hour passes.",
			inTurn(arriving("3.2.3", "3.2.4"), freeze("edge"), looking("edge"), passing(soak), looking("edge")),
			[]claim{
				judged("edge", "neutral", "Waits: freeze"),
				contains("edge", "proxy.yaml", "proxy:3.2.3"),
			},
		},
		{"Two days pass.", passing(2 * day), []claim{
			mergedItself("Update REGISTRY/acme/proxy to 3.2.4"),
			contains("edge", "proxy.yaml", "proxy:3.2.4"),
		}},
		{"It looks once more.", looking("edge"), []claim{
			proposes("edge", "edge-major", "Update REGISTRY/acme/proxy to 4.0.0", change{"proxy.yaml", "proxy:3.2.4", "proxy:4.0.0"}).because("a major waits for a person"),
			examined("edge", "edge-major"),
		}},
	}
}

const day = 24 * time.Hour

// passing lets time go by.
func passing(d time.Duration) deed {
	return func(w *world) error { return w.passes(d) }
}

// arriving is a new tag of the proxy, and waits until it is proposed and has passed its
// checks.
func arriving(from, to string) deed {
	return inTurn(pushing("acme/proxy", to), looking("edge"),
		settling(proposes("edge", "edge", "Update REGISTRY/acme/proxy to "+to, change{"proxy.yaml", "proxy:" + from, "proxy:" + to})))
}

// freeze lets nothing of a repository merge today and tomorrow.
func freeze(repo string) deed {
	return func(w *world) error {
		today := w.hub.Now()
		text := w.repos[repo].Read("main", config.FileName) + fmt.Sprintf("freeze:\n  - {from: %s, to: %s, reason: fair}\n",
			today.Format(time.DateOnly), today.Add(day).Format(time.DateOnly))
		w.repos[repo].Push("main", writer, "Nothing moves during the fair", map[string]*githubtest.File{config.FileName: githubtest.Text(text)})
		return nil
	}
}

// verdict is the name of the check run that says what a merge policy decided.
const verdict = "imageupdater/merge-policy"

// judged claims what the App's newest verdict on the open pull request of a group of edge
// is.
func judged(group, conclusion, title string) claim {
	return claim{fmt.Sprintf("the check %s on %s of acme/edge says: %s", verdict, group, title), func(w *world) error {
		pull, err := w.open("edge", group)
		if err != nil {
			return err
		}
		said := "nothing"
		for _, c := range w.repos["edge"].Checks(pull.HeadSHA) {
			if c.Name == verdict {
				said = fmt.Sprintf("%s, %s: %s", c.Status, c.Conclusion, c.Title)
			}
		}
		if said != "completed, "+conclusion+": "+title {
			return fmt.Errorf("it says %s", said)
		}
		return nil
	}}
}

// mergedItself claims that the newest pull request of edge, but for majors, was merged by
// the App, and that its branch is gone.
func mergedItself(title string) claim {
	return claim{fmt.Sprintf("the App merges the pull request of acme/edge: %s", title), func(w *world) error {
		title, err := w.stock.fill(title)
		if err != nil {
			return err
		}
		edge, newest := w.repos["edge"], githubtest.Shown{}
		for _, pull := range edge.Pulls() {
			if isOf(pull, "edge") {
				newest = pull
			}
		}
		by := edge.MergedBy(newest.Number)
		if newest.Title != title || by != bot || edge.Branch(newest.Head) != "" {
			return fmt.Errorf("%q is %s, merged by %q, and its branch is at %q", newest.Title, newest.State, by, edge.Branch(newest.Head))
		}
		return nil
	}}
}
