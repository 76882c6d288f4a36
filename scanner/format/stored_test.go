package format_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

const somewhere = "envs/prod/values.yaml"

// fill sets all that a value holds to something of its own.
func fill(v reflect.Value, next *int) {
	*next++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *next))
	case reflect.Int:
		v.SetInt(int64(*next))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), next)
		fill(v.Index(1), next)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, next)
			fill(value, next)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, next)
		}
	default:
		panic("a finding has something new: " + v.Type().String())
	}
}

// whole is a finding of which nothing is empty: what is added to one later is
// missing from what comes back until it is stored, too.
func whole() *format.Finding {
	var finding format.Finding
	next := 0
	fill(reflect.ValueOf(&finding).Elem(), &next)
	for i := range finding.Fields {
		finding.Fields[i].File, finding.Fields[i].Missing = somewhere, format.RegistryMissing
	}
	for i := range finding.Problems {
		finding.Problems[i].File = somewhere
	}
	finding.Chart.AppVersion.File = somewhere
	return &finding
}

func TestStoredFindings(t *testing.T) {
	t.Parallel()
	// Empty and missing are two things, and a text may stand for anything.
	slot := &edit.Slot{Carriers: []edit.Mark{}, Old: "\x00\xff\n"}
	for name, finding := range map[string]*format.Finding{
		"whole":   whole(),
		"nothing": nil,
		"empty":   {},
		"hollow": {
			Fields:   []format.Found{{Field: format.Field{File: somewhere, Tag: slot, Digest: slot}, Release: -1}},
			Problems: []format.Problem{}, Names: map[string]format.Name{"": {}}, Releases: []format.Release{{Names: map[string]format.Name{}, ValueFiles: []string{"", ""}}},
			Policies: map[string]string{}, Images: map[string]string{"a": "a", "b": "a", "ab": ""}, Chart: &format.Chart{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := format.Encode(finding)
			got, err := format.Decode(somewhere, stored)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(finding, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if again := format.Encode(got); !bytes.Equal(stored, again) {
				t.Errorf("%q is stored as %q the second time", stored, again)
			}
		})
	}
	if stored := format.Encode(nil); len(stored) != 1 {
		t.Errorf("nothing takes %d bytes", len(stored))
	}
}

// What is done to one decoded finding is not seen in another.
func TestDecodedFindingsAreIndependent(t *testing.T) {
	t.Parallel()
	stored := format.Encode(whole())
	first, err := format.Decode(somewhere, stored)
	if err != nil {
		t.Fatal(err)
	}
	first.Fields[0].Tag.Old, first.Fields[1].Tag.Carriers[0].Line, first.Fields[0].Skip.Detail = "x", 99, "x"
	first.Releases[0].ValueFiles[0], first.Chart.AppVersion.Ref.Tag = "x", "x"
	clear(first.Names)
	clear(first.Releases[0].Names)
	second, err := format.Decode(somewhere, stored)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole(), second); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestStoredUses(t *testing.T) {
	t.Parallel()
	for _, uses := range [][]format.AppVersionUse{nil, {}, {{Values: "/image/tag"}, {Name: "acme/web"}, {Name: "acme/web"}}} {
		for _, ok := range []bool{true, false} {
			got, gotOK, err := format.DecodeUses(format.EncodeUses(uses, ok))
			if err != nil || gotOK != ok || cmp.Diff(uses, got) != "" {
				t.Errorf("%v %t: got %v %t %v", uses, ok, got, gotOK, err)
			}
		}
	}
}

// Everything that is not as Encode writes it is an error: that file is read again.
func TestDamagedFindingsAreRefused(t *testing.T) {
	t.Parallel()
	stored := format.Encode(whole())
	for length := range stored {
		if got, err := format.Decode(somewhere, stored[:length]); err == nil {
			t.Fatalf("%d of %d bytes are taken for %+v", length, len(stored), got)
		}
	}
	for name, damaged := range map[string][]byte{
		"more behind it":     slices.Concat(stored, []byte{0}),
		"no flag":            {2},
		"a long number":      {0x81, 0x00},
		"a huge number":      slices.Concat([]byte{1}, bytes.Repeat([]byte{0xff}, 9), []byte{1}),
		"an endless number":  slices.Concat([]byte{1}, bytes.Repeat([]byte{0xff}, 20)),
		"a list without end": {1, 0xff, 0xff, 0xff, 0xff, 0x07},
		"a text without end": {1, 0, 2, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x07},
		"a text from before": {1, 0, 2, 1, 1, 1},
		"keys out of order":  {1, 0, 0, 3, 2, 'b', 0, 0, 2, 'a', 0, 0, 0, 0, 0, 0, 0, 0},
		"a key twice":        {1, 0, 0, 3, 2, 'b', 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
		"more than is kept":  slices.Concat([]byte{1, 0, 2, 1, 1, 0x80, 0x80, 0x80, 0x01}, []byte(strings.Repeat("x", 2<<20))),
	} {
		if got, err := format.Decode(somewhere, damaged); err == nil || got != nil {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if _, _, err := format.DecodeUses([]byte{1, 2, 2, 'a'}); err == nil {
		t.Error("uses that end too early are taken")
	}
}

// A finding beyond the limit is not stored rather than stored in part.
func TestLargeFindingsAreNotStored(t *testing.T) {
	t.Parallel()
	if stored := format.Encode(&format.Finding{Images: map[string]string{"a": strings.Repeat("x", 2<<20)}}); stored != nil {
		t.Errorf("%d bytes", len(stored))
	}
}

// FuzzDecode: whatever stands in a store, reading it ends in an error or in a
// finding that can be stored and read again.
func FuzzDecode(f *testing.F) {
	for _, finding := range []*format.Finding{nil, {}, whole()} {
		f.Add(format.Encode(finding))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		finding, err := format.Decode(somewhere, stored)
		if err != nil {
			return
		}
		again, err := format.Decode(somewhere, format.Encode(finding))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(finding, again); diff != "" {
			t.Fatalf("-first +second\n%s", diff)
		}
	})
}
