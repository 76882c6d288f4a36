package proposal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/version"
)

func TestReadMarker(t *testing.T) {
	t.Parallel()
	record := recordOf(7, "pears", []Change{step("a.yaml", 1, pear, "1", "2", version.Major)})
	seat := Seat{RepositoryID: 7, Base: "main", Branch: "imageupdater/pears-0a0b0c"}
	first, second := []byte("the first key"), []byte("the second key")
	mark := func(r *Record, seat Seat, keys ...[]byte) string {
		t.Helper()
		text, err := Marker(&Marked{Commit: someBase, BuiltOn: someBase, Record: r}, seat, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	marker := mark(&record, seat, first)
	foreign := recordOf(8, "pears", nil)
	good := func(body string, keys ...[]byte) {
		t.Helper()
		if diff := cmp.Diff(&Marked{Commit: someBase, BuiltOn: someBase, Record: &record}, ReadMarker(body, seat, keys...)); diff != "" {
			t.Errorf("%.200q: -want +got\n%s", body, diff)
		}
	}
	good("text\n\n"+marker+"\n", first)
	good("text\r\n\r\n"+marker+"\r\n\r\n", first)
	good(marker, first)
	good("text\n\n"+marker, second, first)
	good("text\n\n"+mark(&record, seat, second, first), first, second)
	good("text\n\n"+mark(&record, seat, nil, first), first)

	for name, body := range map[string]string{
		"lost":              "text\n",
		"empty":             "",
		"not the last line": marker + "\n\nthanks!",
		"not its own line":  "text " + marker,
		"cut":               marker[:len(marker)-12] + markerEnd,
		"no end":            strings.TrimSuffix(marker, markerEnd),
		"no signature":      marker[:strings.LastIndexByte(marker, '.')] + markerEnd,
		"other text":        strings.Replace(marker, markerBegin, markerBegin+"AA", 1),
		"other version":     strings.Replace(marker, ":v1 ", ":v2 ", 1),
		"other key":         mark(&record, seat, second),
		"other repository":  mark(&record, Seat{8, seat.Base, seat.Branch}, first),
		"other base":        mark(&record, Seat{7, "next", seat.Branch}, first),
		"other branch":      mark(&record, Seat{7, seat.Base, "x"}, first),
		"shifted seat":      mark(&record, Seat{7, seat.Base + "i", seat.Branch[1:]}, first),
		"other record":      mark(&foreign, seat, first),
		"no key":            mark(&record, seat),
		"empty key":         mark(&record, seat, []byte{}),
		"huge":              markerBegin + strings.Repeat("A", 1<<20) + markerEnd,
	} {
		if got := ReadMarker("text\n\n"+body+"\n", seat, first); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, keys := range map[string][][]byte{"none": nil, "empty": {nil}, "other": {second}} {
		if got := ReadMarker(marker, seat, keys...); got != nil {
			t.Errorf("keys: %s: %+v", name, got)
		}
	}
}

// A key that is changed is no reason to write a text again.
func TestSameBody(t *testing.T) {
	t.Parallel()
	p := &Proposal{Group: "pears", Changes: []Change{step("a.yaml", 1, pear, "1", "2", version.Major)}}
	text, record := bodyOf(t, p, notesOf()), recordOf(7, "pears", p.Changes)
	before, after := marked(t, text, record, someKey), marked(t, text, record, []byte("another key"), someKey)
	if before == after || !sameBody(before, after) || !sameBody(before, strings.ReplaceAll(after, "\n", "\r\n")) {
		t.Error("the texts differ by more than their markers")
	}
	if sameBody(before, "Hello.\n"+after) {
		t.Error("another text is the same")
	}
}

func FuzzReadMarker(f *testing.F) {
	record := recordOf(7, "pears", []Change{step("a.yaml", 1, pear, "1", "2", version.Major)})
	seat := Seat{RepositoryID: 7, Base: "main", Branch: "imageupdater/pears-0a0b0c"}
	marker, err := Marker(&Marked{Commit: someBase, BuiltOn: someBase, Record: &record}, seat, []byte("a key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(marker)
	f.Add("text\n\n" + marker + "\n")
	f.Fuzz(func(t *testing.T, body string) {
		got := ReadMarker(body, seat, []byte("a key"))
		if got != nil && (!strings.Contains(body, markerBegin) || !got.Record.sameAs(&record)) {
			t.Errorf("%q is taken for ours", body)
		}
	})
}
