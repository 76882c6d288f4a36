package forge

import (
	"crypto/sha1" //nolint:gosec // git names its objects so
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/google/go-github/v60/github"
)

// fileOf picks the file from the answer for a path, which is a list for a folder.
func fileOf(raw json.RawMessage) (File, error) {
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
		return File{}, fmt.Errorf("%w: a folder", ErrNotFile)
	}
	var got github.RepositoryContent
	if err := json.Unmarshal(raw, &got); err != nil {
		return File{}, &UnavailableError{"a file", 0, err}
	}
	switch {
	case got.GetType() != "file":
		return File{}, fmt.Errorf("%w: a %s", ErrNotFile, quoted(got.GetType()))
	case got.GetSize() > maxFile || got.GetEncoding() == "none":
		return File{}, &TooLargeError{"a file", maxFile}
	}
	text, err := got.GetContent()
	if err == nil {
		err = sameBlob(got.GetSHA(), []byte(text))
	}
	if err != nil {
		return File{}, &UnavailableError{"a file", 0, err}
	}
	return File{got.GetSHA(), []byte(text)}, nil
}

// sameBlob holds bytes against git's name for them, which is their hash.
func sameBlob(sha string, data []byte) error {
	sum := map[bool]func() hash.Hash{true: sha256.New, false: sha1.New}[len(sha) == hex.EncodedLen(sha256.Size)]()
	fmt.Fprintf(sum, "blob %d\x00", len(data))
	sum.Write(data)
	if hex.EncodeToString(sum.Sum(nil)) != sha {
		return &UnavailableError{"a blob", 0, errors.New("its bytes do not fit its name")}
	}
	return nil
}
