package format

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// readMap tries the shapes on a map. It returns the candidate that it found,
// if only to tell which scalars are spoken for.
func (f *finder) readMap(m *yaml.Node, p place) *candidate {
	if !p.rules.maps {
		return nil
	}
	parted := takeApart(m)
	f.work += parted.work
	if (parted.source != "" || sourceKeys[p.key] && p.above != "images") && !isImageKey(p.key) {
		return nil
	}
	f.rememberName(&parted, p)
	for _, s := range shapes {
		if s.fits(&parted, p) {
			return f.readShape(s, &parted, p)
		}
	}
	return f.readPartial(&parted, p)
}

func (s shape) fits(m *parted, p place) bool {
	if s.flat && !p.rules.flatVersion && !isImageKey(p.key) || !m.has(s.tag) {
		return false
	}
	for _, needed := range s.name {
		if !m.filled(needed) {
			return false
		}
	}
	if s.owner && strings.Contains(m.nodes[partRepository].Value, "/") {
		return false
	}
	return !slices.ContainsFunc(s.without, m.filled) && s.placed(m, p)
}

// placed tells whether the map stands where the shape may stand.
func (s shape) placed(m *parted, p place) bool {
	switch {
	case p.inImage():
		return true
	case s.parent == imageParent:
		return false
	case p.rules.anyParent:
		return true
	case p.rules.strings:
		// A custom resource: the operand's version is not its image's.
		return startsWithHost(m, s) && (s.tag != partVersion || len(s.name) > 1)
	}
	return false
}

func startsWithHost(m *parted, s shape) bool {
	first := m.nodes[s.name[0]].Value
	if m.filled(s.optional) {
		first = m.nodes[s.optional].Value
	}
	host, _, _ := strings.Cut(first, "/")
	return strings.ContainsAny(host, ".:")
}

// readShape makes a field of a map that fits a shape.
func (f *finder) readShape(s shape, m *parted, p place) *candidate {
	c := &candidate{at: p, raws: []*yaml.Node{m.raws[s.tag], m.raws[partDigest]}}
	c.at.values = tagPath(s.tag, p)
	name, ok := f.shapeName(s, m, c)
	if !ok {
		return nil
	}
	tag := m.nodes[s.tag]
	if name == "" { // a template makes the name
		c.tag = piece{tag, 0, len(tag.Value)}
		f.addPlaceholder(c, c.name[0])
		return c
	}
	ref, err := image.ParseName(name)
	if err != nil {
		return f.unusualName(name, err, m, c, tag)
	}
	c.ref = ref
	c.ownRegistry = p.rules.anyParent && m.filled(s.optional)
	if p.rules.anyParent && ref.Registry == "" {
		c.missing = RegistryMissing
	}
	f.readTag(c, tag, m)
	f.doubt(c, m, p)
	if c.skip == nil && f.prefixedElsewhere(c, s, m) {
		c.skip = &Reason{NameUnknown, "what stands before " + ref.Path + " is written elsewhere: write the whole name, or a comment # imageupdater: image=NAME"}
	}
	f.add(c)
	return c
}

// prefixedElsewhere tells whether a name without a registry is only the end of
// one: the values have a registry that is not used yet, or a lone word stands
// beside an empty place for one.
func (f *finder) prefixedElsewhere(c *candidate, s shape, m *parted) bool {
	switch {
	case c.ref.Registry != "":
		return false
	case c.at.prefix != "":
		return f.globalOf(c.at).Registry == ""
	case s.name[0] != partName || strings.Contains(c.ref.Path, "/"):
		return false
	}
	return !c.at.rules.anyParent || m.has(partRegistry) || m.has(partRepository)
}

func (f *finder) globalOf(p place) Global {
	if p.release > 0 {
		return f.finding.Releases[p.release-1].Global
	}
	return f.finding.Global
}

// shapeName joins the parts of the name. It is "" where a template makes any
// of it; ok is false where the map cannot be an image.
func (f *finder) shapeName(s shape, m *parted, c *candidate) (name string, ok bool) {
	roles := s.name
	if m.filled(s.optional) {
		roles = append([]part{s.optional}, roles...)
	}
	var words []string
	templated := false
	for _, role := range roles {
		n := m.nodes[role]
		c.name = append(c.name, n)
		templated = templated || f.templated(n, c.at)
		words = append(words, strings.TrimSuffix(n.Value, "/"))
	}
	name = strings.Join(words, "/")
	for _, host := range codeHosts {
		if strings.HasPrefix(name, host) || strings.HasSuffix(name, ".git") {
			return "", false
		}
	}
	if templated {
		return "", true
	}
	return name, true
}

