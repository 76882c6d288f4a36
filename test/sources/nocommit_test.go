package sources_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// TestNoCommit tells a commit that a source does not have from a source that is not to
// be read any more, which GitHub answers in the same words.
func TestNoCommit(t *testing.T) {
	nowhere := strings.Repeat("ab12", 10)
	for name, tt := range map[string]struct {
		to     string // "" for the newest commit
		closed bool
		want   changelog.Doubt
	}{
		"there":           {"", false, ""},
		"not there":       {nowhere, false, changelog.NoCommit},
		"not there, as 7": {nowhere[:7], false, changelog.NoCommit},
		"not public now":  {nowhere, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, source, lib, repo := reading(t)
			from := lib.Branch("main")
			to := lib.Commit("main", "One more", map[string]string{"c": "d"})
			if tt.to != "" {
				to = tt.to
			}
			if _, err := source.Access(t.Context(), repo); err != nil {
				t.Fatal(err)
			}
			lib.Private = tt.closed
			side := func(revision string) changelog.Side {
				return changelog.Side{Tag: "sha-" + revision, Origin: changelog.Origin{Repository: repo, Revision: revision, Layer: changelog.ByConfig}}
			}
			notes, err := changelog.Collect(t.Context(), source, &changelog.Request{
				Image: image.Repository{Registry: "ghcr.io", Path: "open/lib"}, Target: changelog.Private, From: side(from), To: side(to),
			}, changelog.Options{})
			if err != nil || notes.Doubt != tt.want || (notes.Commits != nil) != (tt.to == "") || notes.Pending {
				t.Errorf("%+v, %v", notes, err)
			}
		})
	}
}
