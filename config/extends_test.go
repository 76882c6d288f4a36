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

// A file that two others extend lies under the first of them and not once more
// over what that says.
func TestExtendsDiamond(t *testing.T) {
	t.Parallel()
	c, warnings, err := config.Load(t.Context(), "f", []byte("extends: [acme/a, acme/b]\n"), config.Options{Files: files{
		"acme/a:.imageupdater.yaml":    "extends: [acme/base]\nrules: [{match: {image: nginx}, enabled: true}]\n",
		"acme/b:.imageupdater.yaml":    "extends: [acme/base]\ndefaults: {minAge: 2d}\n",
		"acme/base:.imageupdater.yaml": "defaults: {minAge: 1d}\nrules: [{match: {image: nginx}, enabled: false}]\n",
	}})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	s := c.Settings(config.Subject{Image: "docker.io/library/nginx", Path: "a.yaml"})
	if !s.Enabled.Value || s.MinAge.Value.String() != "2d" || len(c.Rules) != 2 {
		t.Errorf("enabled %t, minAge %s, %d rules", s.Enabled.Value, s.MinAge.Value, len(c.Rules))
	}
}

func TestTooManyPatterns(t *testing.T) {
	t.Parallel()
	many := "[" + strings.Repeat("'^a$', ", 101) + "]"
	for _, src := range []string{"defaults:\n  tags: {allow: " + many + "}\n", "rules:\n- match: {image: a}\n  tags: {ignore: " + many + "}\n", "ignore:\n- {image: a, tags: " + many + "}\n"} {
		_, _, err := config.Load(t.Context(), "f", []byte(src), config.Options{})
		if err == nil || !strings.Contains(err.Error(), "these are 101 patterns; at most 100 are read (join some with |)") {
			t.Errorf("%.40q: %v", src, err)
		}
	}
}
