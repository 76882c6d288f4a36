package registry

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// googleFirstPage asks as go-containerregistry asks Google. The answer holds
// everything.
const googleFirstPage = "n=10000"

// maxGoogleEntry is how many bytes one digest may take in a list of tags. Only
// one with thousands of tags has more, and they are left unexplained.
const maxGoogleEntry = 64 << 10

// maxExplained is how many tags of a list are explained at most.
const maxExplained = 50_000

// isGoogle tells whether a registry is Google's, or leads to one as that of
// Kubernetes does. Only a whole domain counts: "gcr.io.example.com" is anybody.
func isGoogle(host string) bool {
	return slices.Contains([]string{"gcr.io", "registry.k8s.io"}, host) ||
		strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, ".pkg.dev")
}

// googleFacts are what Google's list of tags has beside names, by tag.
type googleFacts map[string]googleFact

type googleFact struct {
	Tag

	digest string
}

// googleManifest is what the list has of a digest, as package google of
// go-containerregistry reads it.
type googleManifest struct {
	MediaType string   `json:"mediaType"`
	Uploaded  string   `json:"timeUploadedMs"`
	Tags      []string `json:"tag"`
}

// read reads what a page says of its digests. What has another form than it
// should is passed over; the names of the tags stand elsewhere.
func (g googleFacts) read(decoder *json.Decoder, now time.Time) error {
	start, err := decoder.Token()
	if err != nil {
		return errNoList
	}
	if start != json.Delim('{') && start != json.Delim('[') {
		return nil
	}
	for decoder.More() {
		if start == json.Delim('[') {
			err = skip(decoder)
		} else {
			err = g.readEntry(decoder, now)
		}
		if err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errNoList
	}
	return nil
}

// readEntry reads a digest and what is said of it.
func (g googleFacts) readEntry(decoder *json.Decoder, now time.Time) error {
	key, err := decoder.Token()
	if err != nil {
		return errNoList
	}
	var entry json.RawMessage
	if decoder.Decode(&entry) != nil {
		return errNoList
	}
	digest, _ := key.(string) // the decoder has no other keys
	if image.ValidDigest(digest) && len(entry) <= maxGoogleEntry {
		g.learn(digest, entry, now)
	}
	return nil
}

// learn keeps what is said of a digest for each of its tags. A tag with two
// digests is left unexplained.
func (g googleFacts) learn(digest string, entry json.RawMessage, now time.Time) {
	var manifest googleManifest
	if json.Unmarshal(entry, &manifest) != nil {
		return
	}
	for _, tag := range manifest.Tags {
		if !image.ValidTag(tag) || len(g) >= maxExplained {
			continue
		}
		fact := googleFact{manifest.tag(tag, digest, now), digest}
		if known, found := g[tag]; found && known.digest != digest {
			fact = googleFact{Tag: Tag{Name: tag}}
		}
		g[tag] = fact
	}
}

func (m *googleManifest) tag(name, digest string, now time.Time) Tag {
	tag := Tag{Name: name}
	if ms, err := strconv.ParseInt(m.Uploaded, 10, 64); err == nil {
		tag.Pushed = sane(time.UnixMilli(ms), now)
	}
	if kind := kindOf(m.MediaType); kind == kindImage || kind == kindIndex {
		tag.Manifest = &Manifest{Digest: digest, Index: kind == kindIndex}
	}
	return tag
}
