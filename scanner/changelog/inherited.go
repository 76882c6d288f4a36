package changelog

import (
	"regexp"
	"strings"
)

// doubt tells why what a layer says of the source may be wrong.
func (f *finder) doubt(s *said) Doubt {
	switch {
	case s.address.IsZero():
		return ""
	case s.layer.doubtful() && s.address.Same(f.facts.Lacks):
		return NoCommit
	case s.layer == ByProvenance:
		return Unvouched
	case s.layer != ByConfig || f.confirmed(s):
		return ""
	case f.facts.Base != nil:
		return f.inherited(s)
	}
	if !related(f.facts.Image.Path, s.address.Path+"/"+s.address.Directory) {
		return OtherName
	}
	return ""
}

// doubtful tells whether a layer is what the image or its build says by itself.
func (l Layer) doubtful() bool {
	return l != ByOperator && l != ByFile && l != BySignature && l != ByTable
}

// confirmed tells whether the build's provenance names the same repository: that is not inherited.
func (f *finder) confirmed(s *said) bool {
	for i := range f.said {
		if f.said[i].layer == ByProvenance && f.said[i].address.Same(s.address.Repository) {
			return true
		}
	}
	return false
}

// inherited compares with the base image: what both say is the base's, unless
// both say of which commits they are and those differ, as where one repository
// builds both.
func (f *finder) inherited(s *said) Doubt {
	base := f.base()
	if !s.address.Same(base.address.Repository) {
		return ""
	}
	if s.revision != "" && base.revision != "" && s.revision != base.revision {
		return ""
	}
	return Inherited
}

// base is what the base image's labels say.
func (f *finder) base() said {
	quiet := finder{facts: &Facts{}, forges: f.forges}
	quiet.labels(ByConfig, f.facts.Base)
	if len(quiet.said) == 0 {
		return said{}
	}
	return quiet.said[0]
}

var wordPattern = regexp.MustCompile(`[a-z0-9]+`)

// related tells whether two paths have a word in common that says something. A
// word within another counts from four letters on: alertmanager, manager.
func related(imagePath, sourcePath string) bool {
	theirs := words(sourcePath)
	for mine := range words(imagePath) {
		for other := range theirs {
			short, long := mine, other
			if len(short) > len(long) {
				short, long = long, short
			}
			if short == long || len(short) >= 4 && strings.Contains(long, short) {
				return true
			}
		}
	}
	return false
}

// words are the words of a path that are not found in paths of all kinds.
func words(path string) map[string]bool {
	set := map[string]bool{}
	for _, word := range wordPattern.FindAllString(strings.ToLower(path), -1) {
		switch word {
		case "library", "docker", "image", "images", "container", "containers", "base", "app", "apps", "server", "service", "oss", "the", "github", "git", "io", "com", "org":
		default:
			set[word] = true
		}
	}
	return set
}
