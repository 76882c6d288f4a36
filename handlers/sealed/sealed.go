// Package sealed writes what the App has to remember into texts that anybody may edit:
// packed and signed, so that what comes back is what the App wrote at that very place,
// or nothing.
package sealed

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

// Purpose is what something is sealed for and where: what holds for one purpose holds
// for no other.
type Purpose struct {
	// Name tells apart what one key signs for different ends.
	Name string
	// RepositoryID is GitHub's, and Place where in that repository.
	RepositoryID int64
	Place        []string
}

// Seal packs a value and signs it with the first of the keys (others are older ones, by
// which Open still knows it). The text has neither spaces nor anything that ends a
// comment. Without a key it is "".
func Seal(value any, purpose Purpose, keys [][]byte) (string, error) {
	keys = usable(keys)
	if len(keys) == 0 {
		return "", nil
	}
	payload, err := pack(value)
	if err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(payload) + "." + base64.RawStdEncoding.EncodeToString(sign(keys[0], &purpose, payload)), nil
}

// Open reads what one of the keys sealed for that purpose, up to so many bytes, into a
// value. It says whether it could.
func Open(text string, value any, most int64, purpose Purpose, keys [][]byte) bool {
	data, sum, _ := strings.Cut(text, ".")
	payload, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil || len(payload) == 0 {
		return false
	}
	signed, err := base64.RawStdEncoding.DecodeString(sum)
	if err != nil || !slices.ContainsFunc(usable(keys), func(key []byte) bool { return hmac.Equal(sign(key, &purpose, payload), signed) }) {
		return false
	}
	unpacked, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(payload)), most))
	return err == nil && json.Unmarshal(unpacked, value) == nil
}

func usable(keys [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(keys), func(key []byte) bool { return len(key) == 0 })
}

// sign is the HMAC of a payload for a purpose. Each part goes with its length, so that
// none can pass for another.
func sign(key []byte, purpose *Purpose, payload []byte) []byte {
	text := []byte("imageupdater " + purpose.Name)
	text = binary.BigEndian.AppendUint64(text, uint64(purpose.RepositoryID)) //nolint:gosec // an id's bits, whatever its sign
	for _, place := range purpose.Place {
		text = binary.BigEndian.AppendUint64(text, uint64(len(place)))
		text = append(text, place...)
	}
	text = binary.BigEndian.AppendUint64(text, uint64(len(payload)))
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(append(text, payload...)) // never fails
	return mac.Sum(nil)
}

func pack(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("writing down what is to be sealed: %w", err)
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
		return nil, fmt.Errorf("packing what is to be sealed: %w", err)
	}
	return b.Bytes(), nil
}
