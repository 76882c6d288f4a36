package proposal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/forge"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// tree wants the commits to do what the record says, and nothing else: the App's to
// what it was built on, which is what is replayed where a branch is rebased, and the
// head to the base that was merged into it.
func (l *lineage) tree(ctx context.Context) (string, error) {
	if why := nothingIn(l.record); why != "" {
		return why, nil
	}
	why, err := l.step(ctx, l.own.Parents[0], l.own.SHA)
	if why != "" || err != nil || len(l.above) == 0 {
		return why, err
	}
	return l.step(ctx, l.above[0].Parents[1], l.above[0].SHA)
}

// step wants this of one commit and another.
func (l *lineage) step(ctx context.Context, from, to string) (string, error) {
	entries, err := l.r.Tree(ctx, from)
	if err != nil {
		return "", fmt.Errorf("listing the files of %s: %w", from, unread(err))
	}
	was := filesIn(entries)
	became, err := files(ctx, l.r, to)
	if err != nil {
		return "", fmt.Errorf("listing the files of %s: %w", to, err)
	}
	if why := beyond(l.record, was, became); why != "" {
		return why, nil
	}
	fields, err := l.claim.Find(ctx, entries)
	if err != nil {
		return "", fmt.Errorf("finding the images of %s: %w", from, err)
	}
	for path, updates := range l.record.byPath() {
		if why, err := l.rewritten(ctx, was[path], became[path], chosen(fields, updates)); why != "" || err != nil {
			l.passing = l.passing || why != ""
			return why, err
		}
	}
	return "", nil
}

// byPath are the updates of each file.
func (r *Record) byPath() map[string][]Recorded {
	by := map[string][]Recorded{}
	for _, u := range r.Updates {
		by[u.Path] = append(by[u.Path], u)
	}
	return by
}

// beyond says what differs that a record does not name; "" where nothing does.
func beyond(record *Record, was, became map[string]forge.Entry) string {
	recorded := record.byPath()
	more := map[string]string{}
	for path, e := range became {
		switch before, there := was[path]; {
		case !there:
			more[path] = " is new"
		case before.Mode != e.Mode || before.Type != e.Type:
			more[path] = " has another mode"
		case before.SHA != e.SHA && recorded[path] == nil:
			more[path] = " is changed"
		}
	}
	for path := range was {
		if _, there := became[path]; !there {
			more[path] = " is gone"
		}
	}
	if len(more) == 0 {
		return ""
	}
	first := slices.Min(slices.Collect(maps.Keys(more)))
	return first + more[first]
}

// rewritten wants a file to be another one with some choices written into it, byte
// for byte.
func (l *lineage) rewritten(ctx context.Context, was, became forge.Entry, choices []scanner.Choice) (string, error) {
	if len(choices) == 0 {
		return cmp.Or(was.Path, became.Path, "a file") + " did not have what the record says", nil
	}
	var texts [2][]byte
	for i, e := range []forge.Entry{was, became} {
		var err error
		if texts[i], err = l.r.Blob(ctx, e.SHA, longestFile); err != nil {
			return "", fmt.Errorf("reading %s: %w", e.Path, unread(err))
		}
	}
	want, err := scanner.Rewrite(texts[0], choices)
	if err != nil || !bytes.Equal(want, texts[1]) {
		return was.Path + " is not what the record makes of it", nil //nolint:nilerr // what cannot be written was not
	}
	return "", nil
}

// spot tells the fields of a file apart, as far as records do: those of two documents
// may be the same.
type spot struct {
	field

	from string
}

// chosen is what is written for the updates of a file; nil where one of them is of no
// field that the planner would let it be of.
func chosen(fields []format.Field, updates []Recorded) []scanner.Choice {
	there := map[spot][]format.Field{}
	for i := range fields {
		f := &fields[i]
		of := spot{field{f.File, readable(f.Path), readable(imageOf(*f))}, readable(valueOf(*f).String())}
		if f.Skip == nil || f.Skip.Code == format.DigestOnly {
			there[of] = append(there[of], *f)
		}
	}
	wanted := map[spot][]Recorded{}
	for _, u := range updates {
		of := spot{field{u.Path, u.Key, u.Image}, u.From}
		wanted[of] = append(wanted[of], u)
	}
	var choices []scanner.Choice
	for of, some := range wanted {
		matched := matching(there[of], some)
		if matched == nil {
			return nil
		}
		choices = append(choices, matched...)
	}
	return choices
}

// matching are the choices of updates among fields that are told apart by their lines
// alone, or by their order where lines have moved; nil where that is not clear.
func matching(fields []format.Field, updates []Recorded) []scanner.Choice {
	byLine := func(a, b Recorded) int { return cmp.Compare(a.Line, b.Line) }
	updates = slices.SortedFunc(slices.Values(updates), byLine)
	if len(fields) != len(updates) {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f format.Field) bool {
			return !slices.ContainsFunc(updates, func(u Recorded) bool { return u.Line == f.Line })
		})
	}
	if len(fields) != len(updates) {
		return nil
	}
	var choices []scanner.Choice
	for i, u := range updates {
		to := waitingValue(u.To)
		choices = append(choices, scanner.Choice{Field: fields[i], Update: scanner.Update{Tag: to.Tag, Digest: to.Digest}})
	}
	return choices
}
