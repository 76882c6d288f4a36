package githubtest

import (
	"net/http"
)

// Limits are GitHub's sizes, which a test may lower; 0 is GitHub's own.
type Limits struct {
	// TreeEntries and TreeBytes are how much a reading of a tree gives.
	TreeEntries, TreeBytes int
	// DirectoryEntries is how many entries a directory of the contents has.
	DirectoryEntries int
	// FileBytes is up to where the contents hold a file's text; a larger one
	// is given raw alone.
	FileBytes int
	// BlobBytes is up to where a blob is taken and given at all.
	BlobBytes int
}

func (l Limits) orGitHubs() Limits {
	for _, limit := range []struct {
		value *int
		own   int
	}{
		{&l.TreeEntries, 100_000},
		{&l.TreeBytes, 7_000_000},
		{&l.DirectoryEntries, 1000},
		{&l.FileBytes, 1 << 20},
		{&l.BlobBytes, 100 << 20},
	} {
		if *limit.value == 0 {
			*limit.value = limit.own
		}
	}
	return l
}

// tooLargeToGive refuses a blob beyond what GitHub gives.
func (c *call) tooLargeToGive(data []byte) *reply {
	if len(data) <= c.limits.BlobBytes {
		return nil
	}
	r := failure(http.StatusForbidden, "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API.")
	if body, isObject := r.body.(object); isObject {
		body["errors"] = []object{{"resource": "Blob", "field": "data", "code": "too_large"}}
	}
	return &r
}

// tooLargeToTake refuses a blob beyond what GitHub stores.
func (c *call) tooLargeToTake(data []byte) *reply {
	if len(data) <= c.limits.BlobBytes {
		return nil
	}
	r := invalid("Blob", "content", "too_large", "")
	return &r
}
