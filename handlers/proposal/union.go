package proposal

import (
	"bytes"
	"context"
	"slices"

	"github.com/imageupdater/imageupdater/handlers/forge"
)

// longestFile is how long a file may be that a merge united, in bytes.
const longestFile = 10 << 20

// union is a merge of the base into a branch of ours: the files of the commit that
// ours was made upon, of ours, of the base's that was merged, and of the merge.
type union struct {
	r                        Reader
	from, ours, base, merged map[string]forge.Entry
}

// files are those of a commit.
func files(ctx context.Context, r Reader, commit string) (map[string]forge.Entry, error) {
	entries, err := r.Tree(ctx, commit)
	if err != nil {
		return nil, unread(err)
	}
	return filesIn(entries), nil
}

// filesIn are all entries but folders, which are where their files are.
func filesIn(entries []forge.Entry) map[string]forge.Entry {
	found := make(map[string]forge.Entry, len(entries))
	for _, e := range entries {
		if e.Type != "tree" {
			found[e.Path] = e
		}
	}
	return found
}

// clean says whether the merge is the base with our changes, and nothing else.
func (u *union) clean(ctx context.Context, record *Record) (bool, error) {
	if len(u.base) != len(u.merged) {
		return false, nil
	}
	changed := map[string]bool{}
	for _, update := range record.Updates {
		changed[update.Path] = true
	}
	for path, is := range u.merged {
		base, there := u.base[path]
		if !there || base.Mode != is.Mode || !changed[path] && base.SHA != is.SHA {
			return false, nil
		}
	}
	for path := range changed {
		if same, err := u.cleanFile(ctx, path); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// cleanFile says so of a file that we changed.
func (u *union) cleanFile(ctx context.Context, path string) (bool, error) {
	from, ours, base, merged := u.from[path], u.ours[path], u.base[path], u.merged[path]
	if base.SHA == from.SHA {
		return merged.SHA == ours.SHA, nil
	}
	var texts [4][]byte
	for i, e := range []forge.Entry{from, ours, base, merged} {
		if e.Type != "blob" || e.Size > longestFile {
			return false, nil
		}
		var err error
		if texts[i], err = u.r.Blob(ctx, e.SHA, longestFile); err != nil {
			return false, unread(err)
		}
	}
	return sameStep(texts[0], texts[1], texts[2], texts[3]), nil
}

// swap is a line that became another one.
type swap struct{ was, is string }

// sameStep says whether what changed of lines from one text to the next is what
// changed of them from a third to a fourth. Lines that the third has already
// changed like that are no matter.
func sameStep(from, ours, base, merged []byte) bool {
	step, aligned := swaps(from, ours)
	if !aligned {
		return false
	}
	other, aligned := swaps(base, merged)
	lines := bytes.Split(base, []byte("\n"))
	has := func(line string) bool {
		return slices.ContainsFunc(lines, func(l []byte) bool { return string(l) == line })
	}
	step = slices.DeleteFunc(step, func(s swap) bool { return !has(s.was) && has(s.is) })
	return aligned && slices.Equal(step, other)
}

// swaps are the lines that changed, where their number is the same.
func swaps(before, after []byte) ([]swap, bool) {
	was, is := bytes.Split(before, []byte("\n")), bytes.Split(after, []byte("\n"))
	if len(was) != len(is) {
		return nil, false
	}
	var changed []swap
	for i := range was {
		if !bytes.Equal(was[i], is[i]) {
			changed = append(changed, swap{string(was[i]), string(is[i])})
		}
	}
	return changed, true
}
