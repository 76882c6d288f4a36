package scanner_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// shapeFolder holds an archive for each shape of docs/shapes.md, and some for
// what goes across files. The comment of an archive says what is decided, its
// section "want" what is found, a line each:
//
//	FILE:LINE FORMAT NAME[:TAG][@DIGEST] [skip=CODE] [hold=DAY]
//	problem FILE:LINE TEXT
//
// NAME is "?" where none is known, DIGEST the first 12 digits, TEXT a part of the message.
// A section "pinned FILE" is what becomes of a file when each image gets a
// digest that can take one. Words in parentheses behind a file's name say how its bytes differ from what is shown.
const shapeFolder = "testdata/shapes"

// catalogue are the shapes of docs/shapes.md.
const catalogue = `V01 V02 V03 V04 V05 V06 V07 V08 V09 V10 V11 V12 V13 V14 V14d V14n V15 V16 V17 V18 V19 V20 V21 V22 V23 V24 V25 V26 V27
V28 V29 V30 V31 V32 Y1 Y1t Y2 Y3 Y4 Y5 Y6 Y7 Y8 Y9 Y10 Y11 Y12 Y13 Y14 Y15 Y16 Y17 B1 B2 B3 B4 B5 Z1 Z2 Z3 Z4 Z5 Z6 Z7 Z8 Z9 Z10 Z11
Z12 Z13 A1 A2 A3 A4 A5 A6 A7 F1 F2 F3 F4 F5 K1 K1d K1n K1v K2 K3 K4 K5 K6 K7 K8 K9 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 K20 O1 O2
O3 O4 O5 O6 O7 O8 O9`

func TestShapes(t *testing.T) {
	t.Parallel()
	for _, file := range shapeArchives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			shape := readShape(t, file)
			tree, want := shape.tree, shape.want
			inventory := findIn(t, tree)
			got := describeFields(inventory.Fields)
			for _, field := range inventory.Fields {
				checkSlot(t, tree, field, field.Tag, field.Ref.Tag)
				checkSlot(t, tree, field, field.Digest, field.Ref.Digest)
			}
			for _, problem := range inventory.Problems {
				got = append(got, describeProblem(problem, want))
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// A tag that YAML would take for a number, and lose its zero.
const shapeTag = "1.10"

var shapeDigest = "sha256:" + strings.Repeat("0badc0de", 8)

// TestShapesCanBeWritten updates every field that may be, in all files, and
// finds the same fields with what was written.
func TestShapesCanBeWritten(t *testing.T) {
	t.Parallel()
	for _, file := range shapeArchives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			tree := readShape(t, file).tree
			before := findIn(t, tree)
			choices := map[string][]scanner.Choice{}
			for i, field := range before.Fields {
				if field.Skip != nil {
					continue
				}
				update := scanner.Update{Tag: shapeTag}
				if field.Digest != nil {
					update.Digest = shapeDigest
					before.Fields[i].Ref.Digest = shapeDigest
				}
				choices[field.File] = append(choices[field.File], scanner.Choice{Field: field, Update: update})
				before.Fields[i].Ref.Tag = shapeTag
			}
			for name, choices := range choices {
				out, err := scanner.Rewrite(tree[name].Data, choices)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				tree[name] = &fstest.MapFile{Data: out}
			}
			if diff := cmp.Diff(describeFields(before.Fields), describeFields(findIn(t, tree).Fields)); diff != "" {
				t.Errorf("after the edit -want +got\n%s", diff)
			}
		})
	}
}

// TestShapesCanBePinned adds a digest to every field that can take one, with
// the old tag and with a new one, and finds the same fields with it.
func TestShapesCanBePinned(t *testing.T) {
	t.Parallel()
	for _, file := range shapeArchives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			shape := readShape(t, file)
			for name, got := range pinAll(t, shape.tree, "") {
				if want, given := shape.pinned[name]; given {
					if diff := cmp.Diff(want, string(got.Data)); diff != "" {
						t.Errorf("%s -want +got\n%s", name, diff)
					}
				}
			}
			pinAll(t, shape.tree, shapeTag)
		})
	}
}

