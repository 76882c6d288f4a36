package order

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// What is ignored is written as the versions, or tags, that it means now.
func TestIgnoring(t *testing.T) {
	t.Parallel()
	minor := step{"1.4.2", "1.5.0", version.Minor}
	for name, c := range map[string]struct {
		reach command.Reach
		steps []step
		want  string
	}{
		"this":                    {command.This, []step{minor}, `tags: ['^1\.5\.0$']`},
		"this, several":           {command.This, []step{minor, {"1.4.2", "2.0.0", version.Major}, {"1.4.1", "1.5.0", version.Minor}}, `tags: ['^1\.5\.0$', '^2\.0\.0$']`},
		"this, of a branch":       {command.This, []step{{"main-1", "main-2+x", version.Tag}}, `tags: ['^main-2\+x$']`},
		"only content":            {command.This, []step{{"1.4", "1.4", version.Digest}}, "only the content of the tag changes"},
		"a tag beside content":    {command.This, []step{{"1.4", "1.4", version.Digest}, minor}, `tags: ['^1\.5\.0$']`},
		"major":                   {command.Major, []step{minor}, `versions: ">=2"`},
		"major of several":        {command.Major, []step{{"1.4.2", "2.0.0", version.Major}, {"2.1.0", "2.2.0", version.Minor}}, `versions: ">=3"`},
		"minor":                   {command.Minor, []step{minor}, `versions: ">=1.5 <2"`},
		"minor of several":        {command.Minor, []step{minor, {"1.3.0", "1.5.0", version.Minor}, {"1.3.9", "1.5.0", version.Minor}}, `versions: ">=1.5 <2 || >=1.4 <2"`},
		"minor of a calendar":     {command.Minor, []step{{"2026.3", "2026.4", version.Minor}}, `versions: ">=2026.4"`},
		"patch":                   {command.Patch, []step{{"v1.4.2-alpine", "v1.4.3-alpine", version.Patch}}, `versions: ">1.4.2 <1.5"`},
		"a kind of what has none": {command.Minor, []step{{"nightly", "weekly", version.Tag}}, "`nightly` is no version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order, err := ignoring(command.Command{Name: command.Ignore, Reach: c.reach}, image.Repository{Registry: "ghcr.io", Path: "acme/api"}, c.steps)
			var got string
			if err != nil {
				got = err.Error()
			} else {
				got = order.Entry.Flow()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s in it", got, c.want)
			}
		})
	}
}
