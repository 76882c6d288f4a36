package format

import (
	"bytes"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// helmRelease reads a Flux HelmRelease: its values and what it renders after.
func (f *finder) helmRelease(n *yaml.Node, p place) {
	p.rules = kustomizeRules(Flux)
	var release Release
	chart := scalarAt(n, "spec", "chart", "spec", "chart")
	if strings.HasPrefix(chart, ".") || scalarAt(n, "spec", "chart", "spec", "sourceRef", "kind") == "GitRepository" {
		release.Chart = path.Clean(strings.TrimPrefix(chart, "/"))
	}
	release.Open = len(items(nodeAt(n, "spec", "valuesFrom"))) > 0
	for _, item := range items(nodeAt(n, "spec", "chart", "spec", "valuesFiles")) {
		release.ValueFiles = append(release.ValueFiles, path.Clean(resolve(item).Value))
	}
	values, at := descend(n, f.release(release, p), "spec", "values")
	f.inline(values, at, Flux)
	list, at := descend(n, p, "spec", "postRenderers")
	for i, item := range items(list) {
		kustomize, inner := descend(resolve(item), at.item(i), "kustomize")
		f.kustomizeImages(kustomize, inner, "images")
		f.patches(kustomize, inner)
	}
}

// fluxKustomization reads a Flux Kustomization.
func (f *finder) fluxKustomization(n *yaml.Node, p place) {
	p.rules = kustomizeRules(Flux)
	f.kustomizeImages(n, p, "spec", "images")
	if spec, at := descend(n, p, "spec"); spec != nil {
		f.patches(spec, at)
	}
	substitute, at := descend(n, p, "spec", "postBuild", "substitute")
	f.settings(substitute, at)
}

// fluxImageRepository notes the image that an ImageRepository names.
func (f *finder) fluxImageRepository(n *yaml.Node, _ place) {
	if f.finding.Images == nil {
		f.finding.Images = map[string]string{}
	}
	f.finding.Images[fluxName(n)] = scalarAt(n, "spec", "image")
}

// fluxImagePolicy notes which ImageRepository a policy is about.
func (f *finder) fluxImagePolicy(n *yaml.Node, _ place) {
	if f.finding.Policies == nil {
		f.finding.Policies = map[string]string{}
	}
	namespace := scalarAt(n, "spec", "imageRepositoryRef", "namespace")
	if namespace == "" {
		namespace = scalarAt(n, "metadata", "namespace")
	}
	f.finding.Policies[fluxName(n)] = namespace + ":" + scalarAt(n, "spec", "imageRepositoryRef", "name")
}

func fluxName(n *yaml.Node) string {
	return scalarAt(n, "metadata", "namespace") + ":" + scalarAt(n, "metadata", "name")
}

// marked looks at the scalars with a Flux marker that no shape has found: on a
// whole reference the marker makes it certain, on a tag the policy may say
// whose it is.
func (f *finder) marked(text *edit.Text) {
	if !bytes.Contains(f.source, []byte("$imagepolicy")) {
		return
	}
	used := f.usedScalars()
	f.eachScalar(text, func(n *yaml.Node, p place) {
		mark, found := markerAt(p.text, n)
		switch {
		case !found:
		case used[n] != nil:
			used[n].policy = mark.policy
		case mark.part == "":
			p.rules = f.objectRules(p)
			p.rules.format = Flux
			f.reference(n, p, false)
		case mark.part == "tag" && image.ValidTag(n.Value) && kustomizeKnows(p.key):
			f.markedTag(n, p, mark)
		}
	})
}

// kustomizeKnows keeps out keys that look like kustomize's and are not read by
// it: what nobody reads deploys nothing.
func kustomizeKnows(key string) bool { return key != "newDigest" }

func (f *finder) markedTag(n *yaml.Node, p place, mark marker) {
	rules := objectRules()
	rules.format = Flux
	p.rules = rules
	c := &candidate{at: p, missing: NameMissing, tentative: true, policy: mark.policy, tag: piece{n, 0, len(n.Value)}}
	c.ref.Tag = n.Value
	c.raws = []*yaml.Node{n}
	f.add(c)
}

// usedScalars are the tags and digests that fields have already.
func (f *finder) usedScalars() map[*yaml.Node]*candidate {
	used := map[*yaml.Node]*candidate{}
	for _, c := range f.fields {
		for _, n := range append([]*yaml.Node{c.tag.node, c.digest.node}, c.name...) {
			if n != nil {
				used[n] = c
			}
		}
	}
	return used
}

// eachScalar visits every value of the file that has a place of its own.
func (f *finder) eachScalar(text *edit.Text, visit func(*yaml.Node, place)) {
	for _, doc := range text.Docs {
		if content := root(doc); content != nil {
			f.scalars(content, place{text: text, rules: looseRules()}, visit)
		}
	}
}

func (f *finder) scalars(n *yaml.Node, p place, visit func(*yaml.Node, place)) {
	if p.depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for key, value := range pairs(n) {
			f.scalars(value, p.child(key), visit)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			f.scalars(item, p.item(i), visit)
		}
	case yaml.ScalarNode:
		visit(n, p)
		if inner := f.texts[n]; inner != nil {
			p.text, p.path = inner, p.path+"|"
			for _, doc := range inner.Docs {
				if content := root(doc); content != nil {
					f.scalars(content, p, visit)
				}
			}
		}
	default: // an alias: its anchor is visited
	}
}
