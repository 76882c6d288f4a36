package version

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// within tells whether a version lies in a range. A pre-release does where its
// release does, and where the range names pre-releases that it fits.
func within(r *semver.Constraints, v *Version) bool {
	return r.Check(comparableVersion(v, false)) || v.PreRelease() && r.Check(comparableVersion(v, true))
}

// comparableVersion is a version as ranges know it: its first three parts,
// those that are not there as zero. Parts beyond 64 bits are as large as can be.
func comparableVersion(v *Version, pre bool) *semver.Version {
	var parts [3]uint64
	for i := range min(len(parts), len(v.parts)) {
		n, err := strconv.ParseUint(string(v.parts[i]), 10, 64)
		if err != nil {
			n = math.MaxUint64
		}
		parts[i] = n
	}
	name := ""
	if pre {
		name = v.pre.String()
	}
	return semver.New(parts[0], parts[1], parts[2], name, "")
}

// String is "rc.1".
func (p *preRelease) String() string {
	words := []string{p.word}
	for _, n := range p.numbers {
		words = append(words, string(n))
	}
	return strings.Join(words, ".")
}

// Reach is the range, as constraints are written, of the versions to which a major,
// minor or patch step leads from v; "" for other kinds. A new year of a calendar
// version is a minor step.
func (v Version) Reach(kind Kind) string {
	at := comparableVersion(&v, false)
	switch {
	case v.calendar() && kind == Minor:
		return fmt.Sprintf(">=%d.%d", at.Major(), at.Minor()+1)
	case kind == Major:
		return fmt.Sprintf(">=%d", at.Major()+1)
	case kind == Minor:
		return fmt.Sprintf(">=%d.%d <%d", at.Major(), at.Minor()+1, at.Major()+1)
	case kind == Patch:
		return fmt.Sprintf(">%d.%d.%d <%d.%d", at.Major(), at.Minor(), at.Patch(), at.Major(), at.Minor()+1)
	}
	return ""
}
