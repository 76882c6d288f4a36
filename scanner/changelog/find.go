package changelog

import "strings"

// said is what one layer says.
type said struct {
	layer    Layer
	address  Address // zero if it says no source
	revision string
	doubt    Doubt
}

// Find tells where an image's source is, by what the first layer says that says it
// without doubt; else by the build's provenance, which at least is about this image;
// else by the first that says it at all. A revision may come from
// another layer, if that one does not name another repository.
func Find(facts *Facts, forges Forges) Origin {
	f := finder{facts: facts, forges: forges}
	f.layers()
	f.found.Passed = f.passed
	f.choose()
	f.revise()
	f.found.Version = f.version()
	return f.found
}

type finder struct {
	facts  *Facts
	forges Forges
	said   []said
	passed []Passed
	found  Origin
}

func (f *finder) layers() {
	facts := f.facts
	f.hint(ByOperator, Hint{Source: facts.Operator})
	f.hint(ByFile, Hint{Source: facts.File})
	f.hint(BySignature, facts.Signed)
	f.labels(ByIndex, facts.Index)
	f.labels(ByDescriptor, facts.Descriptor)
	f.labels(ByManifest, facts.Manifest)
	f.labels(ByConfig, facts.Config)
	f.hint(ByProvenance, facts.Provenance)
	for i := range f.said {
		f.said[i].doubt = f.doubt(&f.said[i])
	}
}

func (f *finder) hint(layer Layer, h Hint) {
	s := said{layer: layer}
	s.address = f.address(layer, h.Source)
	s.revision = f.revision(layer, h.Revision)
	f.add(s)
}

func (f *finder) labels(layer Layer, labels map[string]string) {
	s := said{layer: layer}
	sure, pages := sourceKeys()
	for _, key := range sure {
		if s.address.IsZero() {
			s.address = f.address(layer, labels[key])
		}
	}
	for _, key := range pages {
		if !s.address.IsZero() {
			break
		}
		// A page that is no repository is nothing to tell about.
		if a, err := ReadAddress(labels[key], f.forges); err == nil && a.Forge == GitHub {
			s.address = a
		}
	}
	for _, key := range revisionKeys() {
		if s.revision == "" {
			s.revision = f.revision(layer, labels[key])
		}
	}
	f.add(s)
}

func (f *finder) add(s said) {
	if s.revision == "" {
		s.revision = s.address.Revision
	}
	if !s.address.IsZero() || s.revision != "" {
		f.said = append(f.said, s)
	}
}

func (f *finder) address(layer Layer, text string) Address {
	if strings.TrimSpace(text) == "" {
		return Address{}
	}
	a, err := ReadAddress(text, f.forges)
	if err != nil {
		f.pass(layer, text, NotAnAddress)
	}
	return a
}

func (f *finder) revision(layer Layer, text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	revision, ok := ValidRevision(text)
	if !ok {
		f.pass(layer, text, NotARevision)
	}
	return revision
}

func (f *finder) pass(layer Layer, text string, why Reason) {
	f.passed = append(f.passed, Passed{Text: bounded(text, 200), Layer: layer, Reason: why})
}

// choose takes the repository.
func (f *finder) choose() {
	known, isKnown := wellKnown(f.facts.Image)
	var doubtful *said
	for i := range f.said {
		s := &f.said[i]
		switch {
		case s.address.IsZero():
		case s.layer != ByOperator && s.layer != ByFile && packages(s.address.Repository) && isKnown:
			f.pass(s.layer, s.address.URL(), IsPackaging)
			f.found.Packaging = s.packaging(f.found.Packaging)
		case s.doubt == "":
			f.take(s)
			return
		case doubtful == nil, s.doubt == Unvouched:
			doubtful = s
		}
	}
	switch {
	case isKnown:
		if doubtful != nil && !doubtful.address.Same(known.repository()) {
			f.pass(doubtful.layer, doubtful.address.URL(), IsDoubtful)
		}
		f.take(&said{layer: ByTable, address: Address{Repository: known.repository()}})
	case doubtful != nil:
		f.take(doubtful)
	}
}

// packaging is what s says of where the image is built, unless that is known.
func (s *said) packaging(known Address) Address {
	if !known.IsZero() {
		return known
	}
	a := s.address
	a.Revision = s.revision
	return a
}

func (f *finder) take(s *said) {
	f.found.Repository, f.found.Directory = s.address.Repository, s.address.Directory
	f.found.Layer, f.found.Doubt = s.layer, s.doubt
	if known, ok := wellKnown(f.facts.Image); ok && known.repository().Same(s.address.Repository) {
		f.found.Tag = known.tag
	}
}

// revise takes the revision: of the first layer that has one and does not say
// that it is another repository's.
func (f *finder) revise() {
	if f.found.Repository.IsZero() {
		return
	}
	for i := range f.said {
		s := &f.said[i]
		switch {
		case s.revision == "":
			continue
		case !s.address.IsZero() && !s.address.Same(f.found.Repository):
			if !s.address.Same(f.found.Packaging.Repository) {
				f.pass(s.layer, s.revision, OtherSource)
			}
			continue
		case s.address.IsZero() && f.found.Layer == ByTable:
			continue // as a rule the packaging's
		case f.inheritedRevision(s):
			continue
		}
		f.found.Revision = s.revision
		if f.found.Directory == "" {
			f.found.Directory = s.address.Directory
		}
		break
	}
	f.heedTag()
	f.found.Passed = f.passed
}

// inheritedRevision tells whether a layer without a source has the base's revision.
func (f *finder) inheritedRevision(s *said) bool {
	return s.layer == ByConfig && s.address.IsZero() && f.facts.Base != nil && s.revision == f.base().revision
}

// heedTag takes the commit that the tag itself names: it was made for this image,
// what labels say may be inherited.
func (f *finder) heedTag() {
	commit, ok := CommitOf(f.facts.Tag)
	switch revision := f.found.Revision; {
	case !ok || f.found.Layer == ByTable, IsCommit(revision) && sameCommit(revision, commit):
	case revision == "":
		f.found.Revision = commit
	default:
		f.pass(f.found.Layer, revision, OtherThanInTag)
		f.found.Revision = commit
	}
}

// sameCommit tells whether one SHA is the beginning of the other.
func sameCommit(a, b string) bool {
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

// bounded is s, cut at a character's end to at most limit bytes.
func bounded(s string, limit int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xC0 == 0x80 {
		limit--
	}
	return s[:limit]
}
