package changelog

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// number is a tag read as a version: [lead]PARTS[pre][suffix]. It knows less of
// flavours than scanner/version, which orders the tags of one image and knows
// nothing of the tags of Git: there is no package to share.
type number struct {
	lead   string   // all before the first digit, as written: "v", "api/v", "release-"
	parts  []string // decimal, without leading zeros
	pre    pre
	digits string // the parts and the pre-release as written
	suffix string // a flavour or a build, without what joins it: "alpine3.19", "k3s1"
}

// pre is what makes a version a pre-release; the zero value is none.
type pre struct {
	rank    int // of the word
	numbers []string
}

func (p pre) is() bool { return p.rank > 0 }

var (
	partsPattern = regexp.MustCompile(`^([0-9]{1,19}(?:\.[0-9]{1,19}){1,5}|[0-9]{1,9}(?:_[0-9]{1,9}){1,5}|[0-9]{1,6}|(?:19|20)[0-9]{6})`)
	datePattern  = regexp.MustCompile(`^((?:19|20)[0-9]{2})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2})-([0-9]{2})-([0-9]{2})Z)?`)
	prePattern   = regexp.MustCompile(`(?i)^[-._+~]?(?:(alpha|beta|rc|cr|pre|preview|dev|snapshot|nightly|canary|next|milestone|ea)(?:[-._]?([0-9]{1,19}(?:\.[0-9]{1,19}){0,3}))?|([abm])([0-9]{1,19}))`)
	finalPattern = regexp.MustCompile(`(?i)^[-._+~]?(?:final|release|ga|stable)$`)
)

// preRank orders the words of pre-releases.
func preRank(word string) int {
	switch strings.ToLower(word) {
	case "dev", "snapshot", "nightly", "canary":
		return 1
	case "a", "alpha", "ea":
		return 2
	case "m", "milestone":
		return 3
	case "b", "beta":
		return 4
	case "pre", "preview":
		return 5
	}
	return 6 // rc, cr, next
}

const (
	// maxTag is how long a tag may be to be looked at.
	maxTag = 256
	// maxPlaces is how many places in a tag are tried.
	maxPlaces = 12
)

// parse reads a tag. Where a version could begin at several places, it is the
// first with more than one part: web3-1.0.0 is 1.0.0 of web3. But a tag that begins
// with a number is that number: 17-alpine3.19 is 17.
func parse(tag string) (number, bool) {
	if len(tag) > maxTag {
		return number{}, false
	}
	var single *number
	places := 0
	for at := 0; at < len(tag) && places < maxPlaces; at++ {
		if at > 0 && strings.IndexByte("-_/@", tag[at-1]) < 0 {
			continue
		}
		places++
		n, ok := parseAt(tag, at)
		switch {
		case !ok:
		case len(n.parts) > 1 || at == 0 && (n.lead == "" || n.lead == "v"):
			return n, true
		case single == nil:
			single = &n
		}
	}
	if single == nil || namesCommit(single.lead) {
		return number{}, false
	}
	return *single, true
}

// namesCommit tells whether what follows such a word is no version.
func namesCommit(lead string) bool {
	switch strings.ToLower(strings.TrimRight(lead, "-_./")) {
	case "sha", "git", "commit", "pr", "build", "run", "main", "master", "branch", "ref":
		return true
	}
	return false
}

// parseAt reads a version whose letters or digits begin at a place.
func parseAt(tag string, at int) (number, bool) {
	start := at + leadLength(tag[at:])
	rest := tag[start:]
	if rest == "" || !isDigit(rest[0]) {
		return number{}, false // as nearly always: expressions are slow
	}
	n := number{lead: tag[:start]}
	if m := datePattern.FindStringSubmatch(rest); m != nil {
		n.parts, n.digits, rest = dateParts(m), m[0], rest[len(m[0]):]
	} else if m := partsPattern.FindString(rest); m != "" {
		joiner := "."
		if strings.Contains(m, "_") {
			joiner = "_"
		}
		n.digits, rest = m, rest[len(m):]
		for part := range strings.SplitSeq(m, joiner) {
			n.parts = append(n.parts, trimZeros(part))
		}
	} else {
		return number{}, false
	}
	if m := findPre(rest); m != nil && ends(rest[len(m[0]):]) {
		n.pre = pre{rank: preRank(m[1] + m[3])}
		for part := range strings.SplitSeq(m[2]+m[4], ".") {
			n.pre.numbers = append(n.pre.numbers, trimZeros(part))
		}
		n.digits, rest = n.digits+m[0], rest[len(m[0]):]
	}
	if !ends(rest) {
		return number{}, false
	}
	if rest != "" && !finalPattern.MatchString(rest) {
		n.suffix = strings.TrimLeft(rest, "-+._~")
	}
	return n, true
}

// leadLength is how many bytes of letters, and a dot, stand before a number.
func leadLength(s string) int {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z') {
		i++
	}
	if i < len(s) && s[i] == '.' {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func findPre(rest string) []string {
	if rest == "" {
		return nil
	}
	return prePattern.FindStringSubmatch(rest)
}

// ends tells whether a word ends before rest.
func ends(rest string) bool { return rest == "" || strings.IndexByte("-+._~", rest[0]) >= 0 }

func dateParts(m []string) []string {
	var parts []string
	for _, part := range m[1:] {
		if part != "" {
			parts = append(parts, trimZeros(part))
		}
	}
	return parts
}

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// compare orders versions; missing parts are 0, and suffixes count for nothing.
func (n *number) compare(other *number) int {
	for i := range max(len(n.parts), len(other.parts)) {
		if c := compareDecimal(at(n.parts, i), at(other.parts, i)); c != 0 {
			return c
		}
	}
	switch {
	case n.pre.is() != other.pre.is():
		if n.pre.is() {
			return -1
		}
		return 1
	case n.pre.rank != other.pre.rank:
		return cmp.Compare(n.pre.rank, other.pre.rank)
	}
	return slices.CompareFunc(n.pre.numbers, other.pre.numbers, compareDecimal)
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

func compareDecimal(a, b string) int {
	if len(a) != len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return strings.Compare(a, b)
}

// within tells whether n is a version of the line that other names: 1.2.7 is one of 1.2.
func (n *number) within(other *number) bool {
	return !other.pre.is() && len(n.parts) > len(other.parts) && slices.Equal(n.parts[:len(other.parts)], other.parts)
}

// name is what the lead names, without the v: "api" of "api/v", "" of "v".
func (n *number) name() string {
	name := strings.TrimSuffix(n.lead, ".")
	if v := strings.TrimRight(name, "vV"); v == "" || len(name)-len(v) == 1 && strings.IndexByte("-_/@", v[len(v)-1]) >= 0 {
		name = v
	}
	return strings.Trim(name, "-_/@.")
}

// render writes a template of known for n.
func (n *number) render(template, tag string) string {
	padded := slices.Clone(n.parts)
	for len(padded) < 3 {
		padded = append(padded, "0")
	}
	return strings.NewReplacer(
		"{version}", n.digits,
		"{underscored}", strings.ReplaceAll(n.digits, ".", "_"),
		"{padded}", strings.Join(padded, ".")+strings.TrimPrefix(n.digits, strings.Join(n.parts, ".")),
		"{tag}", tag,
	).Replace(template)
}
