package registry

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// errNoPage is a registry that has more tags and does not say where. To end there
// would hide tags, the newest perhaps.
var errNoPage = errors.New("the list of tags is incomplete: the registry's Link header names a next page, but not where it can be found")

var (
	// linkPattern is an address and what is said of it.
	linkPattern = regexp.MustCompile(`<([^<>]*)>([^<]*)`)
	// relationPattern are the relations that an address has.
	relationPattern = regexp.MustCompile(`(?i)(?:^|[;,\s])rel\s*=\s*["']?([^"';,]*)`)
	nextPattern     = regexp.MustCompile(`(?i)\bnext\b`)
)

// nextPage is the query of the next page, of which that of an address without a
// relation is one. Nothing else of the address counts: some registries name
// themselves by another host or scheme, or leave out a part of the path; and none
// may lead us elsewhere.
func nextPage(headers []string) (query string, more bool, err error) {
	header := strings.Join(headers, ",")
	for _, link := range linkPattern.FindAllStringSubmatch(header, -1) {
		isNext, told, err := relation(link[2])
		switch {
		case err != nil:
			return "", false, err
		case told && !isNext:
			continue
		}
		query, found := pageOf(link[1])
		switch {
		case found:
			return query, true, nil
		case isNext:
			return "", false, errNoPage
		}
	}
	if nextPattern.MatchString(linkPattern.ReplaceAllString(header, "")) {
		return "", false, errNoPage
	}
	return "", false, nil
}

// relation tells whether an address is that of the next page, and whether that is
// told at all. What stands there twice belongs to an address that is missing.
func relation(parameters string) (isNext, told bool, err error) {
	for _, found := range relationPattern.FindAllStringSubmatch(parameters, -1) {
		next := slices.Contains(strings.Fields(strings.ToLower(found[1])), "next")
		if next && told && !isNext {
			return false, true, errNoPage
		}
		isNext, told = isNext || next, true
	}
	return isNext, told, nil
}

// pageOf is the query in the address of a page. Of another host it must be the
// address of a list of tags.
func pageOf(address string) (query string, found bool) {
	to, err := url.Parse(address)
	switch {
	case err != nil, to.RawQuery == "":
		return "", false
	case to.Scheme != "" && to.Scheme != "https" && to.Scheme != "http":
		return "", false
	case to.Host != "" && !strings.HasSuffix(to.Path, "/tags/list"):
		return "", false
	}
	return to.RawQuery, true
}
