package main

import (
	"maps"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/dashboard"
)

// invite tells what there is to look at, and what to try.
func (w *world) invite() {
	w.say.line("\nWhat the App has made:\n")
	for _, name := range slices.Sorted(maps.Keys(w.repos)) {
		for _, pull := range w.repos[name].Pulls() {
			w.say.line("  %s/acme/%s/pull/%d  %s", w.hub.URL, name, pull.Number, pull.Title)
		}
		for _, issue := range w.repos[name].Issues() {
			w.say.line("  %s/acme/%s/issues/%d  %s", w.hub.URL, name, issue.Number, issue.Title)
		}
	}
	w.say.line(`
Open %[1]s/acme in a browser. At the top you choose who you are: %[2]s may write, %[3]s
maintains, %[4]s may only read. Try:

  - Push a newer image at %[1]s%[5]s, and comment /rescan on a pull request; or let
    the registry tell the App.
  - Comment /explain, /hold, /ignore major, or /help, as %[2]s and as %[4]s.
  - Let an hour pass at the same place: edge lets patches merge by themselves when they have soaked
    for an hour, and majors wait for a person. /hold stops one, /merge orders another.
  - Merge a pull request, and revert it: what was rolled back is not proposed again.
  - Close one: closing means no to these versions.
  - Tick a box of the issue "%[6]s" of platform: what waits is opened.
  - Edit .imageupdater.yaml on a branch, with a slip, and open a pull request: a check says
    what is wrong, or what would change.

Ctrl-C ends it.`, w.hub.URL, writer, maintainer, outsider, buildsPath, dashboard.Title)
}
