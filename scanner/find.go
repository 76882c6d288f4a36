package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/imageupdater/imageupdater/scanner/edit"
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

var errTooLarge = errors.New("the file is too large")

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
	// Progress, when set, is called as files are done, from several goroutines.
	Progress func(files int)
}

// Inventory is what a scan found, before any registry is asked.
type Inventory struct {
	// Fields are sorted by file, line and column.
	Fields []format.Field
	// Problems are the files that could not be read, sorted by file.
	Problems []format.Problem
	// Files counts the files looked at, Parsed those that were parsed.
	Files, Parsed int
}

// Find reads the tree and finds every image field. It never follows symbolic
// links and never writes. The error is the context's or that of reading the
// tree itself; what is wrong with one file is a problem of the inventory.
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
				if findings[i] = findIn(tree, files[i], options.placesOf(files[i]), &large); findings[i] != nil {
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
			return fmt.Errorf("more than %d files: scan a folder of it", maxFiles)
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

// findIn reads one file; nil where nothing in it can be an image field. A file
// with places is read whatever words it holds.
func findIn(tree fs.FS, file string, places []format.Place, large *sync.Mutex) *format.Finding {
	src, err := read(tree, file)
	expected := len(places) > 0 || format.Expected(file, src)
	if errors.Is(err, errTooLarge) && !expected {
		return nil // data of some kind
	}
	if err != nil {
		return broken(file, 0, 0, err.Error())
	}
	if len(places) == 0 && !format.Always(file) && !format.Screen(src) && !isUTF16(src) {
		return nil
	}
	if len(src) > largeFile {
		large.Lock()
		defer large.Unlock()
	}
	text, err := edit.Parse(src)
	if err != nil && !expected {
		return nil
	}
	if err != nil {
		return unparsed(file, err)
	}
	return format.Find(file, src, text, places...)
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
		src, err := read(tree, file)
		if err != nil {
			continue // that is a problem already
		}
		if text, err := edit.Parse(src); err == nil {
			findings[i] = format.FindValues(file, src, text, options.placesOf(file)...)
		}
	}
	return nil
}

func isUTF16(src []byte) bool {
	return strings.HasPrefix(string(src[:min(2, len(src))]), "\xff\xfe") || strings.HasPrefix(string(src[:min(2, len(src))]), "\xfe\xff")
}

func unparsed(file string, err error) *format.Finding {
	if syntax, ok := errors.AsType[*edit.SyntaxError](err); ok {
		return broken(file, syntax.Line, syntax.Column, syntax.Message)
	}
	return broken(file, 0, 0, err.Error())
}

func broken(file string, line, column int, message string) *format.Finding {
	return &format.Finding{Problems: []format.Problem{{File: file, Line: line, Column: column, Message: message}}}
}

// read gives a file's bytes. Of one that is too large it gives the head along
// with errTooLarge.
func read(tree fs.FS, name string) ([]byte, error) {
	file, err := tree.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the file: %w", err)
	case info.Size() > maxFileBytes:
		head := make([]byte, 64<<10)
		n, _ := io.ReadFull(file, head) // it only tells what kind of file this is
		return head[:n], fmt.Errorf("%w: it has %d bytes, files over %d are not read", errTooLarge, info.Size(), maxFileBytes)
	}
	src := make([]byte, info.Size(), info.Size()+1)
	n, err := io.ReadFull(file, src)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return src[:n], nil
}
