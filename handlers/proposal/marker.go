package proposal

import (
	"bytes"
	"compress/flate"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	markerBegin = "<!-- imageupdater:v1 "
	markerEnd   = " -->"
	// longestMarker is how much of a body a marker may take, in bytes. One that
	// would be longer is left out: the record is in the commit.
	longestMarker = 4_000
	// longestPacked is the longest record that is tried, in bytes.
	longestPacked = 1 << 18
	// readMarker is the longest one that is looked at.
	readMarker = 64_000
)

// Seat is where a pull request is: nothing that was signed for one holds in
// another.
type Seat struct {
	RepositoryID int64
	Base, Branch string
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
	keys = usable(keys)
	if len(keys) == 0 {
		return "", nil
	}
	payload, err := pack(m)
	if err != nil {
		return "", err
	}
	marker := markerBegin + base64.RawStdEncoding.EncodeToString(payload) + "." +
		base64.RawStdEncoding.EncodeToString(sign(keys[0], seat, payload)) + markerEnd
	if len(payload) == 0 || len(marker) > longestMarker {
		return "", nil
	}
	return marker, nil
}

// ReadMarker is what a body's last line says; nil where there is none, or where
// none of the keys has signed it for this very seat. Then the commit tells.
func ReadMarker(body string, seat Seat, keys ...[]byte) *Marked {
	_, marker := parted(body)
	text, sum, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(marker, markerBegin), markerEnd), ".")
	payload, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(payload) == 0 {
		return nil
	}
	signed, err := base64.RawStdEncoding.DecodeString(sum)
	if err != nil || !slices.ContainsFunc(usable(keys), func(key []byte) bool { return hmac.Equal(sign(key, seat, payload), signed) }) {
		return nil
	}
	m := unpack(payload)
	if m == nil || m.Record == nil || m.Record.Schema < 1 || m.Record.Schema > schema || m.Record.RepositoryID != seat.RepositoryID {
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

func usable(keys [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(keys), func(key []byte) bool { return len(key) == 0 })
}

// sign is the HMAC of a payload at its seat. Each part goes with its length, so
// that none can pass for another.
func sign(key []byte, seat Seat, payload []byte) []byte {
	text := []byte("imageupdater marker v1")
	text = binary.BigEndian.AppendUint64(text, uint64(seat.RepositoryID)) //nolint:gosec // an id's bits, whatever its sign
	for _, part := range [][]byte{[]byte(seat.Base), []byte(seat.Branch), payload} {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(text) // never fails
	return mac.Sum(nil)
}

// pack makes what is marked short; of what is far too long it makes nothing.
func pack(m *Marked) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing down what the pull request does: %w", err)
	}
	if len(text) > longestPacked {
		return nil, nil
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("packing what the pull request does: %w", err)
	}
	if _, err = w.Write(text); err != nil {
		return nil, fmt.Errorf("packing what the pull request does: %w", err)
	}
	if err = w.Close(); err != nil {
		return nil, fmt.Errorf("packing what the pull request does: %w", err)
	}
	return b.Bytes(), nil
}

func unpack(payload []byte) *Marked {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(payload)), mostRecord))
	if err != nil {
		return nil
	}
	var m Marked
	if json.Unmarshal(text, &m) != nil {
		return nil
	}
	return &m
}
