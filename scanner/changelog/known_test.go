package changelog

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Each row can be found by its image's name, names a repository, and spells tags
// that are read again as the version that they are for.
func TestWellKnownImages(t *testing.T) {
	for name, row := range wellKnownImages {
		ref, err := image.ParseName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found, ok := wellKnown(ref.Repository()); !ok || found != row {
			t.Errorf("%s is not found by its name", name)
		}
		a, err := ReadAddress("https://github.com/"+row.path, nil)
		if err != nil || a.Repository != row.repository() {
			t.Errorf("%s: %v, %v", name, a, err)
		}
		if packages(row.repository()) {
			t.Errorf("%s: %s looks like packaging", name, row.path)
		}
		tag := "1.2.3"
		if strings.Contains(row.tag, "{tag}") {
			tag = "RELEASE.2024-01-16T16-07-38Z"
		}
		n, _ := parse(tag)
		back, ok := parse(n.render(row.tag, tag))
		if !ok || back.compare(&n) != 0 || back.suffix != "" {
			t.Errorf("%s: %s of %s is read as %+v", name, n.render(row.tag, tag), tag, back)
		}
	}
	if len(wellKnownImages) < 40 {
		t.Errorf("%d images", len(wellKnownImages))
	}
}
