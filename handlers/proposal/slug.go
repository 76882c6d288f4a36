package proposal

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// longestSlug is how much of a group's name is in a branch's, in characters.
	longestSlug = 50
	// noSlug stands for a group without a letter or a digit.
	noSlug = "images"
	// hashLength is how many hex digits tell groups apart that read alike.
	hashLength = 6
)

// branchName is the branch of a group's pull request into a base. It is the same
// on every run, and a valid name of a branch whatever the group is called.
func branchName(prefix, base, group string) string {
	// No branch has a zero byte in its name.
	sum := sha256.Sum256([]byte(base + "\x00" + group))
	return prefix + slug(group) + "-" + hex.EncodeToString(sum[:])[:hashLength]
}

// slug is a text in [a-z0-9-], never empty.
func slug(text string) string {
	var b strings.Builder
	apart := false
	for _, r := range strings.ToLower(text) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			apart = true
			continue
		}
		if apart && b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
		apart = false
	}
	name := b.String()
	name = strings.TrimRight(name[:min(len(name), longestSlug)], "-")
	if name == "" {
		return noSlug
	}
	return name
}
