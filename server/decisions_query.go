package server

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/server/store"
)

// How many decisions are answered at once.
const (
	usualDecisions = 100
	mostDecisions  = 1000
)

// decisionsQuery is what a caller wants of the log of decisions. A repository that
// is named, and not told by its id, is still to be found.
type decisionsQuery struct {
	repository string
	sought     store.Sought
}

// parameter is one of a query's.
type parameter struct {
	form string // for people
	read func(text string) bool
}

var (
	idPattern       = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
	fullNamePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$`)
	kindPattern     = regexp.MustCompile(`^[a-z][a-z-]{0,39}$`)
	cursorPattern   = regexp.MustCompile(`^([0-9]{1,15})-([0-9a-f-]{36})$`)
)

func (q *decisionsQuery) parameters() map[string]parameter {
	return map[string]parameter{
		"repository": {"owner/name, or the number that GitHub gave it", func(text string) bool {
			q.repository = text
			if idPattern.MatchString(text) {
				q.sought.RepositoryID, _ = strconv.ParseInt(text, 10, 64) // 18 digits fit
				return true
			}
			return fullNamePattern.MatchString(text)
		}},
		"kind": {"one word, such as merged or opened", func(text string) bool {
			q.sought.Kind = text
			return kindPattern.MatchString(text)
		}},
		"since": {"a time such as 2026-11-21T09:30:00Z", func(text string) (is bool) {
			q.sought.Since, is = timeIn(text)
			return is
		}},
		"before": {"what the last answer had as next", func(text string) bool {
			parts := cursorPattern.FindStringSubmatch(text)
			if parts == nil {
				return false
			}
			at, err := strconv.ParseInt(parts[1], 10, 64)
			q.sought.BeforeAt, q.sought.BeforeID = time.UnixMilli(at), parts[2]
			return err == nil
		}},
		"limit": {fmt.Sprintf("a number from 1 to %d", mostDecisions), func(text string) bool {
			n, err := strconv.Atoi(text)
			q.sought.Limit = n
			return err == nil && n >= 1 && n <= mostDecisions
		}},
	}
}

// timeIn reads a time. The plus before a zone's hours is a blank in a query, unless
// it was escaped.
func timeIn(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
	return at, err == nil
}

// readDecisionsQuery reads a query. The error says what to write.
func readDecisionsQuery(text string) (decisionsQuery, error) {
	q := decisionsQuery{sought: store.Sought{Limit: usualDecisions}}
	values, err := url.ParseQuery(text)
	if err != nil {
		return q, errors.New("the query cannot be read: write ?repository=acme/shop&limit=10, and %26 for an ampersand in a value")
	}
	parameters := q.parameters()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p, known := parameters[name]
		switch {
		case !known:
			return q, fmt.Errorf("there is no parameter %q: write %s", shortened(name), strings.Join(slices.Sorted(maps.Keys(parameters)), ", "))
		case len(values[name]) > 1:
			return q, fmt.Errorf("%s is there more than once: write it once", name)
		case !p.read(values[name][0]):
			return q, fmt.Errorf("%s: write %s", name, p.form)
		}
	}
	return q, nil
}

// shortened is a foreign word as it may be repeated.
func shortened(text string) string { return fmt.Sprintf("%.40s", text) }
