package proposal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/version"
)

// trailer is the key of the commit's last line, which holds its record.
const trailer = "Image-Updater"

// schema is the form of records that this program writes. It reads those up to
// it.
const schema = 1

// mostRecord is how long a record may be that is read, in bytes.
const mostRecord = 1 << 20

// Record says what a commit of ours does. It is in the commit itself, which
// nobody can change without making another one, so that it outlives the branch,
// the pull request's text, and our database.
type Record struct {
	Schema       int        `json:"schema"`
	RepositoryID int64      `json:"repository"`
	Group        string     `json:"group"`
	Updates      []Recorded `json:"updates"`
	// Edit is set where the commit edits the configuration.
	Edit *Edit `json:"edit,omitempty"`
}

// Recorded is one update of a record.
type Recorded struct {
	Path  string `json:"path"`
	Key   string `json:"key"`
	Image string `json:"image"`
	From  string `json:"from"`
	To    string `json:"to"`
	Kind  string `json:"kind"`
	// Line is where the field was when the commit was made, for links.
	Line int `json:"line,omitempty"`
}

// recordOf is the record of a set of changes.
func recordOf(repository int64, group string, changes []Change) Record {
	r := Record{Schema: schema, RepositoryID: repository, Group: readable(group)}
	for i := range changes {
		c := &changes[i]
		r.Updates = append(r.Updates, Recorded{
			Path: readable(c.Path), Key: readable(c.Key), Image: readable(c.Image),
			From: readable(c.From.String()), To: readable(c.To.String()), Kind: readable(string(c.Kind)), Line: c.Line,
		})
	}
	slices.SortFunc(r.Updates, func(a, b Recorded) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Key, b.Key), strings.Compare(a.Image, b.Image))
	})
	return r
}

// change is what of a change matters to whether it waits.
func (u *Recorded) change() Change {
	tag, _, _ := strings.Cut(u.To, "@")
	return Change{Image: u.Image, To: Value{Tag: tag}, Kind: version.Kind(u.Kind)}
}

// readable is a text as it comes back from JSON, which holds no broken UTF-8.
func readable(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// sameAs says whether two records are of the same changes, on whatever lines.
func (r *Record) sameAs(other *Record) bool {
	return r.RepositoryID == other.RepositoryID && r.Group == other.Group && slices.EqualFunc(r.Updates, other.Updates, func(a, b Recorded) bool {
		a.Line, b.Line = 0, 0
		return a == b
	})
}

// lines puts changes where the record has them.
func (r *Record) lines(changes []Change) {
	at := map[field]int{}
	for _, u := range r.Updates {
		at[field{u.Path, u.Key, u.Image}] = u.Line
	}
	for i := range changes {
		c := &changes[i]
		c.Line = cmp.Or(at[field{readable(c.Path), readable(c.Key), readable(c.Image)}], c.Line)
	}
}

// Sealed gives a commit message with the record as its trailer. Nothing in it is
// for GitHub to act on: no mention, no closing keyword.
func (r *Record) Sealed(message string) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("writing down what the commit does: %w", err)
	}
	return strings.TrimRight(message, "\n") + "\n\n" + trailer + ": " + hushed(string(text)) + "\n", nil
}

// ReadRecord finds the record in a commit's message: its last line, and nothing
// above it, where text from elsewhere may stand. It is nil where there is none for
// the repository.
func ReadRecord(message string, repository int64) *Record {
	message = strings.TrimRight(message, "\n")
	last := message[strings.LastIndexByte(message, '\n')+1:]
	text, is := strings.CutPrefix(last, trailer+": ")
	if !is || len(text) > mostRecord {
		return nil
	}
	var r Record
	if json.Unmarshal([]byte(text), &r) != nil || r.Schema < 1 || r.Schema > schema || r.RepositoryID != repository {
		return nil
	}
	return &r
}