// unusualName is a map whose parts do not make a name: a reference with a tag
// of its own where only a name should be, or no image at all.
func (f *finder) unusualName(name string, err error, m *parted, c *candidate, tag *yaml.Node) *candidate {
	ref, parseErr := image.Parse(name)
	switch {
	case strings.HasPrefix(name, "/"):
		c.ref, _ = image.ParseName(strings.TrimPrefix(name, "/"))
		c.skip = &Reason{NameUnknown, "what stands before " + name + " is written elsewhere"}
	case isImageKey(c.at.key) && filled(tag) && strings.Contains(name, "://") && m.filled(partRegistry):
		c.skip = &Reason{Invalid, "write the registry without a scheme: " + clip(name)}
	case parseErr == nil && !filled(tag):
		return nil // a whole reference; the empty tag beside it says nothing
	case parseErr == nil && tag == m.nodes[partVersion]:
		return nil // a whole reference beside the version of something else
	case parseErr == nil:
		c.ref = ref
		c.skip = &Reason{Ambiguous, "the name carries a tag or digest of its own beside " + clip(tag.Value)}
	case c.at.inImage() && filled(tag) && !strings.Contains(name, "://"):
		c.skip = &Reason{Invalid, err.Error()}
	default:
		return nil
	}
	c.tag = piece{tag, 0, len(tag.Value)}
	if c.ref.Tag == "" && image.ValidTag(tag.Value) {
		c.ref.Tag = tag.Value
	}
	f.add(c)
	return c
}

// readTag takes a tag scalar apart: tag, tag@digest, a digest alone, nothing;
// and the digest scalar beside it.
func (f *finder) readTag(c *candidate, n *yaml.Node, m *parted) {
	if digest := m.nodes[partDigest]; filled(digest) {
		f.readDigest(c, digest)
	}
	c.readRoom(m)
	if !filled(n) {
		if c.digest.node == nil {
			c.skip = &Reason{NoVersion, "the tag is empty here: the chart or the deployment fills it in"}
			c.name = append(c.name, n)
		}
		return
	}
	tag, digest, hasDigest := strings.Cut(n.Value, "@")
	switch {
	case f.templated(n, c.at):
		c.tag = piece{n, 0, len(n.Value)}
		c.skip = &Reason{Templated, "a template or variable: " + clip(c.at.text.Raw(n))}
	case image.ValidDigest(n.Value):
		c.digest, c.ref.Digest = piece{n, 0, len(n.Value)}, n.Value
	case !image.ValidTag(tag) || hasDigest && !image.ValidDigest(digest):
		c.tag = piece{n, 0, len(n.Value)}
		c.skip = &Reason{Invalid, "not a tag: " + clip(n.Value)}
	default:
		c.tag, c.ref.Tag = piece{n, 0, len(tag)}, tag
		if hasDigest {
			f.readDigestBeside(c, n, tag, digest)
		}
	}
}

func (f *finder) readDigestBeside(c *candidate, n *yaml.Node, tag, digest string) {
	if c.digest.node != nil {
		c.skip = &Reason{Ambiguous, "a digest stands both in the tag and beside it"}
		return
	}
	c.digest, c.ref.Digest = piece{n, len(tag) + 1, len(n.Value)}, digest
}

// readDigest reads a digest scalar, with or without its algorithm.
func (f *finder) readDigest(c *candidate, n *yaml.Node) {
	switch {
	case f.templated(n, c.at):
		c.skip = &Reason{Templated, "a template or variable: " + clip(c.at.text.Raw(n))}
	case image.ValidDigest(n.Value):
		c.ref.Digest = n.Value
		c.digest = piece{n, 0, len(n.Value)}
	case c.at.rules.bareDigest && image.ValidDigest("sha256:"+n.Value):
		c.ref.Digest, c.bare = "sha256:"+n.Value, true
		c.digest = piece{n, 0, len(n.Value)}
	default:
		c.skip = &Reason{Invalid, "not a digest: " + clip(n.Value)}
		c.digest = piece{n, 0, len(n.Value)}
	}
}

// doubt is why a map that makes a name must still be left alone.
func (f *finder) doubt(c *candidate, m *parted, p place) {
	name := m.nodes[partName]
	repository := m.nodes[partRepository]
	switch {
	case c.skip != nil:
	case m.twice:
		c.skip = &Reason{Ambiguous, "two keys give the same part of the image"}
	case m.doubtful && p.inImage():
		c.skip, c.nameDoubt = &Reason{Ambiguous, "a further part of the name or tag stands beside it"}, true
	case m.extra != nil && c.tag.node != nil:
		c.skip = &Reason{Ambiguous, "a second digest, " + m.extra.Value + ", belongs to the same tag"}
	case p.key == "images" && !strings.HasSuffix(p.path, "]"):
		c.skip, c.nameDoubt = &Reason{Shared, "one tag for all images below it"}, true
	case len(c.name) < 3 && isImageKey(p.key) && filled(name) && filled(repository) && path.Base(repository.Value) != name.Value:
		c.skip, c.nameDoubt = &Reason{Ambiguous, "both repository and name are given: " + clip(repository.Value) + " and " + clip(name.Value)}, true
	case m.filled(partTag) && m.filled(partImageTag):
		c.skip = &Reason{Ambiguous, "both tag and imageTag are given"}
	}
}

