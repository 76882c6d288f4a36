package format

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// Place is a place that no convention finds, as scan.fields names it. It holds
// in every document of a file; where it is not there, nothing is said.
type Place struct {
	// Path leads to the value. It does not enter YAML inside of block scalars.
	Path []PathStep
	Kind PlaceKind
	// Image is the name of the image; zero where ImagePath or the value gives it.
	Image image.Reference
	// ImagePath and DigestPath lead to the name and to the digest of a tag, in
	// the same document; where they begin like Path, [*] is the same element.
	ImagePath, DigestPath []PathStep
	// Origin says where the place is configured, for messages.
	Origin string
}

// PlaceKind is what stands at a place.
type PlaceKind int

// The kinds of places.
const (
	PlaceTag       PlaceKind = iota // a tag, or tag@digest
	PlaceReference                  // a whole reference
	PlaceDigest                     // a digest
)

// AllElements is the Index of a step into every element of a list.
const AllElements = -1

// PathStep is a key of a mapping, or where Key is "" an element of a list.
type PathStep struct {
	Key   string
	Index int
}

// reached is a value to which a path leads.
type reached struct {
	at    place
	raw   *yaml.Node // as it stands there, an alias perhaps
	of    *yaml.Node // the map that holds it; nil for an element of a list
	taken []int      // the element taken at each step
}

// placed is a field that a place makes.
type placed struct {
	*candidate
	ownDigest bool // the place says where the digest stands
}

// places reads the places of a file. What conventions found at the same values
// gives way to them.
func (f *finder) places(text *edit.Text, places []Place) {
	var made []placed
	for i, doc := range text.Docs {
		content := root(doc)
		if content == nil {
			continue
		}
		at := place{text: text, rules: f.placeRules(content)}
		at.inValues = f.role == roleValues && i == 0 && !isObject(content)
		for j := range places {
			f.follow(reached{at: at, raw: content}, places[j].Path, func(r reached) {
				made = append(made, placed{f.placedField(reached{at: at, raw: content}, r, &places[j]), len(places[j].DigestPath) > 0})
			})
		}
	}
	f.supersede(made)
}

// formatsOf are the objects whose format is not Kubernetes, by API group and kind;
// a group alone stands for all its kinds.
//
//nolint:gochecknoglobals // a table, never written
var formatsOf = map[string]Format{
	"argoproj.io/Application":        ArgoCD,
	"argoproj.io/ApplicationSet":     ArgoCD,
	"helm.toolkit.fluxcd.io":         Flux,
	"kustomize.toolkit.fluxcd.io":    Flux,
	"kustomize.config.k8s.io":        Kustomize,
	"builtin/ImageTagTransformer":    Kustomize,
	"helm.cattle.io/HelmChart":       Helm,
	"helm.cattle.io/HelmChartConfig": Helm,
}

// placeRules are those of a document for a value of which a person says what it
// is: how a digest is written there only its readers know.
func (f *finder) placeRules(content *yaml.Node) *rules {
	group, _, _ := strings.Cut(scalarAt(content, "apiVersion"), "/")
	format := cmp.Or(formatsOf[group+"/"+scalarAt(content, "kind")], formatsOf[group], f.formatOf())
	rules := objectRules()
	if format == Helm {
		rules = helmRules(format)
	}
	rules.format, rules.bareDigest = format, true
	return rules
}

// follow visits what a path leads to.
func (f *finder) follow(from reached, steps []PathStep, visit func(reached)) {
	if f.work++; f.exhausted() {
		return
	}
	if len(steps) == 0 {
		visit(from)
		return
	}
	n, step := resolve(from.raw), steps[0]
	if step.Key != "" {
		if next, found := from.below(n, step.Key); found {
			f.follow(next, steps[1:], visit)
		}
		return
	}
	for i, item := range items(n) {
		if step.Index == AllElements || step.Index == i {
			next := reached{at: from.at.element(i, item), raw: item, taken: append(slices.Clip(from.taken), i)}
			f.follow(next, steps[1:], visit)
		}
	}
}

// below is the value of a key, by a merge key perhaps.
func (r reached) below(m *yaml.Node, key string) (reached, bool) {
	next := reached{of: m, taken: append(slices.Clip(r.taken), 0)}
	keyNode := &yaml.Node{Value: key}
	for k, v := range pairs(m) {
		if k.Value == key {
			keyNode, next.raw = k, v // of a key given twice the last counts
		}
	}
	if next.raw == nil {
		next.raw = get(m, key)
	}
	next.at = r.at.child(keyNode)
	next.at.raw = next.raw
	return next, next.raw != nil
}

// bind makes a path that begins like another one take the same elements.
func bind(steps, like []PathStep, taken []int) []PathStep {
	bound := slices.Clone(steps)
	for i := range min(len(steps), len(like)) {
		if steps[i] != like[i] {
			break
		}
		if steps[i].Key == "" {
			bound[i].Index = taken[i]
		}
	}
	return bound
}

// beside is the one value to which a further path of a place leads; many tells
// that there are several.
func (f *finder) beside(top, r reached, steps []PathStep, like *Place) (found reached, many bool) {
	if len(steps) == 0 {
		return reached{}, false
	}
	f.follow(top, bind(steps, like.Path, r.taken), func(next reached) {
		many = many || found.raw != nil
		found = next
	})
	return found, many
}

