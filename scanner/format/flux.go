package format

import (
	"bytes"
	"path"
	"regexp"
	"slices"
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

// commented looks at scalars beside which a comment names the image.
func (f *finder) commented(text *edit.Text) {
	if !bytes.Contains(f.source, []byte("image=")) {
		return
	}
	governed := map[*edit.Text]map[int][]governedScalar{}
	f.eachScalar(text, func(n *yaml.Node, p place) {
		if f.commentsOf(p.text).at(n.Line).image == "" {
			return
		}
		if governed[p.text] == nil {
			governed[p.text] = map[int][]governedScalar{}
		}
		governed[p.text][n.Line] = append(governed[p.text][n.Line], governedScalar{n, p})
	})
	used := f.usedScalars()
	for _, c := range f.fields { // a comment at the key of a map is about the map's image
		if c.at.keyNode != nil {
			f.named(c, f.commentsOf(c.at.text).at(c.at.keyNode.Line).image)
		}
	}
	for text, lines := range governed {
		for line, scalars := range lines {
			f.commentedLine(text, line, scalars, used)
		}
	}
}

// governedScalar is a value on a line that a comment speaks of.
type governedScalar struct {
	node *yaml.Node
	at   place
}

// commentedLine finds the one scalar of a line that a comment can mean.
func (f *finder) commentedLine(text *edit.Text, line int, scalars []governedScalar, used map[*yaml.Node]*candidate) {
	name := f.commentsOf(text).at(line).image
	ref, err := image.ParseName(name)
	if err != nil {
		return // said when the comment was read
	}
	for _, s := range scalars {
		if c := used[s.node]; c != nil {
			f.named(c, name)
			return
		}
	}
	// A comment above a line may be meant for the whole map that starts there.
	above := f.commentsOf(text).said[line].image == ""
	if len(scalars) > 1 || above && !versionKey.MatchString(scalars[0].at.key) && !image.ValidDigest(scalars[0].node.Value) {
		scalars = slices.DeleteFunc(scalars, func(s governedScalar) bool {
			role, known := parts[s.at.key]
			return !known || role != partTag && role != partImageTag && role != partVersion && role != partDigest
		})
	}
	if len(scalars) != 1 {
		f.problem(text, line, 1, "the comment with image="+name+" cannot tell which value it means: put it on the line of the tag alone")
		return
	}
	f.commentedScalar(scalars[0].node, scalars[0].at, ref)
}

// versionKey are keys of which the value may be a version or a reference.
var versionKey = regexp.MustCompile(`(?i)version|tag|digest|image|release|ref`)

// named gives a field that was found the name that its comment says.
func (f *finder) named(c *candidate, name string) {
	ref, err := image.ParseName(name)
	if err != nil || c.tag.node == nil && c.digest.node == nil {
		return
	}
	c.ref.Registry, c.ref.Path = ref.Registry, ref.Path
	c.missing, c.tentative, c.ownRegistry = NothingMissing, false, false
	if c.nameDoubt || c.skip != nil && c.skip.Code == NameUnknown {
		c.skip = nil
	}
}

func (f *finder) commentedScalar(n *yaml.Node, p place, ref image.Reference) {
	rules := objectRules()
	rules.format = f.formatOf()
	p.rules = rules
	c := &candidate{at: p, ref: ref, raws: []*yaml.Node{n}}
	whole, err := image.Parse(n.Value)
	if err == nil && whole.Repository() == ref.Repository() {
		c.ref = whole
		c.tag, c.digest = referencePieces(n, 0, whole)
	} else {
		f.readTag(c, n, &parted{})
	}
	f.add(c)
}

// formatOf is the format of fields that only a comment makes.
func (f *finder) formatOf() Format {
	switch f.role {
	case roleValues, roleChart:
		return Helm
	case roleKustomization:
		return Kustomize
	case roleArgoSource:
		return ArgoCD
	default:
		return Kubernetes
	}
}
