package format

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// kustomization reads a kustomization.yaml, a Component among them.
func (f *finder) kustomization(n *yaml.Node, p place) {
	p.rules = kustomizeRules(Kustomize)
	f.kustomizeImages(n, p, "images")
	f.kustomizeImages(n, p, "imageTags") // its name before v1beta1
	f.patches(n, p)
	f.helmCharts(n, p)
	f.generators(n, p)
}

func kustomizeRules(format Format) *rules {
	rules := objectRules()
	rules.format = format
	return rules
}

// kustomizeImages reads a list of entries of name, newName, newTag and digest.
func (f *finder) kustomizeImages(n *yaml.Node, p place, keys ...string) {
	list, at := descend(n, p, keys...)
	for i, item := range items(list) {
		f.kustomizeImage(resolve(item), at.item(i))
	}
}

func (f *finder) kustomizeImage(n *yaml.Node, p place) {
	name, newName := get(n, "name"), get(n, "newName")
	shown := name
	if filled(newName) {
		shown = newName
	}
	if !filled(shown) {
		return
	}
	c := &candidate{at: p, name: []*yaml.Node{shown}, raws: []*yaml.Node{rawOf(n, "newTag"), rawOf(n, "digest")}}
	defer f.add(c)
	f.kustomizeName(c, shown, newName)
	if c.skip != nil {
		return
	}
	tag := get(n, "newTag")
	c.room.inTag = filled(tag) && tag.Anchor == ""
	if !c.room.inTag {
		c.room.advice = adviseApart
	}
	m := &parted{of: n, digestKey: "digest"}
	m.nodes[partDigest] = get(n, "digest")
	if filled(tag) || filled(m.nodes[partDigest]) {
		f.readTag(c, tag, m)
	}
}

// kustomizeName reads the name. A name may carry a tag, to match only that
// one; a new name must not: kustomize would put a second tag behind it.
func (f *finder) kustomizeName(c *candidate, shown, newName *yaml.Node) {
	if f.templated(shown, c.at) {
		c.skip = &Reason{Templated, "a template or variable: " + clip(shown.Value)}
		return
	}
	ref, err := image.Parse(shown.Value)
	switch {
	case err != nil && shown == newName:
		c.skip = &Reason{Invalid, err.Error()}
		return
	case err != nil:
		c.skip = &Reason{NameUnknown, "name is a pattern: give the image's name as newName"}
		return
	}
	c.ref = image.Reference{Registry: ref.Registry, Path: ref.Path}
	if shown == newName && (ref.Tag != "" || ref.Digest != "") {
		c.skip = &Reason{Ambiguous, "newName carries a tag or digest, from which kustomize builds an invalid reference: move it to newTag or digest"}
	}
}

// imageTagTransformer is the same entry as an object of its own.
func (f *finder) imageTagTransformer(n *yaml.Node, p place) {
	p.rules = kustomizeRules(Kustomize)
	if entry, at := descend(n, p, "imageTag"); entry != nil {
		f.kustomizeImage(entry, at)
	}
}

// patches reads inline patches in all their spellings.
func (f *finder) patches(n *yaml.Node, p place) {
	for _, key := range []string{"patches", "patchesJson6902"} {
		list, at := descend(n, p, key)
		for i, item := range items(list) {
			if patch, inner := descend(resolve(item), at.item(i), "patch"); isScalar(patch) {
				f.inlinePatch(patch, inner)
			}
		}
	}
	list, at := descend(n, p, "patchesStrategicMerge")
	for i, item := range items(list) {
		if item = resolve(item); isScalar(item) {
			f.inlinePatch(item, at.item(i))
		}
	}
}

func (f *finder) inlinePatch(n *yaml.Node, p place) {
	inner, ok := f.nested(n, p)
	if !ok {
		f.unreadable(n, p)
		return
	}
	for _, doc := range inner.text.Docs {
		if content := root(doc); content != nil {
			f.object(content, inner)
		}
	}
}

// unreadable tells of an inline patch that holds images in a form that cannot
// be edited, a quoted string for instance. A file name is no patch.
func (f *finder) unreadable(n *yaml.Node, p place) {
	n = resolve(n)
	if !strings.ContainsAny(n.Value, "\n{[") || !Screen([]byte(n.Value)) {
		return
	}
	if n.Style&yaml.LiteralStyle != 0 {
		_, err := edit.Parse([]byte(n.Value))
		if syntax, ok := errors.AsType[*edit.SyntaxError](err); ok {
			f.problem(p.text, n.Line+syntax.Line, syntax.Column, "the YAML in this block cannot be parsed: "+syntax.Message)
		}
		return // else a template makes a part of it
	}
	if text, err := edit.Parse([]byte(n.Value)); err == nil && len(Find("patch.yaml", []byte(n.Value), text).Fields) == 0 {
		return
	}
	f.problem(p.text, n.Line, n.Column, "the images in this text are not looked at: write it as a literal block (|)")
}

// helmCharts reads the values of charts that kustomize inflates.
func (f *finder) helmCharts(n *yaml.Node, p place) {
	list, at := descend(n, p, "helmCharts")
	for i, item := range items(list) {
		item = resolve(item)
		release := Release{}
		if file := scalarAt(item, "valuesFile"); file != "" {
			release.ValueFiles = f.below(file)
		}
		for _, file := range items(nodeAt(item, "additionalValuesFiles")) {
			release.ValueFiles = append(release.ValueFiles, f.below(file.Value)...)
		}
		if home, name := scalarAt(n, "helmGlobals", "chartHome"), scalarAt(item, "name"); scalarAt(item, "repo") == "" && name != "" {
			if home == "" {
				home = "charts"
			}
			release.Chart = first(f.below(home + "/" + name))
		}
		values, inner := descend(item, f.release(release, at.item(i)), "valuesInline")
		f.inline(values, inner, Kustomize)
	}
}

// generators reads literals like WEB_IMAGE=acme/web:2.5.1.
func (f *finder) generators(n *yaml.Node, p place) {
	list, at := descend(n, p, "configMapGenerator")
	for i, item := range items(list) {
		literals, inner := descend(resolve(item), at.item(i), "literals")
		for j, literal := range items(literals) {
			if literal = resolve(literal); isScalar(literal) {
				f.assignment(literal, inner.item(j))
			}
		}
	}
}
