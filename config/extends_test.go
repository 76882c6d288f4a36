package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/config"
)

// Each entry that is wrong is told where it stands, one in a file that is
// extended too.
func TestExtendsPointsAtEntries(t *testing.T) {
	t.Parallel()
	src := "timezone: UTC\nextends:\n  - evil/x\n  - acme/lower   # good itself\n  -   \"acme/missing:a.yaml@main\"\n  - {owner: acme}\n"
	tree := files{"acme/lower:.imageupdater.yaml": "extends:\n- acme/base\n- acme/broken\n- acme/gone\n", "acme/base:.imageupdater.yaml": "", "acme/broken:.imageupdater.yaml": "wibble: 1"}
	for name, test := range map[string]struct {
		src  string
		want []string
	}{
		"of what cannot be extended": {strings.TrimSuffix(src, "  - {owner: acme}\n"), []string{
			"acme/broken:.imageupdater.yaml:1:1: wibble; acme/lower:.imageupdater.yaml:3 extends this file",
			"acme/lower:.imageupdater.yaml:4:3: extends[2]",
			"f:3:5: extends[0]",
			"f:5:7: extends[2]",
		}},
		"of what is no name": {strings.Replace(src, "evil/x", "evil", 1), []string{"f:3:5: extends[0]", "f:6:5: extends[3]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.Load(t.Context(), "f", []byte(test.src), config.Options{Files: tree, Repository: "acme/app"})
			var all config.Errors
			if !errors.As(err, &all) {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, e := range all {
				place := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Field)
				if _, from, _ := strings.Cut(e.Message, "; "); strings.HasSuffix(from, "extends this file") {
					place += "; " + from
				}
				got = append(got, place)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
