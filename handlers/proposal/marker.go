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
	// longestMarker is how much of a body a marker may take, in bytes. The record
	// of one that would be longer is left out: it is in the commit.
	longestMarker = 16_000
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

// Marker is the last line of a body: a hidden copy of the record, signed with the
// first of the keys. It saves reading the commit and decides nothing. Without a
// key it is "".
func Marker(r *Record, seat Seat, keys ...[]byte) (string, error) {
	keys = usable(keys)
	if len(keys) == 0 {
		return "", nil
	}
	payload, err := pack(r)
	if err != nil {
		return "", err
	}
	if base64.RawStdEncoding.EncodedLen(len(payload)) > longestMarker {
		payload = nil
	}
	return markerBegin + base64.RawStdEncoding.EncodeToString(payload) + "." +
		base64.RawStdEncoding.EncodeToString(sign(keys[0], seat, payload)) + markerEnd, nil
}

// ReadMarker is the record that a body's last line holds; nil where there is none,
// or where none of the keys has signed it for this very seat. A body without a
// record may be of ours all the same: then the commit says more.
func ReadMarker(body string, seat Seat, keys ...[]byte) *Record {
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
	r := unpack(payload)
	if r == nil || r.Schema < 1 || r.Schema > schema || r.RepositoryID != seat.RepositoryID {
		return nil
	}
	return r
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

// pack makes a record short; of one that is far too long it makes nothing.
func pack(r *Record) ([]byte, error) {
	text, err := json.Marshal(r)
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

func unpack(payload []byte) *Record {
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(payload)), mostRecord))
	if err != nil {
		return nil
	}
	var r Record
	if json.Unmarshal(text, &r) != nil {
		return nil
	}
	return &r
}
