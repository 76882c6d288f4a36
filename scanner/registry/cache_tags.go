package registry

import (
	"regexp"
	"strings"
)

// listing is a list of tags as it is remembered.
type listing struct {
	tags []Tag
	// lines are the beginnings of versions that other versions go on from:
	// "1" and "1.25" where there is a 1.25.3.
	lines map[string]bool
}

func newListing(tags []Tag) *listing {
	l := &listing{tags: tags, lines: map[string]bool{}}
	for _, tag := range tags {
		number := numberPattern.FindStringIndex(tag.Name)
		if number == nil {
			continue
		}
		for at := number[0]; at < number[1]; at++ {
			if tag.Name[at] == '.' {
				l.lines[tag.Name[:at]] = true
			}
		}
	}
	return l
}

var (
	// numberPattern is the version in a tag, or what looks like one.
	numberPattern = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`)
	// movingPattern is a word for what is built again and again.
	movingPattern = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:latest|nightly|edge|snapshot|dev|devel|develop|canary|unstable|testing|rolling|head)(?:$|[^a-z])`)
	// buildPattern is the hash of a commit, a date or the number of a build.
	buildPattern = regexp.MustCompile(`(?:^|[^0-9A-Za-z])[0-9a-f]{7,64}(?:$|[^0-9A-Za-z])`)
)

// movesLocked tells whether a tag is one that publishers move, going by its name
// and by the tags beside it. Names deceive: whoever moves "1.25.3" is found out
// later than others, and a forced look finds all. A caller holds the lock.
func (s *Shared) movesLocked(o owner, tag string) bool {
	number := numberPattern.FindStringIndex(strings.TrimPrefix(tag, "v"))
	switch dots := strings.Count(numberPattern.FindString(tag), "."); {
	case number == nil || movingPattern.MatchString(tag):
		return true // latest, latest-amd64, 1.0.0-SNAPSHOT
	case buildPattern.MatchString(tag), dots >= 2:
		return false
	case dots == 0 || number[0] > 0:
		return true // 16, jdk21
	}
	number = numberPattern.FindStringIndex(tag)
	known := s.memory.get(listingOf(o))
	if known == nil || known.err != nil {
		return true
	}
	listed, _ := known.value.(*listing) // a question has answers of one type
	return listed.lines[tag[:number[1]]]
}

func (s *Shared) moves(o owner, tag string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.movesLocked(o, tag)
}
