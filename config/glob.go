package config

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// glob is a doublestar pattern. The texts before, between and behind its
// special characters tell most subjects apart at almost no cost.
type glob struct {
	pattern        string
	prefix, suffix string
	inner          string // a text that is somewhere inside
	pairs          uint64 // those of inner, see pairsOf
	literal        bool
	rest           bool // the pattern is its prefix and **
}

const globSpecial = `*?[{\`

func compileGlob(pattern string) glob {
	first := strings.IndexAny(pattern, globSpecial)
	if first < 0 {
		return glob{pattern: pattern, literal: true, pairs: pairsOf(pattern)}
	}
	g := glob{pattern: pattern, prefix: pattern[:first], rest: pattern[first:] == "**"}
	// "a/**" fits "a" too.
	g.prefix = strings.TrimSuffix(g.prefix, "/")
	if last := strings.LastIndexAny(pattern, globSpecial+"]}"); pattern[last] == '*' {
		g.suffix = strings.TrimPrefix(pattern[last+1:], "/")
	}
	if !strings.ContainsAny(pattern, `?[{\`) {
		for piece := range strings.SplitSeq(pattern, "*") {
			// Slashes beside ** may stand for nothing.
			if piece = strings.Trim(piece, "/"); len(piece) > len(g.inner) {
				g.inner = piece
			}
		}
	}
	g.pairs = pairsOf(g.inner)
	return g
}

// pairsOf marks the pairs of neighbouring bytes that a text has, as far as 64 bits
// go. A text that has a mark which another lacks is no part of it: that tells most
// globs from a name at the cost of one comparison.
func pairsOf(text string) uint64 {
	var marks uint64
	for i := 1; i < len(text); i++ {
		marks |= 1 << ((uint(text[i-1])*31 + uint(text[i])*7) % 64)
	}
	return marks
}

// fits is matches for a name whose pairs are known.
func (g *glob) fits(name string, pairs uint64) bool {
	return g.pairs&^pairs == 0 && g.matches(name)
}

func (g *glob) matches(name string) bool {
	switch {
	case g.literal:
		return name == g.pattern
	case !strings.HasPrefix(name, g.prefix) || !strings.HasSuffix(name, g.suffix):
		return false
	case !strings.Contains(name, g.inner):
		return false
	case g.rest:
		return g.prefix == "" || len(name) == len(g.prefix) || name[len(g.prefix)] == '/'
	}
	return doublestar.MatchUnvalidated(g.pattern, name)
}

// checkGlob refuses what is no pattern, or one that can match nothing.
func checkGlob(text string) *fault {
	switch {
	case text == "":
		return faultf(`write "**" for everything`, "an empty glob matches nothing")
	case strings.HasPrefix(text, "!"):
		return faultf("list what is meant; scan.exclude takes files out", "%q: a glob takes nothing back", shorten(text))
	case !doublestar.ValidatePattern(text):
		return faultf("check its brackets and backslashes", "invalid glob %q", shorten(text))
	case alternatives(text) > mostAlternatives:
		return faultf("write several globs", "glob %q: its braces stand for more than %d globs", shorten(text), mostAlternatives)
	case strings.Contains(text, "**") && !wholeSegments(text):
		return faultf("** stands alone between slashes: write a/**/b, or * within a segment", "glob %q: ** beside other characters is only a *", shorten(text))
	}
	return nil
}

// mostAlternatives bounds the work of matching: each brace multiplies it.
const mostAlternatives = 100

// alternatives is how many globs without braces a glob stands for, or a few
// more.
func alternatives(text string) int {
	product := 1
	for group := range strings.SplitSeq(text, "{") {
		product *= 1 + strings.Count(group, ",")
		if product > mostAlternatives {
			break
		}
	}
	return product
}

// wholeSegments tells whether each ** is a segment of its own.
func wholeSegments(text string) bool {
	for segment := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("/{},", r) }) {
		if strings.Contains(segment, "**") && segment != "**" {
			return false
		}
	}
	return true
}

// ImageGlob is a glob on canonical image names without tag. A first segment
// with a dot, a colon or a star, or localhost, is a registry; otherwise
// docker.io is meant, and library/ for a name of one segment.
type ImageGlob struct {
	text string
	glob glob
}

// String is the glob as it was written.
func (g ImageGlob) String() string { return g.text }

// Matches tells whether a canonical image name fits.
func (g ImageGlob) Matches(name string) bool { return g.glob.matches(name) }

func readImageGlob(g *ImageGlob, text string) *fault {
	if f := checkGlob(text); f != nil {
		return f
	}
	last := text[strings.LastIndexByte(text, '/')+1:]
	name, tag, hasTag := strings.Cut(last, ":")
	_, path, _ := strings.Cut(text, "/")
	switch {
	case strings.Contains(text, "://"):
		return faultf("leave out "+text[:strings.Index(text, "://")+len("://")], "%q is a URL", shorten(text))
	case strings.Contains(text, "@"):
		return faultf("leave out what stands behind @", "%q: an image is matched by its name, without digest", shorten(text))
	case hasTag:
		hint := fmt.Sprintf("write %s, and constraint or tags for the versions", quoted(text[:len(text)-len(last)]+name))
		return faultf(hint, "%q: an image is matched by its name, without tag %q", shorten(text), tag)
	case strings.HasSuffix(text, "/"):
		return faultf("write "+quoted(text+"**"), "%q matches nothing", shorten(text))
	case strings.ToLower(path) != path:
		return faultf("write "+quoted(strings.ToLower(text)), "%q matches nothing: image names have no capitals", shorten(text))
	}
	g.text, g.glob = text, compileGlob(canonicalGlob(text))
	return nil
}

// canonicalGlob fills in what a name leaves out, as image.Reference.Repository
// does, without harming wildcards.
func canonicalGlob(text string) string {
	if text == "*" || text == "**" {
		return "**"
	}
	host, rest, found := strings.Cut(text, "/")
	if !found || !isRegistry(host) {
		host, rest = image.DockerHub, text
	}
	host = strings.ToLower(host)
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		host = image.DockerHub
	}
	if host == image.DockerHub && !strings.Contains(rest, "/") && rest != "**" {
		rest = "library/" + rest
	}
	return host + "/" + rest
}

func isRegistry(segment string) bool {
	return segment == "localhost" || strings.ContainsAny(segment, ".:*")
}

func schemaOfImageGlob() schema {
	return schema{"type": "string", "minLength": 1, "pattern": `^([^@/]+/)*[^@:/]+$`}
}

// PathGlob is a glob on slash-separated paths from the top of the repository.
type PathGlob struct {
	text string
	glob glob
}

// String is the glob as it was written.
func (g PathGlob) String() string { return g.text }

// Matches tells whether a path fits.
func (g PathGlob) Matches(name string) bool { return g.glob.matches(name) }

func readPathGlob(g *PathGlob, text string) *fault {
	if f := checkGlob(text); f != nil {
		return f
	}
	switch {
	case strings.Contains(text, `\`) && !strings.ContainsAny(text, "*?[{"):
		return faultf("write "+quoted(strings.ReplaceAll(text, `\`, "/")), "%q: paths have slashes", shorten(text))
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "./"):
		return faultf("write "+quoted(strings.TrimLeft(text, "./")), "%q matches nothing: paths begin at the top of the repository, without / or ./", shorten(text))
	case strings.HasPrefix(path.Clean(text), ".."):
		return faultf("", "%q leaves the repository", shorten(text))
	case strings.HasSuffix(text, "/"):
		return faultf("write "+quoted(text+"**"), "%q matches no file", shorten(text))
	}
	g.text, g.glob = text, compileGlob(text)
	return nil
}

func schemaOfPathGlob() schema {
	return schema{"type": "string", "minLength": 1, "pattern": `^[^/!].*[^/]$|^[^/!]$`}
}

// FileGlob is a pattern as in .gitignore: without a slash before its end it
// fits at any depth, and what fits a folder fits everything below it.
type FileGlob struct {
	text string
	glob glob
}

// String is the pattern as it was written.
func (g FileGlob) String() string { return g.text }

// Matches tells whether a path fits.
func (g FileGlob) Matches(name string) bool { return g.glob.matches(name) }

func readFileGlob(g *FileGlob, text string) *fault {
	if f := checkGlob(text); f != nil {
		return f
	}
	trimmed := strings.TrimSuffix(strings.TrimPrefix(text, "/"), "/")
	switch {
	case trimmed == "" || trimmed == ".":
		return faultf(`write "**" for everything`, "%q matches nothing", text)
	case strings.HasPrefix(path.Clean(trimmed), ".."):
		return faultf("", "%q leaves the repository", shorten(text))
	case strings.HasPrefix(trimmed, "./"):
		return faultf("write "+quoted("/"+strings.TrimPrefix(trimmed, "./")), "%q matches nothing", shorten(text))
	}
	g.text = text
	if !strings.Contains(strings.TrimSuffix(text, "/"), "/") {
		trimmed = "**/" + trimmed
	}
	pattern := trimmed
	switch {
	case strings.HasSuffix(text, "/"):
		pattern += "/*/**" // a folder: what is below it
	case trimmed != "**" && !strings.HasSuffix(trimmed, "/**"):
		pattern += "/**" // doublestar lets that fit trimmed itself
	}
	g.glob = compileGlob(pattern)
	return nil
}

func schemaOfFileGlob() schema { return schema{"type": "string", "minLength": 1, "pattern": `^[^!]`} }

// Includes tells whether a file is among those of include.
func (s *Scan) Includes(name string) bool { return matchesAny(s.Include.Value, name) }

// Excludes tells whether a file is among those of exclude.
func (s *Scan) Excludes(name string) bool { return matchesAny(s.Exclude.Value, name) }

// Understands tells whether a family of files is looked at.
func (s *Scan) Understands(f Format) bool { return slices.Contains(s.Formats.Value, f) }

// In tells whether a file is one of the field's.
func (f *Field) In(name string) bool { return matchesAny(f.Files, name) }

func matchesAny(globs []FileGlob, name string) bool {
	for i := range globs {
		if globs[i].glob.matches(name) {
			return true
		}
	}
	return false
}