// readPartial looks at a map that has a tag and no name.
func (f *finder) readPartial(m *parted, p place) *candidate {
	tag := m.nodes[partTag]
	if tag == nil {
		tag = m.nodes[partImageTag]
	}
	switch {
	case m.filled(partHub) && filled(tag):
		c := &candidate{at: p, tag: piece{tag, 0, len(tag.Value)}, name: []*yaml.Node{m.nodes[partHub]}, raws: []*yaml.Node{m.raws[partTag], m.raws[partImageTag]}}
		c.skip, c.nameDoubt = &Reason{Shared, "one tag for all images of " + clip(m.nodes[partHub].Value)}, true
		c.ref.Tag = tag.Value
		f.add(c)
		return c
	case filled(tag) && !m.filled(partRepository) && p.rules.anyParent && shared(m, p):
		c := &candidate{at: p, tag: piece{tag, 0, len(tag.Value)}, raws: []*yaml.Node{m.raws[partTag], m.raws[partImageTag]}}
		c.ref.Tag = tag.Value
		c.skip, c.nameDoubt = &Reason{Shared, "one tag for all images of the chart"}, true
		f.add(c)
		return c
	case filled(tag) && !m.filled(partImage) && (p.rules.anyParent || p.rules.strings && m.filled(partRegistry) && tag == m.nodes[partImageTag]):
		return f.partial(tag, m, p)
	case tag == nil && m.filled(partRepository) && p.inImage():
		return f.withoutTag(m, p)
	case tag == nil && filled(m.nodes[partDigest]) && isImageKey(p.key) && p.rules.anyParent:
		return f.partial(nil, m, p)
	}
	return nil
}

// shared tells whether a tag without a name stands where it serves all images.
func shared(m *parted, p place) bool {
	return p.key == "images" && !strings.HasSuffix(p.path, "]") || p.key == "global" && m.filled(partRegistry)
}

// partial is a tag whose name stands in another file, if anywhere.
func (f *finder) partial(tag *yaml.Node, m *parted, p place) *candidate {
	c := &candidate{at: p, missing: NameMissing, raws: []*yaml.Node{m.raws[partTag], m.raws[partImageTag], m.raws[partDigest]}}
	role := partTag
	if tag != nil && tag != m.nodes[partTag] {
		role = partImageTag
	}
	c.at.values = tagPath(role, p)
	if m.has(partRepository) && c.at.inValues {
		c.missing = NothingMissing
		c.skip = &Reason{NameUnknown, "the repository is empty here"}
	}
	c.tentative = !isImageKey(p.key) && role == partTag && !m.filled(partRegistry)
	if registry := m.nodes[partRegistry]; filled(registry) {
		c.ref.Registry = registry.Value
	}
	f.readTag(c, tag, m)
	if c.skip != nil && c.tentative {
		return nil
	}
	f.add(c)
	return c
}

// withoutTag is an image's map with a digest but no tag, or with nothing.
func (f *finder) withoutTag(m *parted, p place) *candidate {
	repository := m.nodes[partRepository]
	if !filled(repository) || !isImageKey(p.key) || f.templated(repository, p) {
		return nil
	}
	ref, err := image.Parse(repository.Value)
	if err != nil {
		return nil
	}
	c := &candidate{at: p, ref: ref, name: []*yaml.Node{repository}, raws: []*yaml.Node{m.raws[partRepository], m.raws[partDigest]}}
	switch {
	case m.filled(partRegistry) && (ref.Tag != "" || ref.Digest != ""):
		c.skip = &Reason{Ambiguous, "the repository carries a tag or digest beside a registry"}
	case m.filled(partRegistry):
		c.ref.Registry = m.nodes[partRegistry].Value
	default:
		c.readPieces(repository, 0, ref)
	}
	f.readBeside(c, m)
	f.add(c)
	return c
}

// readBeside reads the digest beside a whole reference.
func (f *finder) readBeside(c *candidate, m *parted) {
	switch digest := m.nodes[partDigest]; {
	case !filled(digest):
		c.readRoom(m)
	case c.ref.Digest != "":
		c.leave(&Reason{Ambiguous, "a digest stands both in the reference and beside it"})
	default:
		f.readDigest(c, digest)
	}
}

