package changelog

import (
	"regexp"
	"strings"
)

var hexPattern = regexp.MustCompile(`[0-9A-Za-z]+`)

// looksLikeCommit tells a commit from words such as facade and defaced.
func looksLikeCommit(s string) bool {
	return IsCommit(s) && strings.ContainsAny(s, digits) && s == strings.ToLower(s)
}

// CommitOf gives the commit that a tag of an image names: sha-3f2a1b9,
// main-3f2a1b9-1690000000, or the forty characters alone. It says false where
// there is none, or more than one that could be meant.
func CommitOf(tag string) (string, bool) {
	if len(tag) > maxTag {
		return "", false
	}
	var found, before string
	for _, word := range hexPattern.FindAllString(tag, -1) {
		commit := word
		if before != "sha" && before != "git" && before != "commit" {
			commit = strings.TrimPrefix(word, "g") // git describe: 1.2.3-5-g3f2a1b9
		}
		marked := (before == "sha" || before == "git" || before == "commit") && commitPattern.MatchString(word)
		before = word
		if !marked && !looksLikeCommit(commit) {
			continue
		}
		if found != "" {
			return "", false
		}
		found = commit
	}
	return found, found != ""
}