// pinAll gives the tree with a digest added to each field that can take one.
func pinAll(t *testing.T, tree fstest.MapFS, tag string) fstest.MapFS {
	t.Helper()
	found := findIn(t, tree)
	edits := map[string][]edit.Edit{}
	for i := range found.Fields {
		field := &found.Fields[i]
		checkRoom(t, *field)
		if field.EmptyDigest == nil && !field.DigestInTag {
			continue
		}
		field.Ref.Digest = shapeDigest
		if tag != "" {
			field.Ref.Tag = tag
		}
		edits[field.File] = append(edits[field.File], pin(*field)...)
	}
	pinned := fstest.MapFS{}
	for name, file := range tree {
		out, err := edit.Apply(file.Data, edits[name])
		if err != nil {
			t.Fatalf("pinning %s: %v", name, err)
		}
		pinned[name] = &fstest.MapFile{Data: out}
	}
	if diff := cmp.Diff(describeFields(found.Fields), describeFields(findIn(t, pinned).Fields)); diff != "" {
		t.Errorf("after pinning -want +got\n%s", diff)
	}
	return pinned
}

// pin is what writes tag and digest of a field where there was no digest.
func pin(field format.Field) []edit.Edit {
	if field.DigestInTag {
		return []edit.Edit{{Slot: *field.Tag, New: field.Ref.Tag + "@" + field.Ref.Digest}}
	}
	digest := field.Ref.Digest
	if field.BareDigest {
		digest = strings.TrimPrefix(digest, "sha256:")
	}
	edits := []edit.Edit{{Slot: *field.EmptyDigest, New: digest}}
	if field.Ref.Tag != field.Tag.Old {
		edits = append(edits, edit.Edit{Slot: *field.Tag, New: field.Ref.Tag})
	}
	return edits
}

// checkRoom tests that exactly one thing is said of where a digest goes.
func checkRoom(t *testing.T, field format.Field) {
	t.Helper()
	answers := 0
	for _, said := range []bool{field.EmptyDigest != nil, field.DigestInTag, field.DigestAdvice != ""} {
		if said {
			answers++
		}
	}
	if want := field.Skip == nil && field.Digest == nil; answers > 1 || want != (answers == 1) {
		t.Errorf("%s:%d: digest %v, empty %v, in the tag %t, advice %q", field.File, field.Line, field.Digest != nil, field.EmptyDigest != nil, field.DigestInTag, field.DigestAdvice)
	}
}

func describeFields(fields []format.Field) []string {
	lines := make([]string, 0, len(fields))
	for _, field := range fields {
		lines = append(lines, describeField(field))
	}
	return lines
}

