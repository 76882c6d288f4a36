package proposal

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/scanner/version"
)

const (
	// longestTitle is what GitHub takes, in characters.
	longestTitle = 256
	// longestName is how much of a name is in a title, in bytes.
	longestName = 120
)

// title is the pull request's title: what the configuration says, else what
// moves, after the prefix that the repository's commits have.
//
// A title that somebody wrote gets no prefix: it is as they want it.
func title(p *Proposal, conventional string) string {
	if own := quiet(worded(p)); own != "" {
		return clip(own, longestTitle)
	}
	text := quiet(moves(p))
	if conventional != "" {
		text = quiet(conventional) + " " + lower(text)
	}
	return clip(text, longestTitle)
}

// worded is the title by the configuration; "" where there is none, or where the
// changes don't agree on one.
func worded(p *Proposal) string {
	text := ""
	for i := range p.Changes {
		c := &p.Changes[i]
		own := ""
		if c.Settings.Title.Set() {
			own = c.Settings.Title.Value.Execute(config.Data{
				Subject: config.Subject{Image: c.Image, Path: c.Path, Format: config.Format(c.Choice.Field.Format)},
				Kind:    c.Kind,
			})
		}
		if i > 0 && own != text {
			return ""
		}
		text = own
	}
	return text
}

// moves says what moves.
func moves(p *Proposal) string {
	if len(p.Changes) == 0 {
		return "Update images"
	}
	images, targets := map[string]bool{}, map[Value]bool{}
	kind := p.Changes[0].Kind
	for i := range p.Changes {
		c := &p.Changes[i]
		images[c.Image], targets[c.To] = true, true
		if c.Kind != kind {
			kind = ""
		}
	}
	switch {
	case len(images) > 1:
		return movesGroup(p.Group, kind, len(images))
	case len(targets) > 1:
		return fmt.Sprintf("%s %s (%d versions)", verb(kind), named(p.Changes[0].Image), len(targets))
	}
	return movesOne(&p.Changes[0], kind)
}

// movesOne says what moves where one image does, to one value.
func movesOne(c *Change, kind version.Kind) string {
	name := named(c.Image)
	switch {
	case kind == version.Pin:
		return "Pin " + name + " to digest " + brief(c.To.Digest)
	case kind == version.Digest || c.To.Tag == "":
		return verb(kind) + " " + name + " digest to " + brief(c.To.Digest)
	}
	return verb(kind) + " " + name + " to " + foreign.Shorten(c.To.Tag, longestName)
}

func movesGroup(group string, kind version.Kind, images int) string {
	group = strings.TrimSpace(foreign.Shorten(quiet(group), longestName))
	if lowered := strings.ToLower(group); lowered != "images" && !strings.HasSuffix(lowered, " images") {
		group = strings.TrimSpace(group + " images")
	}
	if kind == version.Digest {
		group = "digests of " + group
	}
	return fmt.Sprintf("%s %s (%d)", verb(kind), group, images)
}

func verb(kind version.Kind) string {
	switch kind {
	case version.Pin:
		return "Pin"
	case version.Rollback:
		return "Roll back"
	default:
		return "Update"
	}
}

// named is an image's name for a title; of a long one the end, which says most.
func named(image string) string {
	name := called(image)
	if len(name) > longestName {
		name = path.Base(name)
	}
	return foreign.Shorten(name, longestName)
}

// clip ends a text after so many characters.
func clip(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// lower makes the first letter small, as linters of conventional commits want it.
func lower(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToLower(r)) + text[size:]
}

const (
	// newestSubjects is how far back commits say how people write now.
	newestSubjects = 50
	// fewestSubjects is how many are needed to say anything.
	fewestSubjects = 3
)

// conventionalForm is "type(scope)!: text", with the type and the scope.
var conventionalForm = regexp.MustCompile(`^(build|chore|ci|deps|docs|feat|fix|perf|refactor|revert|style|test)(?:\(([^()]{1,50})\))?!?: \S`)

// Conventional is the prefix for titles, as "chore(deps):", in a repository with
// these subjects of commits, the newest first. It is "" where most of the newest 50
// have none. Merges don't count: nobody writes their subjects.
func Conventional(subjects []string) string {
	all, conventional := 0, 0
	used := map[string]int{}
	for _, subject := range subjects[:min(len(subjects), newestSubjects)] {
		if strings.HasPrefix(subject, "Merge ") || strings.HasPrefix(subject, `Revert "`) {
			continue
		}
		all++
		found := conventionalForm.FindStringSubmatch(subject)
		if found == nil {
			continue
		}
		conventional++
		if prefix := dependencyPrefix(found[1], found[2]); prefix != "" {
			used[prefix]++
		}
	}
	if conventional < fewestSubjects || 2*conventional <= all {
		return ""
	}
	if len(used) == 0 {
		return "chore:"
	}
	prefixes := make([]string, 0, len(used))
	for prefix := range used {
		prefixes = append(prefixes, prefix)
	}
	return slices.MinFunc(prefixes, func(a, b string) int {
		return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(a, b))
	})
}

// dependencyPrefix is the prefix of a subject that is about dependencies; "" for
// another one.
func dependencyPrefix(kind, scope string) string {
	switch {
	case kind == "deps" && scope == "":
		return "deps:"
	case slices.Contains([]string{"deps", "dep", "dependencies", "image", "images"}, scope):
		return kind + "(" + scope + "):"
	}
	return ""
}
