package edit

// Mark is where the YAML parser saw a scalar: 1-based line and column, in
// characters, within the text that holds it.
type Mark struct {
	Line, Column int
}

// Position is a place in a file, as an editor shows it.
type Position struct {
	// Line is 1-based.
	Line int `json:"line"`
	// Column is 1-based, in characters.
	Column int `json:"column"`
	// Offset is 0-based, in bytes from the start of the file.
	Offset int `json:"offset"`
	// Length is in bytes.
	Length int `json:"length"`
}

// Slot is a piece of one scalar that an edit may replace: all of
// `tag: 1.2.3`, or the tag within `image: acme/web:1.2.3`. It is plain data:
// it can be stored and applied later to the same bytes.
type Slot struct {
	// Carriers are the block scalars that hold the YAML in which the scalar
	// stands, outermost first; empty for a scalar of the file itself.
	Carriers []Mark
	// Scalar is the scalar, in the innermost text.
	Scalar Mark
	// From and To bound the piece, in bytes of the scalar's value.
	From, To int
	// Old is the text of the piece. Applying an edit to bytes that no longer
	// say this fails.
	Old string
	// At is the piece in the file.
	At Position
}

// Edit says what shall stand in a slot.
type Edit struct {
	Slot Slot
	New  string
}
