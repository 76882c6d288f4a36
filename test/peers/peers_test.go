// Package peers_test holds what we choose against what four other programs choose: Argo CD Image Updater, Renovate,
// Dependabot and Flux. Each of their cases is put into our words, as a .imageupdater.yaml and a file with an image
// wherever that is possible, and run through our own code. We agree, or the case is in the peer's table of differences,
// or it is about something that is not ours. A difference that is none any more fails, and so does a case in no table.
//
// The tables are what docs/versions.md shows; go test ./test/peers -run TestDocs -update writes them there.
//
// The cases are not part of this repository: without them nothing but the page is tested.
package peers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// peer is another program, with all that we do otherwise.
type peer struct {
	name        string
	differences []difference
	notOurs     []difference
}

// difference is something that a peer does otherwise, in words for our users, and the cases that show it.
type difference struct {
	there, here string
	cases       []string
}

// peers are in the order of the page.
var peers = []*peer{&argocd, &renovate, &dependabot, &flux}

// trial holds cases against the tables of a peer.
type trial struct {
	t       *testing.T
	differs map[string]bool
	notOurs map[string]bool
	met     map[string]bool
	agreed  int
}

func (p *peer) trial(t *testing.T) *trial {
	t.Helper()
	tr := &trial{t: t, differs: ids(p.differences), notOurs: ids(p.notOurs), met: map[string]bool{}}
	for id := range tr.notOurs {
		if tr.differs[id] {
			t.Errorf("%s is in both tables", id)
		}
	}
	return tr
}

func ids(rows []difference) map[string]bool {
	set := map[string]bool{}
	for _, row := range rows {
		for _, id := range row.cases {
			set[id] = true
		}
	}
	return set
}

// skip tells whether a case is not ours.
func (tr *trial) skip(id string) bool {
	tr.met[id] = true
	return tr.notOurs[id]
}

// hold compares our answer to a case with the peer's.
func (tr *trial) hold(id, theirs, ours string) {
	tr.t.Helper()
	tr.met[id] = true
	switch agree := theirs == ours; {
	case agree && tr.differs[id]:
		tr.t.Errorf("%s: listed as a difference, and both say %q: take it out of the table", id, ours)
	case agree:
		tr.agreed++
	case !tr.differs[id]:
		tr.t.Errorf("%s: they say %q, we say %q: agree, or say in the table why not", id, theirs, ours)
	default:
		tr.t.Logf("%s: they say %q, we say %q", id, theirs, ours)
	}
}

// end fails for rows without a case.
func (tr *trial) end() {
	tr.t.Helper()
	for _, set := range []map[string]bool{tr.differs, tr.notOurs} {
		for id := range set {
			if !tr.met[id] {
				tr.t.Errorf("%s is in a table, and there is no such case", id)
			}
		}
	}
	tr.t.Logf("%d cases: %d agree, %d differ, %d are not ours", len(tr.met), tr.agreed, len(tr.differs), len(tr.notOurs))
}

// load reads the cases of a peer.
func load(t *testing.T, name string, cases any) {
	t.Helper()
	dir := os.Getenv("IMAGEUPDATER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "cases")); err != nil {
		t.Skip("shared folder not present: what other programs answer is not part of this repository")
	}
	data, err := os.ReadFile(filepath.Join(dir, "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, cases); err != nil {
		t.Fatal(err)
	}
}
