package main

import (
	"maps"
	"slices"
)

// invite tells what there is to look at, and what to try.
func (w *world) invite() {
	w.say.line("\nThe pull requests:\n")
	for _, name := range slices.Sorted(maps.Keys(w.repos)) {
		for _, pull := range w.repos[name].Pulls() {
			w.say.line("  %s/acme/%s/pull/%d  %s", w.hub.URL, name, pull.Number, pull.Title)
		}
	}
	w.say.line(`
Open %[1]s in a browser, and try:

  - Choose at the top who you are: %[2]s may write, %[3]s maintains, %[4]s may only read.
  - Merge a pull request, or close one: closing means no to these versions.
  - Push an image at %[1]s%[5]s, and let the registry tell the App.
  - Write an older tag into a file on main: what was rolled back is not proposed again.

Ctrl-C ends it.`, w.hub.URL, writer, maintainer, outsider, buildsPath)
}
