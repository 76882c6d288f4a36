package sealed_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imageupdater/imageupdater/handlers/sealed"
)

const most = 1 << 10

// keys are two, of which the first is the newer one, and one that is not set.
func keys() [][]byte { return [][]byte{nil, []byte("newer"), []byte("older")} }

func here() sealed.Purpose {
	return sealed.Purpose{Name: "marker v1", RepositoryID: 7, Place: []string{"main", "imageupdater/all"}}
}

func seal(t *testing.T, value any, purpose sealed.Purpose, keys [][]byte) string {
	t.Helper()
	text, err := sealed.Seal(value, purpose, keys)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSealed(t *testing.T) {
	t.Parallel()
	told := []string{"a -->", "b\n<!--"}
	text := seal(t, told, here(), keys())
	if strings.ContainsAny(text, " \n-<>") {
		t.Errorf("%q could end a comment", text)
	}
	var read []string
	for name, keys := range map[string][][]byte{"as they are": keys(), "the newer one alone": keys()[1:2], "become old": {[]byte("newest"), []byte("newer")}} {
		if read = nil; !sealed.Open(text, &read, most, here(), keys) || !slices.Equal(read, told) {
			t.Errorf("with the keys %s: %q", name, read)
		}
	}
	for name, keys := range map[string][][]byte{"no keys": nil, "one that is not set": {nil}} {
		if text := seal(t, told, here(), keys); text != "" {
			t.Errorf("%s: sealed %q", name, text)
		}
	}
}

// What holds at one place holds at no other.
func TestSealedElsewhere(t *testing.T) {
	t.Parallel()
	text := seal(t, 1, here(), keys())
	for name, other := range map[string]func(*sealed.Purpose){
		"other name":       func(p *sealed.Purpose) { p.Name = "first seen v1" },
		"other repository": func(p *sealed.Purpose) { p.RepositoryID++ },
		"other place":      func(p *sealed.Purpose) { p.Place = []string{"main", "imageupdater/al"} },
		"no place":         func(p *sealed.Purpose) { p.Place = nil },
		"shifted":          func(p *sealed.Purpose) { p.Place = []string{"maini", "mageupdater/all"} },
		"turned":           func(p *sealed.Purpose) { slices.Reverse(p.Place) },
	} {
		purpose := here()
		other(&purpose)
		var read int
		if sealed.Open(text, &read, most, purpose, keys()) || read != 0 {
			t.Errorf("%s: it holds there, too", name)
		}
	}
}

func TestSealedBadly(t *testing.T) {
	t.Parallel()
	text := seal(t, 1, here(), keys())
	data, sum, _ := strings.Cut(text, ".")
	for _, bad := range []string{
		"", ".", data, data + ".", "." + sum, sum + "." + data, text + "A", data + "." + sum[:len(sum)-2], "A" + text, "\x00", strings.Repeat("A", 1<<20),
		seal(t, 1, here(), [][]byte{[]byte("foreign")}),
		seal(t, strings.Repeat("long", most), here(), keys()), // packed, it is short
		seal(t, "no number", here(), keys()),
	} {
		var read int
		if sealed.Open(bad, &read, most, here(), keys()) {
			t.Errorf("%.40q was read", bad)
		}
	}
}