func findIn(t *testing.T, tree fstest.MapFS) *scanner.Inventory {
	t.Helper()
	inventory, err := scanner.Find(t.Context(), tree, scanner.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return inventory
}

func shapeArchives(t *testing.T) []string {
	t.Helper()
	archives, err := filepath.Glob(shapeFolder + "/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	return archives
}

func TestEveryShapeHasAnArchive(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/shapes.md")
	if err != nil {
		t.Fatal(err)
	}
	for id := range strings.FieldsSeq(catalogue) {
		if _, err := os.Stat(filepath.Join(shapeFolder, id+".txtar")); err != nil {
			t.Errorf("shape %s: %v", id, err)
		}
		if !strings.Contains(string(page), "\n| "+id+" | ") {
			t.Errorf("shape %s is not in docs/shapes.md", id)
		}
	}
}

// shape is an archive: its files, what is wanted of them, and what some of
// them are with digests.
type shape struct {
	tree   fstest.MapFS
	want   []string
	pinned map[string]string
}

func readShape(t *testing.T, file string) shape {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Comment) == 0 {
		t.Error("the archive says nothing of its shape")
	}
	read := shape{tree: fstest.MapFS{}, pinned: map[string]string{}}
	seen := false
	for _, member := range archive.Files {
		name, options, _ := strings.Cut(member.Name, " ")
		switch name {
		case "want":
			read.want, seen = slices.DeleteFunc(strings.Split(string(member.Data), "\n"), func(line string) bool { return line == "" }), true
		case "pinned":
			read.pinned[options] = string(member.Data)
		default:
			read.tree[name] = &fstest.MapFile{Data: transform(t, member.Data, strings.Trim(options, "()"))}
		}
	}
	if !seen {
		t.Fatal("the archive has no section want")
	}
	for name := range read.pinned {
		if read.tree[name] == nil {
			t.Fatalf("section pinned %s: there is no such file", name)
		}
	}
	return read
}

// transform makes the bytes that an archive cannot show.
func transform(t *testing.T, data []byte, options string) []byte {
	t.Helper()
	text := string(data)
	for option := range strings.FieldsSeq(options) {
		lines, isPad := strings.CutPrefix(option, "pad=")
		switch {
		case isPad:
			count, err := strconv.Atoi(lines)
			if err != nil {
				t.Fatal(err)
			}
			var pad strings.Builder
			for i := range count {
				fmt.Fprintf(&pad, "pad%d: x\n", i)
			}
			text = pad.String() + text
		case option == "crlf":
			text = strings.ReplaceAll(text, "\n", "\r\n")
		case option == "mixed":
			var mixed strings.Builder
			for i, line := range strings.SplitAfter(text, "\n") {
				if i%2 == 0 {
					line = strings.ReplaceAll(line, "\n", "\r\n")
				}
				mixed.WriteString(line)
			}
			text = mixed.String()
		case option == "bom":
			text = "\ufeff" + text
		case option == "no-newline":
			text = strings.TrimSuffix(text, "\n")
		case option == "utf16le":
			text = string(utf16Bytes(binary.LittleEndian, text))
		case option == "utf16be":
			text = string(utf16Bytes(binary.BigEndian, text))
		default:
			t.Fatalf("unknown option %q", option)
		}
	}
	return []byte(text)
}

func utf16Bytes(order binary.AppendByteOrder, text string) []byte {
	data := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

func describeField(field format.Field) string {
	name := field.Ref.Name()
	if field.Ref.Path == "" {
		name = "?"
	}
	line := fmt.Sprintf("%s:%d %s %s", field.File, field.Line, field.Format, name)
	if field.Ref.Tag != "" {
		line += ":" + field.Ref.Tag
	}
	if _, hex, found := strings.Cut(field.Ref.Digest, ":"); found {
		line += "@" + hex[:12]
	}
	if field.Skip != nil {
		line += " skip=" + string(field.Skip.Code)
	}
	if field.HoldUntil != "" {
		line += " hold=" + field.HoldUntil
	}
	return line
}

// describeProblem gives a problem the text of the wanted one that it fits.
func describeProblem(problem format.Problem, want []string) string {
	prefix := fmt.Sprintf("problem %s:%d ", problem.File, problem.Line)
	for _, line := range want {
		if text, found := strings.CutPrefix(line, prefix); found && strings.Contains(problem.Message, text) {
			return line
		}
	}
	return prefix + problem.Message
}

// checkSlot tests that what would be edited is what the field says.
func checkSlot(t *testing.T, tree fstest.MapFS, field format.Field, slot *edit.Slot, text string) {
	t.Helper()
	if slot == nil || field.Skip != nil {
		return
	}
	if slot == field.Digest && field.BareDigest {
		_, text, _ = strings.Cut(text, ":")
	}
	data := tree[field.File].Data
	if from, to := slot.At.Offset, slot.At.Offset+slot.At.Length; to > len(data) || string(data[from:to]) != text {
		t.Errorf("%s:%d: the bytes %d to %d are not %q", field.File, field.Line, from, to, text)
	}
}
