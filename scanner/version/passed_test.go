package version_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// TestPassed has the newest tags that people alone are against.
func TestPassed(t *testing.T) {
	t.Parallel()
	beyond, err := semver.NewConstraint(">=1.4 <2 || >=3")
	if err != nil {
		t.Fatal(err)
	}
	p := version.DefaultPolicy()
	p.Ignored = []version.Ignored{{Versions: beyond, Text: "by hand"}}
	tags := []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "2.0.0", "2.1.0", "3.0.0"}
	choice := version.NewCandidates(tags).Choose(version.Question{
		Current: "1.0.0", Policy: p, Withheld: map[string]version.Withheld{
			"1.1.0": {Reason: version.Closed}, "1.3.0": {Reason: version.Closed, Detail: "#1"}, "1.6.0": {Reason: version.Closed},
			"2.1.0": {Reason: version.RolledBack},
		},
	})
	want := []version.Rejection{
		{Tag: "1.5.0", Reason: version.IsIgnored, Kind: version.Minor, Detail: "by hand", Alone: true}, // 1.6.0 was closed, too
		{Tag: "3.0.0", Reason: version.IsIgnored, Kind: version.Major, Detail: "by hand", Alone: true},
		{Tag: "2.1.0", Reason: version.RolledBack, Kind: version.Major, Alone: true},
		{Tag: "1.3.0", Reason: version.Closed, Kind: version.Minor, Detail: "#1", Alone: true}, // 1.1.0 is older than the target
	}
	if diff := cmp.Diff(want, choice.Passed); diff != "" {
		t.Errorf("(-want +got)\n%s\ntargets %v", diff, choice.Targets)
	}
}