// tagPath is the values path of the key that holds a part, for looking names
// up under the same path in other files.
func tagPath(role part, p place) string {
	switch role {
	case partVersion:
		return p.values + "/version"
	case partImageTag:
		return p.values + "/imageTag"
	default:
		return p.values + "/tag"
	}
}

// rememberName notes, for files that complete names from this one, which image
// a tag at this map's keys belongs to.
func (f *finder) rememberName(m *parted, p place) {
	if !p.inValues {
		return
	}
	var name Name
	for _, role := range []part{partRepository, partImage, partName} {
		if m.filled(role) && (role != partName || p.inImage()) && !isTemplate(m.nodes[role].Value) {
			name.Repository = m.nodes[role].Value
			break
		}
	}
	if m.filled(partRepository) && m.filled(partImage) {
		name.Repository = m.nodes[partRepository].Value + "/" + m.nodes[partImage].Value
	}
	if m.filled(partRegistry) {
		name.Registry = m.nodes[partRegistry].Value
	}
	if name == (Name{}) {
		return
	}
	for _, role := range []part{partTag, partImageTag, partVersion} {
		f.nameAt(p, tagPath(role, p), name)
	}
}

// nameAt notes a name of the values file, or of the release whose inline
// values these are.
func (f *finder) nameAt(p place, values string, name Name) {
	switch {
	case p.release > 0:
		f.finding.Releases[p.release-1].Names[values] = name
	case f.finding.Names == nil:
		f.finding.Names = map[string]Name{values: name}
	default:
		f.finding.Names[values] = name
	}
}

// prefixes say by which keys the tag and the digest of fooImage go: the end of
// the image's key is replaced.
//
//nolint:gochecknoglobals // a table, never written
var prefixes = []struct{ image, tag, digest, registry string }{
	{"Image", "ImageTag", "ImageDigest", "ImageRegistry"},
	{"Image", "ImageVersion", "ImageDigest", "ImageRegistry"},
	{"Image", "Tag", "Digest", "Registry"},
	{"_image", "_image_tag", "_image_digest", "_image_registry"},
	{"_image", "_tag", "_digest", "_registry"},
	{"-image", "-image-tag", "-image-digest", "-image-registry"},
	{"-image", "-tag", "-digest", "-registry"},
	{"Repository", "Tag", "Digest", "Registry"},
}

// readPrefixed reads `fooImage: name` beside `fooTag: tag` (V17).
func (f *finder) readPrefixed(m, value *yaml.Node, p place) bool {
	if !p.rules.maps || isTemplate(value.Value) {
		return false
	}
	ref, err := image.ParseName(value.Value)
	if err != nil {
		return false
	}
	for _, rule := range prefixes {
		prefix, found := strings.CutSuffix(p.key, rule.image)
		if !found || prefix == "" {
			continue
		}
		tag := get(m, prefix+rule.tag)
		if !isScalar(tag) || rule.image == "Repository" && !strings.Contains(ref.Name(), "/") {
			continue
		}
		c := &candidate{at: p, ref: ref, name: []*yaml.Node{value}, raws: []*yaml.Node{rawOf(m, prefix+rule.tag), rawOf(m, prefix+rule.digest)}}
		beside := &parted{of: m, digestKey: prefix + rule.digest}
		beside.nodes[partDigest] = get(m, prefix+rule.digest)
		if registry := get(m, prefix+rule.registry); filled(registry) {
			if c.ref, err = image.ParseName(strings.TrimSuffix(registry.Value, "/") + "/" + value.Value); err != nil {
				return false
			}
			ref = c.ref
			c.name = append(c.name, registry)
		}
		c.at.values = path.Join(path.Dir(p.values), prefix+rule.tag)
		if p.rules.anyParent && ref.Registry == "" {
			c.missing = RegistryMissing
		}
		f.readTag(c, tag, beside)
		f.nameAt(p, c.at.values, Name{Repository: value.Value})
		f.add(c)
		return true
	}
	return false
}

// loneTag is `fooImageTag: tag` whose name is not in the map.
func (f *finder) loneTag(m, value *yaml.Node, p place) {
	prefix := strings.TrimSuffix(strings.TrimSuffix(p.key, "ImageTag"), "ImageVersion")
	if !p.rules.anyParent || prefix == p.key || !filled(value) || get(m, prefix+"Image") != nil {
		return
	}
	c := &candidate{at: p, missing: NameMissing, lone: true, raws: []*yaml.Node{p.rawFor(value)}}
	f.readTag(c, value, &parted{})
	f.add(c)
}
