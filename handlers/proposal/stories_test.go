package proposal

import (
	"testing"
)

func TestStories(t *testing.T) {
	t.Parallel()
	for name, s := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := bodyOf(t, s.Proposal, s.Notes)
			golden(t, "stories/"+name+".md", got)
			if len(got) > longestBody {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
}
