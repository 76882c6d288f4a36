package proposal

import (
	"fmt"
	"slices"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// EditKind is what a pull request does to the configuration.
type EditKind string

// The kinds.
const (
	FirstContact EditKind = "first-contact" // it adds the file
	Ignores      EditKind = "ignore"        // it adds an entry to ignore
)

// ConfigurationGroup is the group of the pull requests that edit the configuration.
const ConfigurationGroup = "configuration"

// Edit says of a commit of ours that it edits the configuration, and how. Such a
// pull request proposes no update, and counts for no limit.
type Edit struct {
	What EditKind `json:"what"`
	// Ignoring is what an Ignores adds.
	Ignoring *Ignoring `json:"ignoring,omitempty"`
	// Sum tells which text a FirstContact adds.
	Sum string `json:"sum,omitempty"`
}

// Ignoring is an entry of ignore that somebody wants.
type Ignoring struct {
	Entry config.NewIgnore `json:"entry"`
	// Kinds and Tags are the updates of the entry's image that wait until people
	// have decided on it: those of the kinds, or those to the tags.
	Kinds []version.Kind `json:"kinds,omitempty"`
	Tags  []string       `json:"tags,omitempty"`
	// Asked is the pull request or issue in which it was asked for, By whose
	// login did.
	Asked int    `json:"asked,omitempty"`
	By    string `json:"by,omitempty"`
}

// stops says whether an update waits for the entry.
func (i *Ignoring) stops(c *Change) bool {
	return i.Entry.Image == c.Image && (slices.Contains(i.Kinds, c.Kind) || slices.Contains(i.Tags, c.To.Tag))
}

// Same says whether two want the same entry, whoever asked for it.
func (i *Ignoring) Same(other *Ignoring) bool { return i.key() == other.key() }

func (i *Ignoring) key() string {
	return fmt.Sprintf("ignore %s %s %q %s", i.Entry.Image, i.Entry.Versions, i.Entry.Tags, i.Entry.Until)
}

// branch is that of the entry's pull request.
func (i *Ignoring) branch(prefix, base string) string {
	return branchName(prefix, base, i.key())
}

// record is what the proposal's commit says of itself.
func (p *Proposal) record(repository int64) Record {
	r := recordOf(repository, p.Group, p.Changes)
	r.Edit = p.Edit
	return r
}
