package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Range is a range of versions in the grammar of Masterminds/semver.
type Range struct {
	text        string
	constraints *semver.Constraints
}

// String is the range as it was written.
func (r Range) String() string { return r.text }

// Constraints is the range, compiled; nil where none was set.
func (r Range) Constraints() *semver.Constraints { return r.constraints }

const longestRange = 256

func readRange(r *Range, text string) *fault {
	hint := `write ">=1.2, <2", "^1.2", "~1.2", "1.2.x" or "1.x || 3.x"`
	switch {
	case strings.TrimSpace(text) == "":
		return faultf(hint, "the range is empty")
	case len(text) > longestRange:
		return faultf("", "the range has %d characters; at most %d are read", len(text), longestRange)
	}
	constraints, err := semver.NewConstraint(text)
	if err == nil {
		r.text, r.constraints = text, constraints
		return nil
	}
	if strings.ContainsAny(text, "[(") {
		hint = "intervals are written with comparisons: " + quoted(">=1.0, <2.0")
	}
	if strings.Contains(text, "==") {
		hint = "write " + quoted(strings.ReplaceAll(text, "==", "="))
	}
	return faultf(hint, "invalid range %q", text)
}

func schemaOfRange() schema {
	return schema{"type": "string", "minLength": 1, "maxLength": longestRange}
}

// Patterns are regular expressions for tags, of which one must fit.
type Patterns []Pattern

// Regexps are the patterns, compiled.
func (p Patterns) Regexps() []*regexp.Regexp {
	all := make([]*regexp.Regexp, len(p))
	for i, one := range p {
		all[i] = one.regexp
	}
	return all
}

// Match tells whether any of the patterns fits a tag.
func (p Patterns) Match(tag string) bool {
	return slices.ContainsFunc(p, func(one Pattern) bool { return one.regexp.MatchString(tag) })
}

// Pattern is a regular expression for tags: RE2, unanchored.
type Pattern struct {
	text   string
	regexp *regexp.Regexp
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// The groups of a pattern that mean something.
const (
	groupOrder   = "order"
	groupVersion = "version"
)

func (p Pattern) hasGroup(name string) bool { return p.regexp.SubexpIndex(name) >= 0 }

const (
	longestPattern = 1000
	argoRegexp     = "regexp:"
)

var (
	plainVersion = regexp.MustCompile(`^v?\d+(\.\d+)*\.?$`)
	// 1.*, v1.2.x*: a star that repeats the dot of a version.
	globVersion = regexp.MustCompile(`^v?\d+(\.\d+)*\.\*$`)
	// main-*: a star that repeats a character no one wants repeated.
	globStar = regexp.MustCompile(`^[\w.-]*[A-Za-z_-]\*$`)
)

func readPattern(p *Pattern, text string) *fault {
	p.text = text
	expression, note := text, (*fault)(nil)
	switch {
	case text == "":
		return faultf("remove it", "an empty pattern fits every tag")
	case len(text) > longestPattern:
		return faultf("", "the pattern has %d characters; at most %d are read", len(text), longestPattern)
	case text == "any":
		expression, note = "", noteOf("remove it", `"any" is read as a pattern that fits every tag`)
	case strings.HasPrefix(text, argoRegexp):
		expression = strings.TrimSpace(strings.TrimPrefix(text, argoRegexp))
		note = noteOf("write "+quoted(expression), "%q is read without the word regexp", text)
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return faultf(regexpHint(expression, err), "invalid regular expression %q: %s", shorten(expression), regexpProblem(err))
	}
	p.regexp = compiled
	if note != nil {
		return note
	}
	return suspicious(compiled, text)
}

// patternCost is about how many instructions a pattern is compiled to.
func patternCost(text string) int {
	if len(text) > longestPattern {
		return 0 // it is refused
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0 // likewise
	}
	return costOf(parsed)
}

func costOf(re *syntax.Regexp) int {
	cost := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		cost += costOf(sub)
	}
	if re.Op == syntax.OpRepeat {
		cost *= max(re.Min, re.Max, 1)
	}
	return cost
}

func noteOf(hint, format string, args ...any) *fault {
	return &fault{message: fmt.Sprintf(format, args...), hint: hint, severity: SeverityNote}
}

func warningOf(hint, format string, args ...any) *fault {
	return &fault{message: fmt.Sprintf(format, args...), hint: hint, severity: SeverityWarning}
}

// suspicious finds patterns that mean something else than their writer thinks.
func suspicious(compiled *regexp.Regexp, text string) *fault {
	for _, name := range compiled.SubexpNames() {
		if name == "" || name == groupOrder || name == groupVersion {
			continue
		}
		return warningOf("the groups that mean something are (?P<order>…) and (?P<version>…)", "the group %q has no effect", name)
	}
	number := strings.TrimRight(text, ".*")
	literal := regexp.QuoteMeta(number)
	switch {
	case plainVersion.MatchString(text):
		return warningOf(fmt.Sprintf("for %s and all below it write '^%s(\\.|$)', for the tag alone '^%s$'", number, literal, literal),
			"%q is a pattern without ends: it fits %s.9 and 3%s too", text, number, number)
	case globVersion.MatchString(text):
		return warningOf(fmt.Sprintf("write '^%s\\.'", literal), "%q looks like a glob and is a regular expression: it fits 3%s5 too", text, number)
	case globStar.MatchString(text):
		return warningOf(fmt.Sprintf("write '^%s'", literal), "%q looks like a glob and is a regular expression: it fits any tag that holds %q",
			text, text[:len(text)-2])
	}
	return nil
}

func regexpProblem(err error) string {
	var problem *syntax.Error
	if !errors.As(err, &problem) {
		return err.Error()
	}
	return fmt.Sprintf("%s at %q", problem.Code, shorten(problem.Expr))
}

var (
	lookAround    = regexp.MustCompile(`\(\?<?[=!]`)
	backReference = regexp.MustCompile(`\\[1-9]`)
)

func regexpHint(text string, err error) string {
	var problem *syntax.Error
	switch {
	case lookAround.MatchString(text):
		return "RE2 knows no look-around: say in tags.allow what must fit, and in tags.ignore what must not"
	case backReference.MatchString(text):
		return "RE2 knows no back-references"
	case errors.As(err, &problem) && problem.Code == syntax.ErrMissingRepeatArgument:
		return fmt.Sprintf("this is no glob: write %s", quoted(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimPrefix(text, "*")), `\*`, ".*")+"$"))
	}
	return "RE2 syntax; a backslash needs single quotes or \\\\ in double ones"
}

func schemaOfPattern() schema {
	return schema{"type": "string", "minLength": 1, "maxLength": longestPattern}
}
