package scanner

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// Choice is one update of one field to write.
type Choice struct {
	Field  format.Field
	Update Update
}

// Rewrite returns the bytes of a file with the chosen updates written, all at
// once, and nothing else changed. Tag and digest of an image change together.
// It fails rather than return anything that differs in more than the planned
// values; the errors are those of package edit. src is not modified.
func Rewrite(src []byte, choices []Choice) ([]byte, error) {
	var edits []edit.Edit
	wanted := map[edit.Position]string{}
	for _, choice := range choices {
		added, err := choice.edits()
		if err != nil {
			return nil, err
		}
		for _, e := range added {
			// Fields that share a value by an anchor change it once.
			if text, twice := wanted[e.Slot.At]; twice && text == e.New {
				continue
			}
			wanted[e.Slot.At] = e.New
			edits = append(edits, e)
		}
	}
	out, err := edit.Apply(src, edits)
	if err == nil {
		return out, nil
	}
	if len(choices) > 1 {
		for _, choice := range choices {
			if _, alone := Rewrite(src, []Choice{choice}); alone != nil {
				return nil, alone
			}
		}
	}
	return nil, fmt.Errorf("editing line %d: %w", choices[0].Field.Line, err)
}

// edits are those of one field. A digest that the update does not know must
// not stay beside a tag that moves.
func (c Choice) edits() ([]edit.Edit, error) {
	tagMoves := c.Update.Tag != c.Field.Ref.Tag
	if c.Field.Tag == nil && tagMoves {
		return nil, c.errorf("there is no tag of %s to write", c.Field.Ref.Name())
	}
	var edits []edit.Edit
	if tagMoves {
		edits = append(edits, edit.Edit{Slot: *c.Field.Tag, New: c.Update.Tag})
	}
	switch {
	case c.Field.Digest != nil && c.Update.Digest == "":
		return nil, c.errorf("the update of %s has no digest to replace the one that is there", c.Field.Ref.Name())
	case c.Update.Digest == "" || c.Update.Digest == c.Field.Ref.Digest:
		return edits, nil
	case c.Field.Digest == nil && c.Field.EmptyDigest == nil && c.Field.DigestInTag:
		return []edit.Edit{{Slot: *c.Field.Tag, New: c.Update.Tag + "@" + c.Update.Digest}}, nil
	}
	slot := c.Field.Digest
	if slot == nil {
		slot = c.Field.EmptyDigest
	}
	if slot == nil {
		return nil, c.errorf("there is no place for the digest of %s", c.Field.Ref.Name())
	}
	digest := c.Update.Digest
	if c.Field.BareDigest {
		var isSHA256 bool
		if digest, isSHA256 = strings.CutPrefix(digest, "sha256:"); !isSHA256 {
			return nil, c.errorf("a key that holds a bare sha256 cannot take %s", digest)
		}
	}
	return append(edits, edit.Edit{Slot: *slot, New: digest}), nil
}

func (c Choice) errorf(text string, args ...any) error {
	return fmt.Errorf("%s line %d: %s", c.Field.File, c.Field.Line, fmt.Sprintf(text, args...))
}
