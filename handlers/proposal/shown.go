package proposal

import (
	"slices"
)

// Branch is the branch of a group's pull request into a base.
func Branch(prefix, base, group string) string { return branchName(prefix, base, group) }

// Called is an image's name as people call it: "nginx" for
// "docker.io/library/nginx".
func Called(image string) string { return called(image) }

// Short is a value as people read it: a digest is known by its first digits.
func Short(v Value) string { return short(v) }

// ValueOf reads a value as String writes it.
func ValueOf(text string) Value { return waitingValue(text) }

// Knows says whether there are or were proposals of an image.
func (p *Past) Knows(image string) bool {
	return slices.ContainsFunc(p.All, func(e *Existing) bool {
		return e.Record != nil && slices.ContainsFunc(e.Record.Updates, func(u Recorded) bool { return u.Image == image })
	})
}
