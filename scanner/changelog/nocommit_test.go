package changelog_test

import (
	"testing"

	"github.com/imageupdater/imageupdater/scanner/changelog"
)

// TestCollectDoubts marks a source uncertain that does not have the commit which the
// image says it was built from: a label that the base image handed on. What is only not
// to be read, or not now, is no reason; neither is a commit of the old image that is gone.
func TestCollectDoubts(t *testing.T) {
	const both, old, now = shaA + "..." + shaB, shaA + "..." + shaA, shaB + "..." + shaB
	for name, c := range map[string]struct {
		has    []string // what can be compared
		fails  map[string]error
		change func(*changelog.Origin)
		want   changelog.Doubt
		asked  int
	}{
		"both commits":                {has: []string{both, old, now}, asked: 2},
		"neither":                     {want: changelog.NoCommit, asked: 4},
		"the old one alone":           {has: []string{old}, want: changelog.NoCommit, asked: 4},
		"the new one alone":           {has: []string{now}, asked: 3},
		"nothing in common":           {has: []string{old, now}, asked: 3},
		"the repository is gone":      {fails: map[string]error{"releases": changelog.ErrNotFound}, asked: 4},
		"nobody answers":              {fails: map[string]error{"releases": changelog.ErrLater}, asked: 4},
		"by the operator":             {change: func(o *changelog.Origin) { o.Layer = changelog.ByOperator }, asked: 2},
		"by the file":                 {change: func(o *changelog.Origin) { o.Layer = changelog.ByFile }, asked: 2},
		"by provenance":               {change: func(o *changelog.Origin) { o.Doubt = changelog.Unvouched }, want: changelog.NoCommit, asked: 4},
		"the base image says so, too": {change: func(o *changelog.Origin) { o.Doubt = changelog.Inherited }, want: changelog.Inherited, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := forge{access: public, compared: map[string]changelog.Comparison{}, fails: c.fails}
			for _, span := range c.has {
				f.compared[span] = changelog.Comparison{}
			}
			request := step(t, "sha-"+shaA, "sha-"+shaB)
			request.From.Origin, request.To.Origin = origin(shaA), origin(shaB)
			request.To.Origin.Layer = changelog.ByConfig
			if c.change != nil {
				c.change(&request.To.Origin)
			}
			notes, err := changelog.Collect(t.Context(), &f, request, changelog.Options{})
			if err != nil || notes.Doubt != c.want || len(f.asked) != c.asked {
				t.Errorf("%q, %v, asked %v", notes.Doubt, err, f.asked)
			}
		})
	}
}
