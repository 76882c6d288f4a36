package format

import (
	"cmp"

	"go.yaml.in/yaml/v4"
)

// room is where a digest could be added to a tag that has none.
type room struct {
	// inTag: behind the tag, in its own scalar.
	inTag bool
	// empty is the empty digest that goes with the tag. It may be filled where
	// fits is set, with the digits alone where bare is.
	empty *yaml.Node
	fits  bool
	bare  bool
	// advice is what to do where there is no room.
	advice string
}

// What to do where there is no room for a digest.
const (
	adviseKey      = `add digest: "" beside the tag, if the chart reads a digest there`
	adviseWhole    = `write the whole reference in one value, as in name:tag@sha256:…, or add digest: "" beside the tag if whatever reads this takes a digest there`
	adviseOwn      = `the empty digest is shared by an anchor or a merge key: write digest: "" beside the tag, for this image alone`
	adviseOne      = "two keys beside the tag could take the digest: keep the one that the chart reads"
	adviseSwitch   = "useDigest is false, so that the chart reads no digest: set it to true"
	adviseForm     = "nothing says whether the chart puts sha256: before this key's value: write a digest once in the form that it reads"
	adviseApart    = `the tag is used elsewhere by its anchor: add digest: "" beside it`
	adviseOwnValue = `appVersion holds a version alone: write the tag in the values, with digest: "" beside it if the chart reads one`
)

// digitKeys are keys of digests whose readers put "sha256:" before the value.
// shasum is written both ways, so that an empty one says nothing.
//
//nolint:gochecknoglobals // a table, never written
var digitKeys = map[string]bool{"sha": true, "sha256": true}

// readRoom notes an empty digest that a map holds or inherits.
func (c *candidate) readRoom(m *parted) {
	empty := m.nodes[partDigest]
	if empty == nil || filled(empty) {
		return
	}
	c.room.empty, c.room.inTag, c.room.fits = empty, false, false
	own, keys, off := "", 0, false
	for key, value := range pairs(m.of) {
		off = off || key.Value == "useDigest" && resolve(value).Value == "false"
		if !m.isDigest(key.Value) {
			continue
		}
		keys++
		if value == empty && value.Anchor == "" {
			own = key.Value
		}
	}
	switch {
	case keys > 1:
		c.room.advice = adviseOne
	case own == "":
		c.room.advice = adviseOwn
	case off:
		c.room.advice = adviseSwitch
	case own == "shasum", digitKeys[own] && !c.at.rules.bareDigest:
		c.room.advice = adviseForm
	default:
		c.room.fits, c.room.bare = true, digitKeys[own]
	}
}

// isDigest tells whether a key of the map holds a digest of its image.
func (p *parted) isDigest(key string) bool {
	role, known := parts[key]
	return key == p.digestKey || p.digestKey == "" && known && role == partDigest
}

// absorb is about two places that use one tag: what is added to one of them
// would be missing from the other.
func (r *room) absorb(other *candidate) {
	if other.weak() && other.room.empty == nil {
		return // no more than the tag
	}
	if r.empty != other.room.empty {
		r.fits, r.advice = false, adviseOwn
	}
	r.inTag = r.inTag && other.room.inTag
}

// reserve keeps empty digests that several images read from being filled.
func reserve(fields []*candidate) {
	readers := map[*yaml.Node]int{}
	for _, c := range fields {
		readers[c.room.empty]++
	}
	for _, c := range fields {
		if c.room.fits && readers[c.room.empty] > 1 {
			c.room.fits, c.room.advice = false, adviseOwn
		}
	}
}

// makeRoom tells where the field can take a digest.
func (c *candidate) makeRoom(field *Field) {
	advice := c.room.advice
	if c.room.fits {
		slot, err := c.at.text.Slot(c.room.empty, 0, len(c.room.empty.Value))
		if err == nil {
			field.EmptyDigest, field.BareDigest = &slot, c.room.bare
			return
		}
		advice = "the empty digest cannot be written: " + err.Error()
	}
	if c.room.inTag {
		field.DigestInTag = true
		return
	}
	general := adviseWhole
	if c.at.rules.format == Helm || c.at.rules.anyParent {
		general = adviseKey
	}
	field.DigestAdvice = cmp.Or(advice, general)
}
