package run

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/config"
)

// Others' files are named where anybody may read, and not quoted.
func TestErrorsOfOthersFiles(t *testing.T) {
	t.Parallel()
	own := &config.Error{File: config.FileName, Line: 3, Column: 1, Field: "minAge", Message: "no duration: planted", Hint: "write 3d"}
	if got := worded(own); got != " `minAge`: `no duration: planted` (`write 3d`)" {
		t.Errorf("of the file itself: %q", got)
	}
	theirs := &config.Error{File: "acme/infra:secrets.yaml", Line: 1, Column: 1, Field: "planted", Message: `unknown key "planted"`, Hint: "planted"}
	out := &Outcome{State: Broken, Errors: config.Errors{theirs}}
	for _, text := range []string{worded(theirs), trouble(out), (&Runner{}).brokenText(Look{}, out, 10_000)} {
		if strings.Contains(text, "planted") || !strings.Contains(text, "has an error") {
			t.Errorf("%q", text)
		}
	}
	if text := trouble(out); !strings.Contains(text, "`acme/infra:secrets.yaml:1:1` has an error") {
		t.Errorf("it is not named: %q", text)
	}
}
