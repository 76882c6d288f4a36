package dashboard

import (
	"bytes"
	"cmp"
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
	"time"
)

// Seen is when a tag of an image was first seen, by its canonical name. The tag may
// be a "tag@digest".
type Seen struct {
	Image, Tag string
	At         time.Time
}

const (
	seenBegin = "<!-- imageupdater:seen "
	seenEnd   = " -->"
	// longestSeen is how long the hidden line may be, in bytes, and mostSeen how
	// many bytes of what it holds are read.
	longestSeen = 6_000
	mostSeen    = 1 << 20
)

// mirrored is one of them as it is written down: few letters, since there may be
// many.
type mirrored struct {
	Image string `json:"i"`
	Tag   string `json:"t"`
	At    int64  `json:"s"` // seconds
}

// mirror is a hidden line that brings first-seen times back when the database is
// lost, signed with the first of the keys for this repository alone. What has been
// waiting longest comes first, and what is too much is left out: its age begins
// again then. Without a key it is "".
func mirror(seen []Seen, repository int64, keys [][]byte) string {
	keys = usable(keys)
	if len(keys) == 0 || len(seen) == 0 {
		return ""
	}
	all := make([]mirrored, 0, len(seen))
	for _, s := range seen {
		at := s.At.Add(time.Second - 1).Unix() // never sooner than it was
		all = append(all, mirrored{s.Image, s.Tag, at})
	}
	slices.SortFunc(all, func(a, b mirrored) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Image, b.Image), strings.Compare(a.Tag, b.Tag))
	})
	all = slices.Compact(all)
	for ; len(all) > 0; all = all[:len(all)*3/4] {
		payload, err := packed(all)
		if err != nil {
			return ""
		}
		line := seenBegin + base64.RawStdEncoding.EncodeToString(payload) + "." +
			base64.RawStdEncoding.EncodeToString(sign(keys[0], repository, payload)) + seenEnd
		if len(line) <= longestSeen {
			return line
		}
	}
	return ""
}

// ReadSeen reads what the App's part of the issue mirrors. What none of the keys
// signed for this repository counts for nothing.
func ReadSeen(text string, repository int64, keys [][]byte) []Seen {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, seenBegin) && strings.HasSuffix(line, seenEnd) && len(line) <= longestSeen {
			return readSeen(strings.TrimSuffix(strings.TrimPrefix(line, seenBegin), seenEnd), repository, keys)
		}
	}
	return nil
}

func readSeen(text string, repository int64, keys [][]byte) []Seen {
	data, sum, _ := strings.Cut(text, ".")
	payload, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return nil
	}
	signed, err := base64.RawStdEncoding.DecodeString(sum)
	if err != nil || !slices.ContainsFunc(usable(keys), func(key []byte) bool { return hmac.Equal(sign(key, repository, payload), signed) }) {
		return nil
	}
	unpacked, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(payload)), mostSeen))
	var all []mirrored
	if err != nil || json.Unmarshal(unpacked, &all) != nil {
		return nil
	}
	seen := make([]Seen, 0, len(all))
	for _, m := range all {
		seen = append(seen, Seen{m.Image, m.Tag, time.Unix(m.At, 0).UTC()})
	}
	return seen
}

func usable(keys [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(keys), func(key []byte) bool { return len(key) == 0 })
}

// sign is the HMAC of a payload. Its first words keep it from passing for what the
// same key signs elsewhere.
func sign(key []byte, repository int64, payload []byte) []byte {
	text := binary.BigEndian.AppendUint64([]byte("imageupdater first seen v1"), uint64(repository)) //nolint:gosec // an id's bits, whatever its sign
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(append(text, payload...)) // never fails
	return mac.Sum(nil)
}

func packed(all []mirrored) ([]byte, error) {
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing down when tags were first seen: %w", err)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("packing when tags were first seen: %w", err)
	}
	return b.Bytes(), nil
}
