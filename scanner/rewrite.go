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
	var edits []edit.Edit
	if c.Field.Tag == nil && c.Update.Tag != c.Field.Ref.Tag {
		return nil, fmt.Errorf("%s line %d: there is no tag of %s to write", c.Field.File, c.Field.Line, c.Field.Ref.Name())
	}
	if c.Field.Tag != nil && c.Update.Tag != c.Field.Ref.Tag {
		edits = append(edits, edit.Edit{Slot: *c.Field.Tag, New: c.Update.Tag})
	}
	if c.Field.Digest == nil {
		return edits, nil
	}
	if c.Update.Digest == "" {
		return nil, fmt.Errorf("%s line %d: the update of %s has no digest to replace the one that is there", c.Field.File, c.Field.Line, c.Field.Ref.Name())
	}
	digest := c.Update.Digest
	if c.Field.BareDigest {
		var isSHA256 bool
		if digest, isSHA256 = strings.CutPrefix(digest, "sha256:"); !isSHA256 {
			return nil, fmt.Errorf("%s line %d: a key that holds a bare sha256 cannot take %s", c.Field.File, c.Field.Line, digest)
		}
	}
	if c.Update.Digest != c.Field.Ref.Digest {
		edits = append(edits, edit.Edit{Slot: *c.Field.Digest, New: digest})
	}
	return edits, nil
}
