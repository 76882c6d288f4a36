package format

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

func argoRules() *rules {
	rules := objectRules()
	rules.format = ArgoCD
	return rules
}

// application reads an Argo CD Application.
func (f *finder) application(n *yaml.Node, p place) {
	p.rules = argoRules()
	if spec, at := descend(n, p, "spec"); spec != nil {
		f.applicationSpec(spec, at)
	}
}

// applicationSet reads the template and the values of its generators.
func (f *finder) applicationSet(n *yaml.Node, p place) {
	p.rules = argoRules()
	if spec, at := descend(n, p, "spec", "template", "spec"); spec != nil {
		f.applicationSpec(spec, at)
	}
	if generators, at := descend(n, p, "spec", "generators"); generators != nil {
		at.rules = helmRules(ArgoCD)
		f.walk(generators, at)
	}
}

func (f *finder) applicationSpec(spec *yaml.Node, p place) {
	if source, at := descend(spec, p, "source"); source != nil {
		f.argoSource(source, at)
	}
	list, at := descend(spec, p, "sources")
	for i, source := range items(list) {
		f.argoSource(resolve(source), at.item(i))
	}
}

// argoSource reads a source, or a .argocd-source.yaml, which has its form.
func (f *finder) argoSource(n *yaml.Node, p place) {
	p.rules = argoRules()
	f.argoHelm(n, p)
	images, at := descend(n, p, "kustomize", "images")
	for i, item := range items(images) {
		f.argoImage(resolve(item), at.element(i, item))
	}
	if kustomize, at := descend(n, p, "kustomize"); kustomize != nil {
		f.patches(kustomize, at)
	}
}

func (f *finder) argoHelm(n *yaml.Node, p place) {
	helm, at := descend(n, p, "helm")
	if helm == nil {
		return
	}
	at = f.release(f.argoRelease(n, helm), at)
	object, inner := descend(helm, at, "valuesObject")
	f.inline(object, inner, ArgoCD)
	if text, inner := descend(helm, at, "values"); text != nil {
		f.inlineText(text, inner, ArgoCD)
	}
	if list, inner := descend(helm, at, "parameters"); list != nil {
		f.parameters(list, inner, ArgoCD)
	}
}

// argoRelease is where the chart and the values files of a source stand, for
// sources that may be of this repository.
func (f *finder) argoRelease(source, helm *yaml.Node) Release {
	var release Release
	folder := scalarAt(source, "path")
	if f.role == roleArgoSource {
		folder = path.Dir(f.file)
	}
	if folder != "" && scalarAt(source, "chart") == "" {
		release.Chart = path.Clean(folder)
	}
	for _, item := range items(nodeAt(helm, "valueFiles")) {
		item = resolve(item)
		if !isScalar(item) || strings.Contains(item.Value, "://") || strings.Contains(item.Value, "{{") {
			release.Open = true
			continue
		}
		file := path.Join(folder, item.Value)
		if rest, found := strings.CutPrefix(item.Value, "$"); found {
			// $ref/path: a path in another source, most often this repository.
			_, file, _ = strings.Cut(rest, "/")
		}
		if file = path.Clean(strings.TrimPrefix(file, "/")); !strings.HasPrefix(file, "..") {
			release.ValueFiles = append(release.ValueFiles, file)
		}
	}
	return release
}

// argoImage reads [old=]name[:tag][@digest].
func (f *finder) argoImage(n *yaml.Node, p place) {
	if n.Kind == yaml.MappingNode {
		n, p = descend(n, p, "name")
	}
	if !isScalar(n) {
		return
	}
	c := &candidate{at: p, name: []*yaml.Node{n}, raws: []*yaml.Node{p.rawFor(n)}}
	defer f.add(c)
	if f.templated(n, p) {
		c.skip = &Reason{Templated, "a template or variable: " + clip(p.text.Raw(n))}
		return
	}
	value := strings.TrimRight(n.Value, "\n")
	from := strings.IndexByte(value, '=') + 1
	ref, err := image.Parse(value[from:])
	if err != nil {
		c.skip = &Reason{Invalid, err.Error()}
		return
	}
	c.ref = ref
	c.readPieces(n, from, ref)
}
