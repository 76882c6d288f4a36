package proposal

import (
	"fmt"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/sealed"
)

const (
	markerBegin = "<!-- imageupdater:v1 "
	markerEnd   = " -->"
	// longestMarker is how much of a body a marker may take, in bytes. One that
	// would be longer is left out: the record is in the commit.
	longestMarker = 4_000
	// mostMarked is how many updates a record has at most that is tried: more do not fit.
	mostMarked = 1_000
	// readMarker is the longest one that is looked at.
	readMarker = 64_000
)

// Seat is where a pull request is: nothing that was signed for one holds in
// another.
type Seat struct {
	RepositoryID int64
	Base, Branch string
}

func (s Seat) purpose() sealed.Purpose {
	return sealed.Purpose{Name: "marker v1", RepositoryID: s.RepositoryID, Place: []string{s.Base, s.Branch}}
}

// Marked is what a marker says of a commit of the App's. Since it names the commit
// it says nothing of any other: an old marker that somebody puts back is none.
type Marked struct {
	Commit  string  `json:"commit"`
	BuiltOn string  `json:"builtOn"`
	Record  *Record `json:"record"`
}

// Marker is the last line of a body: a hidden copy of the record, signed with the
// first of the keys. It saves reading the commit that it names. Without a key, and
// where it would be too long, it is "".
func Marker(m *Marked, seat Seat, keys ...[]byte) (string, error) {
	if m.Record != nil && len(m.Record.Updates) > mostMarked {
		return "", nil
	}
	text, err := sealed.Seal(m, seat.purpose(), keys)
	if err != nil {
		return "", fmt.Errorf("the marker: %w", err)
	}
	marker := markerBegin + text + markerEnd
	if text == "" || len(marker) > longestMarker {
		return "", nil
	}
	return marker, nil
}

// ReadMarker is what a body's last line says; nil where there is none, or where
// none of the keys has signed it for this very seat. Then the commit tells.
func ReadMarker(body string, seat Seat, keys ...[]byte) *Marked {
	_, marker := parted(body)
	text := strings.TrimSuffix(strings.TrimPrefix(marker, markerBegin), markerEnd)
	m := &Marked{}
	if !sealed.Open(text, m, mostRecord, seat.purpose(), keys) {
		return nil
	}
	if m.Record == nil || m.Record.Schema < 1 || m.Record.Schema > schema || m.Record.RepositoryID != seat.RepositoryID {
		return nil
	}
	return m
}

// sameBody tells whether two bodies say the same to people. Their markers may
// differ: by the key, or by the version of the program that wrote them. So may what
// GitHub changes of a text by itself.
func sameBody(a, b string) bool {
	a, _ = parted(a)
	b, _ = parted(b)
	return a == b
}

// parted takes a body's last line off where it is a marker.
func parted(body string) (text, marker string) {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	last := body[strings.LastIndexByte(body, '\n')+1:]
	if len(last) > readMarker || !strings.HasPrefix(last, markerBegin) || !strings.HasSuffix(last, markerEnd) {
		return body, ""
	}
	return strings.TrimSpace(strings.TrimSuffix(body, last)), last
}
