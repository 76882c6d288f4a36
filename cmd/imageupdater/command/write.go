package command

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/imageupdater/imageupdater/scanner"
)

// change is a file and what becomes of it.
type change struct {
	file     string
	old, new []byte
	// updates counts the fields that change.
	updates int
	// written is set once the file is in place.
	written bool
	// err is why the file was left as it is.
	err error
}

var (
	errChanged  = errors.New("the file changed while it was being worked on: scan again")
	errSymlink  = errors.New("a symbolic link, which is not followed")
	errNoFile   = errors.New("not a regular file")
	errReadOnly = errors.New("the file is read-only")
	errNoEdit   = errors.New("the update changed nothing")
)

// rewriteFiles makes the new bytes of each file that an update changes. What
// is wrong with one file is its change's error; the error is the context's.
func rewriteFiles(ctx context.Context, root *os.Root, rows []row) ([]change, error) {
	var changes []change
	for file, choices := range choicesByFile(rows) {
		if err := ctx.Err(); err != nil {
			return changes, err
		}
		changes = append(changes, rewriteFile(root, file, choices))
	}
	return changes, nil
}

// choicesByFile yields each file with what is taken in it, in the order of the
// rows.
func choicesByFile(rows []row) func(yield func(string, []scanner.Choice) bool) {
	return func(yield func(string, []scanner.Choice) bool) {
		var choices []scanner.Choice
		for i, row := range rows {
			if row.taken != nil {
				choices = append(choices, scanner.Choice{Field: row.Field, Update: *row.taken})
			}
			last := i+1 == len(rows) || rows[i+1].Field.File != row.Field.File
			if last && len(choices) > 0 && !yield(row.Field.File, choices) {
				return
			}
			if last {
				choices = nil
			}
		}
	}
}

func rewriteFile(root *os.Root, file string, choices []scanner.Choice) change {
	c := change{file: file, updates: len(choices)}
	c.old, c.err = readFile(root, file)
	if c.err != nil {
		return c
	}
	c.new, c.err = scanner.Rewrite(c.old, choices)
	if c.err == nil && bytes.Equal(c.old, c.new) {
		c.err = errNoEdit
	}
	return c
}

// writeFiles writes every change that can be written. One that cannot doesn't
// stop the others; the error is the context's.
func writeFiles(ctx context.Context, root *os.Root, changes []change) error {
	for i := range changes {
		c := &changes[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.err == nil {
			c.err = replaceFile(root, c.file, c.old, c.new)
			c.written = c.err == nil
		}
	}
	return nil
}

// readFile reads a regular file below the root without following a symbolic
// link on the way.
func readFile(root *os.Root, name string) ([]byte, error) {
	folder, err := openFolder(root, path.Dir(name))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	src, _, err := readPlain(folder, path.Base(name))
	return src, err
}

// replaceFile puts new bytes in the place of old ones: wholly or not at all,
// and only if the file still holds the old ones.
func replaceFile(root *os.Root, name string, before, after []byte) error {
	folder, err := openFolder(root, path.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()

	base := path.Base(name)
	_, info, err := readPlain(folder, base)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o222 == 0 {
		return errReadOnly
	}
	temporary, err := writeTemporary(folder, info, after)
	if err != nil {
		return err
	}
	if err := moveOver(folder, temporary, base, before); err != nil {
		// Nothing better can be done about a file that cannot be removed.
		_ = folder.Remove(temporary)
		return err
	}
	syncFolder(folder)
	return nil
}

// moveOver gives the temporary file the name of the real one, after a last
// look at what stands there.
func moveOver(folder *os.Root, temporary, base string, before []byte) error {
	current, _, err := readPlain(folder, base)
	if err != nil {
		return err
	}
	if !bytes.Equal(current, before) {
		return errChanged
	}
	return folder.Rename(temporary, base)
}

// writeTemporary writes a file beside the one it shall replace, with its mode
// and, where allowed, its owner, and returns its name. The bytes are on the
// disk before it returns: a rename that survives a crash must not lead to an
// empty file.
func writeTemporary(folder *os.Root, like fs.FileInfo, content []byte) (name string, err error) {
	name = ".imageupdater-" + strings.ToLower(rand.Text()) + ".tmp"
	file, err := folder.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			_ = folder.Remove(name)
		}
	}()
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	keepOwner(file, like)
	// Last, since changing the owner may take bits of the mode away.
	if err := file.Chmod(like.Mode()); err != nil {
		return "", err
	}
	return name, file.Sync()
}

// syncFolder makes a rename last. Some file systems and Windows can't; the
// file is in place all the same.
func syncFolder(folder *os.Root) {
	if dir, err := folder.Open("."); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}

// openFolder opens a folder below the root segment by segment, none of which
// may be a symbolic link. A root alone would follow those that stay inside.
func openFolder(root *os.Root, dir string) (*os.Root, error) {
	folder, err := root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	if dir == "." {
		return folder, nil
	}
	for segment := range strings.SplitSeq(dir, "/") {
		next, err := openSegment(folder, segment)
		_ = folder.Close()
		if err != nil {
			return nil, err
		}
		folder = next
	}
	return folder, nil
}

func openSegment(folder *os.Root, segment string) (*os.Root, error) {
	seen, err := folder.Lstat(segment)
	if err != nil {
		return nil, err
	}
	if seen.Mode().Type() == fs.ModeSymlink {
		return nil, fmt.Errorf("%s is %w", segment, errSymlink)
	}
	next, err := folder.OpenRoot(segment)
	if err != nil {
		return nil, err
	}
	// Somebody may have put a link there between the look and the opening.
	opened, err := next.Stat(".")
	if err != nil || !os.SameFile(seen, opened) {
		_ = next.Close()
		return nil, errors.Join(fmt.Errorf("%s: %w", segment, errChanged), err)
	}
	return next, nil
}

// readPlain reads a regular file of the folder that is no symbolic link.
func readPlain(folder *os.Root, base string) ([]byte, fs.FileInfo, error) {
	seen, err := folder.Lstat(base)
	switch {
	case err != nil:
		return nil, nil, err
	case seen.Mode().Type() == fs.ModeSymlink:
		return nil, nil, fmt.Errorf("%s is %w", base, errSymlink)
	case !seen.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: %w", base, errNoFile)
	}
	file, err := folder.Open(base)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	opened, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !os.SameFile(seen, opened) {
		return nil, nil, errChanged
	}
	src, err := io.ReadAll(file)
	return src, opened, err
}