// placedField makes a field of a value and of what the place says of it.
func (f *finder) placedField(top, r reached, where *Place) *candidate {
	n := resolve(r.raw)
	c := &candidate{at: r.at, raws: []*yaml.Node{r.raw}}
	c.room.advice = "give the place a digestPath that leads to an empty digest, if anything reads one: " + where.Origin
	digests := f.placedDigest(top, r, where, c)
	if where.Kind != PlaceReference {
		f.placedName(top, r, where, c)
	}
	switch {
	case isFlowTemplate(n):
		c.skip = &Reason{Templated, "a template stands here"}
	case !isScalar(n):
		c.skip = &Reason{Invalid, "no value stands here, but a list or a mapping"}
	case where.Kind == PlaceTag:
		f.readVersion(c, n, digests)
		return c
	case !filled(n):
		c.skip = &Reason{NoVersion, "the value is empty here"}
	case where.Kind == PlaceDigest:
		f.readDigest(c, n)
		return c
	default:
		f.placedReference(c, n, digests)
	}
	c.name = append(c.name, n)
	return c
}

func (f *finder) placedReference(c *candidate, n *yaml.Node, digests *parted) {
	ref, err := image.Parse(strings.TrimRight(n.Value, "\n"))
	switch {
	case f.templated(n, c.at):
		c.skip = &Reason{Templated, "a template or variable: " + clip(c.at.text.Raw(n))}
	case err != nil:
		c.skip = &Reason{Invalid, err.Error()}
	default:
		c.ref = ref
		c.readPieces(n, 0, ref)
		f.readBeside(c, digests)
	}
}

// placedName gives the field the name that the place says or leads to.
func (f *finder) placedName(top, r reached, where *Place, c *candidate) {
	c.ref.Registry, c.ref.Path = where.Image.Registry, where.Image.Path
	if c.ref.Path != "" {
		return
	}
	found, many := f.beside(top, r, where.ImagePath, where)
	n := resolve(found.raw)
	switch {
	case many:
		c.skip = &Reason{NameUnknown, "imagePath leads to several values: " + where.Origin}
		return
	case !filled(n):
		c.skip = &Reason{NameUnknown, "imagePath leads to no name here: " + where.Origin}
		return
	}
	c.name = append(c.name, n)
	ref, err := image.ParseName(n.Value)
	switch {
	case f.templated(n, found.at):
		c.skip = &Reason{Templated, "a template or variable: " + clip(found.at.text.Raw(n))}
	case err != nil:
		c.skip = &Reason{NameUnknown, "imagePath leads to no name: " + err.Error()}
	default:
		c.ref.Registry, c.ref.Path = ref.Registry, ref.Path
	}
}

// placedDigest is the map in which the digest of a place stands, taken apart as
// far as that.
func (f *finder) placedDigest(top, r reached, where *Place, c *candidate) *parted {
	found, many := f.beside(top, r, where.DigestPath, where)
	switch {
	case many:
		c.skip = &Reason{Ambiguous, "digestPath leads to several values: " + where.Origin}
		return &parted{}
	case found.raw == nil:
		return &parted{}
	case !isScalar(resolve(found.raw)):
		c.skip = &Reason{Invalid, "digestPath leads to no value: " + where.Origin}
		return &parted{}
	}
	c.raws = append(c.raws, found.raw)
	digests := &parted{of: found.of, digestKey: found.at.key}
	digests.nodes[partDigest] = resolve(found.raw)
	return digests
}

// supersede takes the fields of places in, and what conventions found at the
// same values out.
func (f *finder) supersede(made []placed) {
	if len(made) == 0 {
		return
	}
	by := map[*yaml.Node][]placed{}
	for _, c := range made {
		for _, n := range append([]*yaml.Node{c.tag.node, c.digest.node}, c.name...) {
			if n != nil && len(by[n]) < maxSharers {
				by[n] = append(by[n], c)
			}
		}
	}
	f.fields = slices.DeleteFunc(f.fields, func(old *candidate) bool {
		gone := false
		for _, n := range old.scalars() {
			for _, c := range by[n] {
				if c.supersedes(old) {
					c.inherit(old)
					gone = true
				}
			}
		}
		return gone
	})
	for _, c := range made {
		f.add(c.candidate)
	}
}

// supersedes tells whether both are about one version, or about one name where
// there is none.
func (c placed) supersedes(old *candidate) bool {
	switch {
	case old.tag.node != nil && c.tag.node != nil:
		return old.tag.node == c.tag.node
	case old.tag.node != nil || old.digest.node != nil:
		return old.digest.node != nil && old.digest.node == c.digest.node
	}
	return true
}

// inherit takes from a field that a convention found what the place does not
// say: its other part, and what keeps that from being written.
func (c placed) inherit(old *candidate) {
	c.at.rules = old.at.rules
	c.at.values, c.at.inValues, c.at.release = old.at.values, old.at.inValues, old.at.release
	c.also = append(append(append(c.also, old.raws...), old.also...), old.at.keyNode)
	c.policy = old.policy
	if c.tag.node == nil && old.tag.node != nil {
		c.tag, c.ref.Tag = old.tag, old.ref.Tag
	}
	if c.ownDigest {
		return
	}
	if c.digest.node == nil {
		c.digest, c.ref.Digest, c.bare = old.digest, old.ref.Digest, old.bare
	}
	c.room = old.room
	aboutDigest := old.digest.node != nil && (old.skip.is(Invalid) || old.skip.is(Templated))
	if aboutDigest || old.skip.is(Ambiguous) && !old.nameDoubt {
		c.leave(old.skip)
	}
}

func (r *Reason) is(code Code) bool { return r != nil && r.Code == code }
