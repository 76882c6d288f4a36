package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// pick tells which of the fields the argument of explain means: at least one.
func (j *explainJob) pick(tree fs.FS, inventory *scanner.Inventory) ([]bool, error) {
	name, line, column := splitPlace(j.argument)
	if !namesFile(name) {
		return pickImage(inventory, strings.TrimSpace(j.argument))
	}
	file := j.below(tree, name)
	if file == "" {
		return nil, fmt.Errorf("%q is no file below %q%s", name, j.dir, nearHint(name, filesOf(inventory)))
	}
	return pickPlace(inventory, spot{file, line, column})
}

// spot is what FILE:LINE:COLUMN says; 0 where a number was left out.
type spot struct {
	file         string
	line, column int
}

var placePattern = regexp.MustCompile(`^(.+?)(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?:?$`)

// splitPlace parts a place as scan and compilers print it.
func splitPlace(argument string) (name string, line, column int) {
	parts := placePattern.FindStringSubmatch(strings.TrimSpace(argument))
	if parts == nil {
		return argument, 0, 0
	}
	line, _ = strconv.Atoi(parts[2]) // at most nine digits, or none
	column, _ = strconv.Atoi(parts[3])
	return parts[1], line, column
}

// below is the path below the scanned directory of a file that is named as seen
// from there or from the working directory; "" where there is none.
func (j *explainJob) below(tree fs.FS, name string) string {
	for _, candidate := range []string{name, relative(j.dir, name)} {
		candidate = path.Clean(filepath.ToSlash(candidate))
		if info, err := fs.Stat(tree, candidate); err == nil && info.Mode().IsRegular() {
			return candidate
		}
	}
	return ""
}

// relative names a file as seen from a directory; "" where that cannot be said.
func relative(dir, name string) string {
	from, errFrom := filepath.Abs(dir)
	to, errTo := filepath.Abs(name)
	below, err := filepath.Rel(from, to)
	if errors.Join(errFrom, errTo, err) != nil {
		return ""
	}
	return below
}

