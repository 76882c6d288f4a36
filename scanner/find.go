package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/scanner/format"
)

// Limits on a tree. A file over its limit is a problem of its own; a tree over
// its limit is an error, since half a scan would look like a whole one.
const (
	maxFileBytes = 4 << 20
	maxFiles     = 200_000
	// largeFile is the size from which files are parsed one at a time: nodes
	// take a hundred times the room of dense text.
	largeFile = 1 << 20
)

// ErrTooManyFiles is a tree that Find does not take.
var ErrTooManyFiles = errors.New("too many files")

// FindOptions narrows a scan. The zero value is the default.
type FindOptions struct {
	// Workers is how many files are read at a time; 0 means GOMAXPROCS.
	Workers int
	// LeaveOut, when set, says why the fields of a file are to be left alone; ""
	// where they are not. Such a file is read all the same, since others take
	// names from it, but its problems are nobody's.
	LeaveOut func(file string) string
	// LeaveOutFormat says the same of the fields of a format.
	LeaveOutFormat func(format.Format) string
	// Places, when set, gives the places of a file that no convention finds. It
	// may be called from several goroutines.
	Places func(file string) []format.Place
	// Memory, when set, remembers what files say, so that those without changes
	// are not read again.
	Memory Memory
	// Progress, when set, is called as files are done, from several goroutines.
	Progress func(files int)
}

// Inventory is what a scan found, before any registry is asked.
type Inventory struct {
	// Fields are sorted by file, line and column.
	Fields []format.Field
	// Problems are the files that could not be read, sorted by file.
	Problems []format.Problem
	// Files counts the files looked at, Parsed those that were parsed, now or
	// when they were first met.
	Files, Parsed int
}

// Find reads the tree and finds every image field. It never follows symbolic
// links and never writes. Besides the files of Wanted it reads those in the
// templates folder of a chart with an appVersion, which may be a tag. The error
// is the context's or that of reading the tree itself; what is wrong with one
// file is a problem of the inventory.
func Find(ctx context.Context, tree fs.FS, options FindOptions) (*Inventory, error) {
	files, unreadable, err := list(ctx, tree)
	if err != nil {
		return nil, err
	}
	findings := make([]*format.Finding, len(files))
	var done, parsed atomic.Int64
	group, groupCtx := errgroup.WithContext(ctx)
	workers := options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var large sync.Mutex
	for range min(workers, max(1, len(files))) {
		group.Go(func() error {
			for i := next.Add(1) - 1; int(i) < len(files); i = next.Add(1) - 1 {
				if groupCtx.Err() != nil {
					return context.Cause(groupCtx)
				}
				if findings[i] = options.findIn(tree, files[i], &large); findings[i] != nil {
					parsed.Add(1)
				}
				if count := int(done.Add(1)); options.Progress != nil {
					options.Progress(count)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("scanning: %w", err)
	}
	if err := readListed(ctx, tree, files, findings, options); err != nil {
		return nil, fmt.Errorf("scanning: %w", err)
	}
	inventory, err := complete(ctx, tree, files, findings, options)
	if err != nil {
		return nil, fmt.Errorf("scanning: %w", err)
	}
	inventory.Problems = append(unreadable, inventory.Problems...)
	slices.SortStableFunc(inventory.Problems, func(a, b format.Problem) int { return strings.Compare(a.File, b.File) })
	inventory.Files, inventory.Parsed = len(files), int(parsed.Load())
	return inventory, nil
}

// ours tells whether somebody wants to know of a file's problems.
func (o FindOptions) ours(file string) bool { return o.LeaveOut == nil || o.LeaveOut(file) == "" }

// leftOut is why a field is to be left alone, whatever else is said of it; nil
// where it is not.
func (o FindOptions) leftOut(field *format.Field) *format.Reason {
	why := ""
	if o.LeaveOut != nil {
		why = o.LeaveOut(field.File)
	}
	if why == "" && o.LeaveOutFormat != nil {
		why = o.LeaveOutFormat(field.Format)
	}
	if why == "" {
		return nil
	}
	return &format.Reason{Code: format.Excluded, Detail: why}
}

// Wanted tells whether Find reads the bytes of a regular file, by its path below
// the top of the tree and its size in bytes, so that others need not be fetched. Of
// a file that is too large it asks the size alone. The templates that it reads
// besides are known once the charts are: those it opens last.
func Wanted(file string, size int64) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if format.Vendored(dir) {
			return false
		}
	}
	return size <= maxFileBytes && format.Wanted(file)
}

// list gives the files worth opening, sorted, and the folders that cannot be
// read.
func list(ctx context.Context, tree fs.FS) (files []string, unreadable []format.Problem, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && name == ".":
			return err
		case err != nil:
			unreadable = append(unreadable, format.Problem{File: name, Message: "reading the folder: " + err.Error()})
			return fs.SkipDir
		case entry.IsDir():
			if format.Vendored(name) {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !format.Wanted(name):
			return nil
		case len(files) >= maxFiles:
			return fmt.Errorf("%w: more than %d, scan a folder of it", ErrTooManyFiles, maxFiles)
		}
		files = append(files, name)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("listing files: %w", err)
	}
	slices.Sort(files)
	return files, unreadable, nil
}

func (o FindOptions) placesOf(file string) []format.Place {
	if o.Places == nil {
		return nil
	}
	return o.Places(file)
}

// readListed reads again, as Helm values, the files that an Application or a
// HelmRelease lists and whose names do not say what they are.
func readListed(ctx context.Context, tree fs.FS, files []string, findings []*format.Finding, options FindOptions) error {
	listed := map[string]bool{}
	for _, finding := range findings {
		if finding == nil {
			continue
		}
		for _, release := range finding.Releases {
			for _, file := range release.ValueFiles {
				listed[file] = true
			}
		}
	}
	for file := range listed {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		i, found := slices.BinarySearch(files, file)
		if !found || findings[i] == nil || !format.Unclear(file) {
			continue
		}
		findings[i] = options.findValues(tree, file, findings[i])
	}
	return nil
}
