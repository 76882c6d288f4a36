// Package corpus tries the scanner on whole trees of manifests: real ones from
// the shared folder, when it is there, and the project's own small ones.
package corpus

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing/fstest"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// newTags are what is written in turn: a plain word, one that YAML reads as a
// number, one that only old YAML does.
func newTags() []string { return []string{"v9.9.9-x1", "1.10", "1234e56", "0123"} }

const newDigest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// Tally counts edits.
type Tally struct{ Fields, Edits, Quoted int }

// CheckEdits writes new tags and digests into every field of a tree that may
// be updated, one at a time and all of a file at once. Each time only the
// field's own bytes may change (and quotes come around them, where YAML needs
// them), and the fields found afterwards must be those found before but for
// the one that was written. The error names the first field that fails.
func CheckEdits(ctx context.Context, tree fs.FS) (Tally, error) {
	var tally Tally
	before, err := scanner.Find(ctx, tree, scanner.FindOptions{})
	if err != nil {
		return tally, err
	}
	files, err := load(tree)
	if err != nil {
		return tally, err
	}
	byFile := map[string][]scanner.Choice{}
	for i, field := range before.Fields {
		if field.Skip != nil {
			continue
		}
		tally.Fields++
		for _, tag := range newTags() {
			choice := choose(field, tag)
			if err := checkOne(ctx, files, before, i, choice, &tally); err != nil {
				return tally, fmt.Errorf("%s line %d %s, tag %s: %w", field.File, field.Line, field.Path, tag, err)
			}
		}
		byFile[field.File] = append(byFile[field.File], choose(field, "v9.9.9-x1"))
	}
	for file, choices := range byFile {
		if _, err := scanner.Rewrite(files[file].Data, choices); err != nil {
			return tally, fmt.Errorf("%s, all fields at once: %w", file, err)
		}
	}
	return tally, nil
}

func load(tree fs.FS) (fstest.MapFS, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	return files, err
}

func choose(field format.Field, tag string) scanner.Choice {
	update := scanner.Update{Kind: version.Major, Tag: tag}
	if field.Digest != nil {
		update.Digest = newDigest
	}
	return scanner.Choice{Field: field, Update: update}
}

func checkOne(ctx context.Context, files fstest.MapFS, before *scanner.Inventory, index int, choice scanner.Choice, tally *Tally) error {
	field := choice.Field
	src := files[field.File].Data
	out, err := scanner.Rewrite(src, []scanner.Choice{choice})
	if err != nil {
		return err
	}
	tally.Edits++
	quoted, err := onlyTheFieldChanged(src, out, choice)
	if err != nil {
		return err
	}
	if quoted {
		tally.Quoted++
	}
	changed := maps.Clone(files)
	changed[field.File] = &fstest.MapFile{Data: out}
	after, err := scanner.Find(ctx, changed, scanner.FindOptions{Workers: 1})
	if err != nil {
		return err
	}
	return sameButFor(before, after, index, choice)
}

// onlyTheFieldChanged compares with a splice of its own.
func onlyTheFieldChanged(src, out []byte, choice scanner.Choice) (quoted bool, err error) {
	want := bytes.Clone(src)
	tag, digest := choice.Field.Tag, choice.Field.Digest
	if digest != nil {
		text := choice.Update.Digest
		if choice.Field.BareDigest {
			text = strings.TrimPrefix(text, "sha256:")
		}
		if tag != nil && tag.At.Offset > digest.At.Offset {
			want = splice(want, tag.At, choice.Update.Tag)
			tag = nil
		}
		want = splice(want, digest.At, text)
	}
	if tag != nil {
		want = splice(want, tag.At, choice.Update.Tag)
	}
	if bytes.Equal(want, out) {
		return false, nil
	}
	if unquoted := withoutNewQuotes(out, choice); bytes.Equal(want, unquoted) {
		return true, nil
	}
	return false, fmt.Errorf("other bytes changed:\nwant %q\ngot  %q", around(want, out), around(out, want))
}

func splice(src []byte, at edit.Position, text string) []byte {
	return append(append(append([]byte{}, src[:at.Offset]...), text...), src[at.Offset+at.Length:]...)
}

// withoutNewQuotes takes the quotes off the scalar that holds the new tag,
// which must be the scalar that held the old one.
func withoutNewQuotes(out []byte, choice scanner.Choice) []byte {
	start := choice.Field.Tag.At.Offset - choice.Field.Tag.From
	if start < 0 || start >= len(out) || out[start] != '"' {
		return nil
	}
	end := bytes.IndexByte(out[start+1:], '"')
	if end < 0 {
		return nil
	}
	end += start + 1
	unquoted := append([]byte{}, out[:start]...)
	unquoted = append(unquoted, out[start+1:end]...)
	return append(unquoted, out[end+1:]...)
}

func around(a, b []byte) []byte {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return a[max(0, i-40):min(len(a), i+60)]
}

// sameButFor compares what was found before and after. Fields that share the
// written scalar by an anchor are one field.
func sameButFor(before, after *scanner.Inventory, index int, choice scanner.Choice) error {
	if len(before.Fields) != len(after.Fields) {
		return fmt.Errorf("%d fields became %d", len(before.Fields), len(after.Fields))
	}
	for i, old := range before.Fields {
		now := after.Fields[i]
		want := old.Ref
		if i == index {
			want = written(old, choice.Update)
		}
		if now.Ref != want && !sharesScalar(old, choice.Field) {
			return fmt.Errorf("%s line %d: reads %+v, want %+v", now.File, now.Line, now.Ref, want)
		}
		if i == index && now.Skip != nil {
			return fmt.Errorf("the field is now skipped: %s", now.Skip.Detail)
		}
	}
	return nil
}

func written(field format.Field, update scanner.Update) image.Reference {
	ref := field.Ref
	if field.Tag != nil {
		ref.Tag = update.Tag
	}
	if field.Digest != nil {
		ref.Digest = update.Digest
	}
	return ref
}

func sharesScalar(a, b format.Field) bool {
	return a.File == b.File && a.Tag != nil && b.Tag != nil && a.Tag.At == b.Tag.At
}
