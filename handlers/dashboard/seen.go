package dashboard

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/sealed"
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
		text, err := sealed.Seal(all, mirroring(repository), keys)
		if err != nil || text == "" {
			return ""
		}
		if line := seenBegin + text + seenEnd; len(line) <= longestSeen {
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
	var all []mirrored
	if !sealed.Open(text, &all, mostSeen, mirroring(repository), keys) {
		return nil
	}
	seen := make([]Seen, 0, len(all))
	for _, m := range all {
		seen = append(seen, Seen{m.Image, m.Tag, time.Unix(m.At, 0).UTC()})
	}
	return seen
}

func mirroring(repository int64) sealed.Purpose {
	return sealed.Purpose{Name: "first seen v1", RepositoryID: repository}
}
