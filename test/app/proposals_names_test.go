package app_test

import (
	"net/http"
	"strings"

	"github.com/imageupdater/imageupdater/test/githubtest"
)

// again starts the App anew with what it knows.
func (l *life) again() {
	l.t.Helper()
	l.app.stop()
	l.app = l.start("")
	until(l.t, "it is there again", func() bool { return l.app.shown("acme/shop").Status == http.StatusOK })
}

// names are the stories of an App that gets another name.
func names(web, next []string) []tale {
	return []tale{
		{"the App renamed", "pullRequests: {perHour: 50}\n", web, next, func(l *life) {
			p := l.one()
			l.hub.RenameApp("tag-mover")
			l.again()
			l.look()
			l.quiet()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			if now := l.one(); now.Number != p.Number || len(now.Comments) > 0 {
				l.t.Errorf("%+v became %+v", p, now)
			}
			// What it said under another name it does not say again.
			l.repo.Push(p.Head, "alice", "mine", map[string]*githubtest.File{"README.md": githubtest.Text("mine\n")})
			l.look()
			l.hub.RenameApp("image-keeper")
			l.again()
			l.look()
			l.push("web:1.3.0")
			l.look()
			l.has("web=1.2.0")
			if now := l.one(); len(now.Comments) != 1 {
				l.t.Errorf("%+v", now)
			}
			// What people refused of the App of old stays refused, what it closed itself does not.
			l.repo.ClosePull(p.Number, "alice")
			l.repo.DeleteBranch(p.Head, "alice")
			l.look()
			l.has("web=1.3.0")
			l.by("web:1.3.0")
			l.look()
			l.has()
			l.hub.RenameApp("image-updater")
			l.again()
			l.by("web:1.0.0")
			l.look()
			l.has("web=1.3.0")
		}},
		{"the App renamed while it runs", asleep, web, next, func(l *life) {
			l.hub.RenameApp("tag-mover")
			l.settings("version: 1\n")
			l.look()
			l.has("web=1.1.0")
			p := l.one()
			l.repo.ClosePull(p.Number, "alice")
			l.look()
			l.has()
			l.push("web:1.2.0")
			l.look()
			l.has("web=1.2.0")
			l.push("web:1.3.0")
			l.look()
			l.has("web=1.3.0")
			if n := len(l.repo.Pulls()); n != 2 {
				l.t.Errorf("%+v", l.repo.Pulls())
			}
		}},
	}
}

// neighbours are the stories of two repositories with the same image.
func neighbours(web, next []string) []tale {
	return []tale{
		{"two repositories with one image", "", web, next, func(l *life) {
			store := l.hub.AddRepository("acme/store", map[string]string{".imageupdater.yaml": "version: 1\n", l.file(web[0]): deployment(l.name(web[0]))})
			l.installation.AddTo(store)
			look := func() {
				l.t.Helper()
				l.look()
				until(l.t, "acme/store is known", func() bool { return l.app.shown("acme/store").Status == http.StatusOK })
				l.app.asked("acme/store")()
			}
			theirs := func(state, tag string) {
				l.t.Helper()
				all := store.Pulls()
				if len(all) != 1 || all[0].State != state || !strings.HasSuffix(all[0].Title, " to "+tag) {
					l.t.Errorf("acme/store has %+v", all)
				}
			}
			look()
			l.has("web=1.1.0")
			theirs("open", "1.1.0")
			l.repo.ClosePull(l.one().Number, "alice")
			look()
			l.has()
			theirs("open", "1.1.0")
			l.push("web:1.2.0")
			look()
			l.has("web=1.2.0")
			theirs("open", "1.2.0")
			store.MergePull(1, "acme", "squash")
			look()
			l.has("web=1.2.0")
			theirs("closed", "1.2.0")
			store.Push("main", "acme", "by hand", map[string]*githubtest.File{l.file(web[0]): githubtest.Text(deployment(l.name("web:1.1.0")))})
			look()
			l.has("web=1.2.0") // rolled back there, wanted here
			theirs("closed", "1.2.0")
		}},
	}
}
