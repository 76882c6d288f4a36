package scanner

import (
	"bytes"

	"github.com/imageupdater/imageupdater/scanner/format"
)

// FinderVersion names what finding makes of the bytes of a file. It is another
// one as soon as the same bytes can give something else, or are remembered in
// another form.
const FinderVersion = "1"

// Question is what is asked of a file by itself.
type Question string

// The questions. The first is asked of every file, the others of few.
const (
	AboutFile     Question = "file"     // what its name and its bytes say
	AboutValues   Question = "values"   // what they say as Helm values, because another file uses it so
	AboutTemplate Question = "template" // which images of a chart take the chart's appVersion
)

// Memory remembers what files say by themselves. That depends on the path below
// the scanned directory, on the bytes and on FinderVersion alone: an answer holds
// for the same three, in whatever repository. It may be called from several
// goroutines.
type Memory interface {
	// Recall gives what Keep was last given for the same path, bytes and
	// question. What cannot be understood counts as not found.
	Recall(file string, about Question) (stored []byte, found bool)
	// Keep is told of every file that was read, also of those that hold nothing,
	// and never of one that could not be read. It must not change stored.
	Keep(file string, about Question, stored []byte)
}

// memoryOf is nil for a file of which the configuration names places: what it says
// depends on them, too.
func (o FindOptions) memoryOf(file string) Memory {
	if o.Memory == nil || len(o.placesOf(file)) > 0 {
		return nil
	}
	return o.Memory
}

// recall gives the answer to a question without the version that it was given under.
func (o FindOptions) recall(file string, about Question) ([]byte, bool) {
	memory := o.memoryOf(file)
	if memory == nil {
		return nil, false
	}
	stored, found := memory.Recall(file, about)
	if !found {
		return nil, false
	}
	return bytes.CutPrefix(stored, versionMark())
}

// keep passes on an answer; nil is one that is too large.
func (o FindOptions) keep(file string, about Question, answer []byte) {
	if memory := o.memoryOf(file); memory != nil && answer != nil {
		memory.Keep(file, about, append(versionMark(), answer...))
	}
}

// versionMark stands before everything that is remembered.
func versionMark() []byte { return []byte(FinderVersion + "\n") }

func (o FindOptions) recallFinding(file string, about Question) (finding *format.Finding, known bool) {
	stored, found := o.recall(file, about)
	if !found {
		return nil, false
	}
	finding, err := format.Decode(file, stored)
	return finding, err == nil
}

func (o FindOptions) recallUses(file string) (uses []format.AppVersionUse, ok, known bool) {
	stored, found := o.recall(file, AboutTemplate)
	if !found {
		return nil, false, false
	}
	uses, ok, err := format.DecodeUses(stored)
	return uses, ok, err == nil
}
