package config

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Template is a text with {{ .Field }} in it. Nothing is ever executed.
type Template struct {
	text  string
	parts []part
}

// part is a piece of text, or a field whose text is put in its place.
type part struct {
	text  string
	field string
	index int // of .Dirs
}

// String is the template as it was written.
func (t Template) String() string { return t.text }

// Data is what templates may name.
type Data struct {
	Subject
	Kind version.Kind
}

const dirsField = ".Dirs"

// templateFields are the fields with what they hold for an image. Those of
// which only "" could be said are not among them.
//
//nolint:gochecknoglobals // a table, never written
var templateFields = []struct {
	name string
	get  func(Data) string
}{
	{".Image.Registry", func(d Data) string { return firstSegment(d.Image) }},
	{".Image.Repository", func(d Data) string { return repositoryOf(d.Image) }},
	{".Image.Name", func(d Data) string { return path.Base(d.Image) }},
	{".Path", func(d Data) string { return d.Path }},
	{".Dir", func(d Data) string { return path.Dir(d.Path) }},
	{".Format", func(d Data) string { return string(d.Format) }},
	{".Kind", func(d Data) string { return string(d.Kind) }},
}

// repositoryOf is a canonical name without its registry. Docker Hub's own images
// go by one word, as everybody calls them.
func repositoryOf(name string) string {
	registry := firstSegment(name)
	repository := strings.TrimPrefix(name, registry+"/")
	if registry == image.DockerHub {
		repository = strings.TrimPrefix(repository, "library/")
	}
	return repository
}

func firstSegment(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// Execute puts the data in. A folder that is not there is "".
func (t Template) Execute(data Data) string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.execute(data))
	}
	return strings.TrimSpace(b.String())
}

func (p part) execute(data Data) string {
	switch p.field {
	case "":
		return p.text
	case dirsField:
		dirs := strings.Split(path.Dir(data.Path), "/")
		if p.index >= len(dirs) || dirs[p.index] == "." {
			return ""
		}
		return dirs[p.index]
	}
	for _, f := range templateFields {
		if f.name == p.field {
			return f.get(data)
		}
	}
	return ""
}

// sure tells whether a part always holds a letter or a digit.
func (p part) sure() bool {
	switch p.field {
	case "":
		return strings.ContainsFunc(p.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	case dirsField, ".Dir":
		return false
	}
	return true
}

const (
	longestTemplate = 256
	templateForm    = `write a field, as "{{ .Image.Name }}", or one of the folders, as "{{ index .Dirs 0 }}"`
)

func readTemplate(t *Template, text string) *fault {
	t.text, t.parts = text, nil
	if n := utf8.RuneCountInString(text); n > longestTemplate {
		return faultf("", "the template has %d characters; at most %d are read", n, longestTemplate)
	}
	rest := text
	for {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !found {
			break
		}
		action, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return faultf("", "invalid template %q: {{ without }}", shorten(text))
		}
		p, f := readAction(strings.TrimSpace(action))
		if f != nil {
			f.message = fmt.Sprintf("invalid template %q: %s", shorten(text), f.message)
			return f
		}
		t.parts, rest = append(t.parts, p), tail
	}
	if !slices.ContainsFunc(t.parts, part.sure) {
		return faultf(`add a word: "`+strings.TrimSpace("apps "+text)+`"`, "the template %q can yield an empty name", shorten(text))
	}
	return nil
}

// readAction reads what stands between {{ and }}.
func readAction(action string) (part, *fault) {
	names := make([]string, 0, len(templateFields)+1)
	for _, f := range templateFields {
		if f.name == action {
			return part{field: action}, nil
		}
		names = append(names, f.name)
	}
	words := strings.Fields(action)
	if len(words) == 3 && words[0] == "index" && words[1] == dirsField {
		index, err := strconv.ParseUint(words[2], 10, 8)
		if err != nil {
			return part{}, faultf("folders count from 0: {{ index .Dirs 0 }}", "%q is no number of a folder", shorten(words[2]))
		}
		return part{field: dirsField, index: int(index)}, nil
	}
	switch {
	case action == "":
		return part{}, faultf(templateForm, "nothing stands between {{ and }}")
	case action == dirsField:
		return part{}, faultf("write {{ index .Dirs 0 }} for the first folder, or {{ .Dir }} for all", ".Dirs is a list")
	case len(words) == 1 && strings.HasPrefix(action, "."):
		hint := didYouMean(action, names)
		if hint == "" {
			hint = "known are " + strings.Join(names, ", ") + " and .Dirs"
		}
		return part{}, faultf(hint, "unknown field %q", shorten(action))
	case len(words) == 1 && slices.Contains(names, "."+action):
		return part{}, faultf("write {{ ."+action+" }}", "%q lacks its dot", action)
	}
	return part{}, faultf(templateForm, "%q is no field; functions, pipes and conditions are not available", shorten(action))
}

func schemaOfTemplate() schema {
	return schema{"type": "string", "minLength": 1, "maxLength": longestTemplate}
}

// Sources say where the repositories of images are.
type Sources []Source

// Source is the repository of the images that match.
type Source struct {
	Image  ImageGlob
	URL    Template
	Origin *Origin
}

// sources reads the mapping of changelog.sources.
func (d *decoder) sources(v value, target *Sources) bool {
	if !d.expect(v, yaml.MappingNode, "a mapping from globs of images to URLs") {
		return false
	}
	d.pairs(v, func(name, v value) {
		source := Source{Origin: d.origin(v)}
		good := d.into(name, &source.Image)
		if !d.into(v, &source.URL) || !good {
			return
		}
		if !strings.HasPrefix(source.URL.text, "https://") {
			d.fail(v, fmt.Sprintf("%q is no address of a repository", shorten(source.URL.text)), `write "https://github.com/…"`)
			return
		}
		*target = append(*target, source)
	})
	return true
}

// Find gives the URL for an image; "" if no glob matches. Of several globs the
// longest counts.
func (s Sources) Find(data Data) string {
	var best *Source
	for i := range s {
		if s[i].Image.Matches(data.Image) && (best == nil || len(s[i].Image.text) > len(best.Image.text)) {
			best = &s[i]
		}
	}
	if best == nil {
		return ""
	}
	return best.URL.Execute(data)
}

// over lays sources over others, by key.
func (s Sources) over(under Sources) Sources {
	var all Sources
	for _, one := range under {
		if !slices.ContainsFunc(s, func(o Source) bool { return o.Image.text == one.Image.text }) {
			all = append(all, one)
		}
	}
	return append(all, s...)
}

func schemaOfSources() schema {
	return schema{"type": "object", "additionalProperties": schema{"type": "string", "pattern": "^https://"}}
}
