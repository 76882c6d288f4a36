package format

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/edit"
)

// documents hands each document of the file to its format.
func (f *finder) documents(text *edit.Text) {
	for i, doc := range text.Docs {
		content := root(doc)
		if content == nil {
			continue
		}
		p := place{text: text, rules: looseRules()}
		switch f.role {
		case roleKustomization:
			if i == 0 { // kustomize reads the first document and no other
				f.kustomization(content, p)
			}
		case roleChart:
			f.chart(content, p)
		case roleArgoSource:
			f.argoSource(content, p)
		case roleValues:
			// Helm reads the first document of a values file and no other.
			if i == 0 || isObject(content) || strings.Contains(path.Base(f.file), "helmfile") {
				f.valuesDocument(content, p)
			}
		default:
			f.object(content, p)
		}
	}
}

// valuesDocument is a document of a values file, unless it says that it is a
// Kubernetes object.
func (f *finder) valuesDocument(n *yaml.Node, p place) {
	if isObject(n) {
		f.object(n, p)
		return
	}
	p.rules = helmRules(Helm)
	p.inValues = true
	f.finding.Global = globals(n)
	p.prefix = prefixOf(n)
	f.walk(n, p)
}

// isObject tells whether a document says of itself that it is a Kubernetes
// object.
func isObject(n *yaml.Node) bool {
	return scalarAt(n, "apiVersion") != "" && scalarAt(n, "kind") != ""
}

// handling is what becomes of an object of one API group and kind.
type handling struct {
	group, kind string // "*" is any
	read        func(*finder, *yaml.Node, place)
}

// handlings is a table: the first row that matches wins, and what is not in it
// is walked as a Kubernetes object.
func handlings() []handling {
	return []handling{
		// A schema has properties called image; none of them is one.
		{"apiextensions.k8s.io", "*", nothing},
		// Policies hold patterns of references, not references.
		{"kyverno.io", "*", nothing},
		{"policies.kyverno.io", "*", nothing},
		{"constraints.gatekeeper.sh", "*", nothing},
		{"templates.gatekeeper.sh", "*", nothing},
		{"policy.sigstore.dev", "*", nothing},
		// What other updaters shall look for.
		{"image.toolkit.fluxcd.io", "ImageRepository", (*finder).fluxImageRepository},
		{"image.toolkit.fluxcd.io", "ImagePolicy", (*finder).fluxImagePolicy},
		{"image.toolkit.fluxcd.io", "*", nothing},
		{"argocd-image-updater.argoproj.io", "*", nothing},
		// Artifacts: charts and manifests, not containers.
		{"source.toolkit.fluxcd.io", "*", nothing},
		// Mirrors are about registries, not about tags.
		{"config.openshift.io", "*", nothing},
		{"operator.openshift.io", "ImageContentSourcePolicy", nothing},

		{"argoproj.io", "Application", (*finder).application},
		{"argoproj.io", "ApplicationSet", (*finder).applicationSet},
		{"helm.toolkit.fluxcd.io", "HelmRelease", (*finder).helmRelease},
		{"kustomize.toolkit.fluxcd.io", "Kustomization", (*finder).fluxKustomization},
		{"kustomize.config.k8s.io", "*", (*finder).kustomization},
		{"builtin", "ImageTagTransformer", (*finder).imageTagTransformer},
		{"helm.cattle.io", "HelmChart", (*finder).k3sChart},
		{"helm.cattle.io", "HelmChartConfig", (*finder).k3sChart},
		{"", "ConfigMap", (*finder).configMap},
		{"", "Secret", nothing},
		{"", "List", (*finder).list},
		{"", "Template", (*finder).list},
		{"template.openshift.io", "Template", (*finder).list},
	}
}

func nothing(*finder, *yaml.Node, place) {}

// object reads a document of Kubernetes or of unknown purpose.
func (f *finder) object(n *yaml.Node, p place) {
	if p.depth > maxDepth {
		return
	}
	if n.Kind == yaml.SequenceNode {
		f.sequence(n, p)
		return
	}
	if !isObject(n) {
		f.unknown(n, p)
		return
	}
	group, _, found := strings.Cut(scalarAt(n, "apiVersion"), "/")
	if !found {
		group = ""
	}
	if scalarAt(n, "apiVersion") == "builtin" {
		group = "builtin"
	}
	kind := scalarAt(n, "kind")
	for _, h := range f.handlings {
		if h.group == group && (h.kind == kind || h.kind == "*") {
			h.read(f, n, p)
			return
		}
	}
	if strings.HasSuffix(kind, "List") && nodeAt(n, "items") != nil {
		f.list(n, p)
		return
	}
	p.rules = f.objectRules(p)
	p.object = true
	f.walk(n, p)
}

func (f *finder) objectRules(p place) *rules {
	rules := objectRules()
	if f.role == roleTemplate {
		rules = templateRules()
	}
	// An object inside of something keeps the format of what holds it.
	if p.rules.format != Kubernetes {
		rules.format = p.rules.format
	}
	return rules
}

// unknown is a mapping that does not say what it is: a patch without a kind, a
// pod in some tool's configuration, values by a name that no convention has.
func (f *finder) unknown(n *yaml.Node, p place) {
	switch {
	case f.role == roleJSON:
		return
	case p.text.Outer() || f.role == roleTemplate:
		p.rules = f.objectRules(p)
		p.rules.bareNames = false
	case strings.HasPrefix(path.Base(f.file), ".argocd-source"):
		f.argoSource(n, p)
		return
	default:
		p.rules = looseHelmRules()
		p.inValues = true
	}
	f.walk(n, p)
}

// list reads the objects that a List or a Template holds.
func (f *finder) list(n *yaml.Node, p place) {
	for _, key := range []string{"items", "objects"} {
		list, at := descend(n, p, key)
		for i, item := range items(list) {
			if target := resolve(item); target.Kind == yaml.MappingNode {
				f.object(target, at.item(i))
			}
		}
	}
}

// sequence is a document that is a list: JSON patches, or objects.
func (f *finder) sequence(n *yaml.Node, p place) {
	for i, item := range n.Content {
		at := p.item(i)
		item = resolve(item)
		switch {
		case isPatch(item):
			f.jsonPatch(item, at)
		case isObject(item):
			f.object(item, at)
		case item.Kind == yaml.MappingNode || item.Kind == yaml.SequenceNode:
			f.unknown(item, at)
		}
	}
}

// isPatch tells whether a mapping is one operation of a JSON patch (RFC 6902).
func isPatch(n *yaml.Node) bool {
	return scalarAt(n, "op") != "" && strings.HasPrefix(scalarAt(n, "path"), "/")
}

// jsonPatch reads the value of an operation as if it stood at its path.
func (f *finder) jsonPatch(n *yaml.Node, p place) {
	value, at := descend(n, p, "value")
	if op := scalarAt(n, "op"); value == nil || op != "add" && op != "replace" {
		return // test and the like change nothing, and must match what is there
	}
	at.rules = f.objectRules(p)
	words := strings.Split(strings.Trim(scalarAt(n, "path"), "/"), "/")
	at.key, at.above = patchKeys(words)
	if isScalar(value) {
		if at.key == "image" || at.isReferenceKey() {
			f.reference(value, at, at.inContainer())
		}
		return
	}
	f.walk(value, at)
}

// patchKeys are the last two names of a JSON pointer, without indexes.
func patchKeys(words []string) (key, above string) {
	for _, word := range slices.Backward(words) {
		if word == "-" || strings.Trim(word, "0123456789") == "" {
			continue
		}
		if key == "" {
			key = word
			continue
		}
		return key, word
	}
	return key, ""
}
