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
// Words in parentheses behind a file's name say how its bytes differ from what is shown.
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
			tree, want := readShape(t, file)
			inventory := findIn(t, tree)
			got := make([]string, 0, len(inventory.Fields)+len(inventory.Problems))
			for _, field := range inventory.Fields {
				got = append(got, describeField(field))
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

// TestShapesCanBeWritten updates every field that may be, in all files, and
// finds the same fields with what was written.
func TestShapesCanBeWritten(t *testing.T) {
	t.Parallel()
	// A tag that YAML would take for a number, and lose its zero.
	update := scanner.Update{Tag: "1.10", Digest: "sha256:" + strings.Repeat("0badc0de", 8)}
	for _, file := range shapeArchives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			tree, _ := readShape(t, file)
			before := findIn(t, tree)
			choices := map[string][]scanner.Choice{}
			for i, field := range before.Fields {
				if field.Skip == nil {
					choices[field.File] = append(choices[field.File], scanner.Choice{Field: field, Update: update})
					before.Fields[i].Ref.Tag = update.Tag
					if field.Digest != nil {
						before.Fields[i].Ref.Digest = update.Digest
					}
				}
			}
			for name, choices := range choices {
				out, err := scanner.Rewrite(tree[name].Data, choices)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				tree[name] = &fstest.MapFile{Data: out}
			}
			var got, want []string
			for _, field := range findIn(t, tree).Fields {
				got = append(got, describeField(field))
			}
			for _, field := range before.Fields {
				want = append(want, describeField(field))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after the edit -want +got\n%s", diff)
			}
		})
	}
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

// readShape reads an archive: the files as a tree, and what is wanted of them.
func readShape(t *testing.T, file string) (fstest.MapFS, []string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Comment) == 0 {
		t.Error("the archive says nothing of its shape")
	}
	tree := fstest.MapFS{}
	var want []string
	seen := false
	for _, member := range archive.Files {
		if member.Name == "want" {
			want, seen = slices.DeleteFunc(strings.Split(string(member.Data), "\n"), func(line string) bool { return line == "" }), true
			continue
		}
		name, options, _ := strings.Cut(member.Name, " ")
		tree[name] = &fstest.MapFile{Data: transform(t, member.Data, strings.Trim(options, "()"))}
	}
	if !seen {
		t.Fatal("the archive has no section want")
	}
	return tree, want
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
