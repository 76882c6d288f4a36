package scanner

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/format"
)

var errTooLarge = errors.New("the file is too large")

// findIn is what one file says by itself; nil where nothing in it can be an image
// field. A file that is remembered is not opened.
func (o FindOptions) findIn(tree fs.FS, file string, large *sync.Mutex) *format.Finding {
	if finding, known := o.recallFinding(file, AboutFile); known {
		return finding
	}
	places := o.placesOf(file)
	src, err := read(tree, file)
	var finding *format.Finding
	switch {
	case errors.Is(err, errTooLarge):
		finding = tooLarge(file, places, err)
	case err != nil:
		return broken(file, 0, 0, err.Error())
	default:
		finding = parse(file, src, places, large)
	}
	o.keep(file, AboutFile, format.Encode(finding))
	return finding
}

// tooLarge is said of the file's name alone, so that nobody needs to get it.
func tooLarge(file string, places []format.Place, err error) *format.Finding {
	if len(places) == 0 && format.Data(file) {
		return nil
	}
	return broken(file, 0, 0, err.Error())
}

// parse reads what may be worth it. A file with places is read whatever words it
// holds.
func parse(file string, src []byte, places []format.Place, large *sync.Mutex) *format.Finding {
	if len(places) == 0 && !format.Always(file) && !format.Screen(src) && !isUTF16(src) {
		return nil
	}
	if len(src) > largeFile {
		large.Lock()
		defer large.Unlock()
	}
	text, err := edit.Parse(src)
	if err != nil && len(places) == 0 && !format.Expected(file, src) {
		return nil
	}
	if err != nil {
		return unparsed(file, err)
	}
	return format.Find(file, src, text, places...)
}

// findValues is what a file says as Helm values. What cannot be read is a problem
// already, in what it says by itself.
func (o FindOptions) findValues(tree fs.FS, file string, itself *format.Finding) *format.Finding {
	if finding, known := o.recallFinding(file, AboutValues); known {
		return finding
	}
	places := o.placesOf(file)
	src, err := read(tree, file)
	var finding *format.Finding
	switch {
	case errors.Is(err, errTooLarge):
		finding = tooLarge(file, places, err)
	case err != nil:
		return itself
	default:
		finding = parseValues(file, src, places)
	}
	o.keep(file, AboutValues, format.Encode(finding))
	return finding
}

func parseValues(file string, src []byte, places []format.Place) *format.Finding {
	text, err := edit.Parse(src)
	if err != nil {
		return unparsed(file, err)
	}
	return format.FindValues(file, src, text, places...)
}

// usesIn are the images in a template that take the chart's appVersion. ok is
// false where nobody can tell, with an error where the file could not be read.
func (o FindOptions) usesIn(tree fs.FS, file string) (uses []format.AppVersionUse, ok bool, err error) {
	if uses, ok, known := o.recallUses(file); known {
		return uses, ok, nil
	}
	src, err := read(tree, file)
	switch {
	case errors.Is(err, errTooLarge):
		uses, ok = nil, true // a problem, where it is listed
	case err != nil:
		return nil, false, err
	default:
		uses, ok = format.AppVersionUses(src)
	}
	o.keep(file, AboutTemplate, format.EncodeUses(uses, ok))
	return uses, ok, nil
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

// read gives a file's bytes, all of them. Of one that is too large it asks the
// size alone.
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
		return nil, fmt.Errorf("%w: it has %d bytes, files over %d are not read", errTooLarge, info.Size(), maxFileBytes)
	}
	src := make([]byte, info.Size())
	if _, err := io.ReadFull(file, src); err != nil {
		// Part of a file must not be taken, let alone be remembered, for all of it.
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return src, nil
}
