package foreign_test

import (
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/foreign"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                 "`-`",
		"v1.5.0":           "`v1.5.0`",
		"@orchard/pickers": "`@orchard/pickers`",
		"a`b|c":            "`a\\x60b\\x7cc`",
		" a ":              "`\\x20a\\x20`",
		"a\nb":             "`a\\u000ab`",
		"\u202eb":          "`\\u202eb`",
		"\xff":             "`\\xff`",
	} {
		if got := foreign.Code(value); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
	if got := foreign.Code(strings.Repeat("é", 1000)); len(got) > foreign.Longest+len("``") || !strings.Contains(got, "é…é") {
		t.Errorf("a long one is %s", got)
	}
}