// namesFile tells whether something cannot be meant for an image. A file called
// nginx is not looked at, so that it is not meant either.
func namesFile(name string) bool {
	return strings.HasPrefix(name, ".") || filepath.IsAbs(name) || strings.Contains(name, `\`) || format.Wanted(name)
}

func filesOf(inventory *scanner.Inventory) []string {
	var files []string
	for _, field := range inventory.Fields {
		files = append(files, field.File)
	}
	return files
}

func pickPlace(inventory *scanner.Inventory, p spot) ([]bool, error) {
	inFile := func(f *format.Field) bool { return f.File == p.file }
	onLine := func(f *format.Field) bool { return inFile(f) && slices.Contains(linesOf(f), p.line) }
	there := func(f *format.Field) bool { return onLine(f) && f.Line == p.line && f.Column == p.column }
	ways := []func(*format.Field) bool{there, onLine}
	if p.line == 0 {
		ways = []func(*format.Field) bool{inFile}
	}
	for _, way := range ways {
		if picked, some := pickFields(inventory.Fields, way); some {
			return picked, nil
		}
	}
	return nil, missedPlace(inventory, p)
}

func pickFields(fields []format.Field, fits func(*format.Field) bool) (picked []bool, some bool) {
	picked = make([]bool, len(fields))
	for i := range fields {
		picked[i] = fits(&fields[i])
		some = some || picked[i]
	}
	return picked, some
}

// linesOf are the lines on which a part of a field stands.
func linesOf(f *format.Field) []int {
	lines := []int{f.Line}
	for _, slot := range slotsOf(f) {
		lines = append(lines, slot.At.Line)
	}
	return lines
}

// missedPlace says what is there instead.
func missedPlace(inventory *scanner.Inventory, p spot) error {
	for _, problem := range inventory.Problems {
		if problem.File == p.file {
			return fmt.Errorf("no image was found in %s: %s", p.file, problemLine(problem))
		}
	}
	var nearest *format.Field
	distance := func(f *format.Field) int { return max(f.Line-p.line, p.line-f.Line) }
	for i := range inventory.Fields {
		f := &inventory.Fields[i]
		if f.File == p.file && (nearest == nil || distance(f) < distance(nearest)) {
			nearest = f
		}
	}
	if nearest == nil {
		return fmt.Errorf("no image was found in %s: images are looked for in Helm values, Kustomize, Argo CD, Flux and Kubernetes manifests", p.file)
	}
	return fmt.Errorf("no image is on line %d of %s: the nearest is %s, %s:%d", p.line, p.file, imageAndVersion(nearest), p.file, nearest.Line)
}

// imageAndVersion is "ghcr.io/acme/api v1.2.0".
func imageAndVersion(f *format.Field) string {
	return imageName(*f) + " " + tagAndDigest(f.Ref.Tag, f.Ref.Digest)
}

// pickImage picks by a name or a glob of names, with or without a tag and a
// digest.
func pickImage(inventory *scanner.Inventory, argument string) ([]bool, error) {
	rest, digest, _ := strings.Cut(argument, "@")
	name, tag := rest, ""
	if colon := strings.LastIndexByte(rest, ':'); colon > strings.LastIndexByte(rest, '/') {
		name, tag = rest[:colon], rest[colon+1:]
	}
	if name == "" || !doublestar.ValidatePattern(name) {
		return nil, fmt.Errorf("%q: neither a file, nor the name of an image or a glob of names", argument)
	}
	pattern := canonicalPattern(name)
	if strings.Trim(name, "*") == "" {
		pattern = "**" // of any registry, as in rules
	}
	named := func(f *format.Field) bool {
		return f.Ref.Name() != "" && doublestar.MatchUnvalidated(pattern, f.Ref.Repository().String())
	}
	exact := func(f *format.Field) bool {
		return named(f) && (tag == "" || tag == f.Ref.Tag) && strings.HasPrefix(f.Ref.Digest, digest)
	}
	if picked, some := pickFields(inventory.Fields, exact); some {
		return picked, nil
	}
	return nil, missedImage(inventory, argument, pattern, named)
}

// missedImage says which versions of the image there are, or which images are
// called nearly so.
func missedImage(inventory *scanner.Inventory, argument, pattern string, named func(*format.Field) bool) error {
	var versions, names []string
	for i := range inventory.Fields {
		f := &inventory.Fields[i]
		if named(f) {
			versions = append(versions, imageAndVersion(f))
		}
		if f.Ref.Name() != "" {
			names = append(names, f.Ref.Repository().String())
		}
	}
	const most = 5
	if versions = unique(versions); len(versions) > 0 {
		return fmt.Errorf("no image is at %q: there is %s", argument, strings.Join(versions[:min(most, len(versions))], ", "))
	}
	return fmt.Errorf("%q is no file, and no image matches it%s", argument, nearHint(pattern, names))
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// nearHint names what is called nearly as a word is.
func nearHint(word string, known []string) string {
	if near := nearest(word, unique(known)); len(near) > 0 {
		return ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

// nearest are at most three of the words: those that end in the same segment, or
// that differ from it in a few characters at one place.
func nearest(word string, known []string) []string {
	alike := func(other string) int {
		if path.Base(word) == path.Base(other) {
			return len(word) + len(other)
		}
		return sharedEnds(word, other)
	}
	near := slices.DeleteFunc(slices.Clone(known), func(other string) bool {
		return alike(other)+3 < max(len(word), len(other))
	})
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(alike(b), alike(a)) })
	const most = 3
	return near[:min(most, len(near))]
}

// sharedEnds counts the bytes with which two words begin and end alike.
func sharedEnds(a, b string) int {
	shorter := min(len(a), len(b))
	front := 0
	for front < shorter && a[front] == b[front] {
		front++
	}
	back := 0
	for back < shorter-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return front + back
}
