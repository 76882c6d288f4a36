package format

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// Carriers of whole references that are not image keys. The name says that the
// value is an image; the value must be a reference with a registry or an
// owner, and a tag or digest, to count.
var (
	imageVariable = regexp.MustCompile(`^RELATED_IMAGE_|(^|_)IMAGE([-_.][A-Za-z0-9_.-]*)?$`)
	imageFlag     = regexp.MustCompile(`^--?[a-z0-9-]*(image|config-reloader)(-[a-z0-9-]+)?$`)
	imageSetting  = regexp.MustCompile(`(^|[._-])[iI]mage$|[a-z0-9]Image$|_IMAGE$|^IMAGE$`)
)

// annotations that carry an image.
//
//nolint:gochecknoglobals // a table, never written
var annotations = map[string]bool{
	"containerImage":                  true, // ClusterServiceVersion
	"sidecar.istio.io/proxyImage":     true,
	"linkerd.io/proxy-image":          false, // a name without a tag
	"traffic.sidecar.istio.io/image":  true,
	"sidecar.jaegertracing.io/image":  true,
	"instrumentation.otel.io/image":   true,
	"vault.hashicorp.com/agent-image": true,
}

// environment looks at the carriers that a map holds: a variable, arguments,
// annotations, an ImageStream's source.
func (f *finder) environment(m *yaml.Node, p place) {
	switch {
	case p.key == "env":
		f.variable(m, p)
	case p.key == "metadata":
		f.annotated(m, p)
	case p.key == "params" && imageSetting.MatchString(scalarAt(m, "name")) && scalarAt(m, "name") != "image":
		if value, at := descend(m, p, "default"); isScalar(value) { // of a Tekton task
			f.carried(value, at, 0)
		}
	}
	if from, at := descend(m, p, "from"); scalarAt(from, "kind") == "DockerImage" {
		f.imageStreamTag(m, from, at)
	}
	for _, key := range []string{"args", "command"} {
		if list, at := descend(m, p, key); list != nil {
			f.arguments(list, at)
		}
	}
}

// imageStreamTag reads where a tag of an ImageStream comes from. A stream's tag
// that is called like the image's would no longer be true if that moved.
func (f *finder) imageStreamTag(tag, from *yaml.Node, p place) {
	name, at := descend(from, p, "name")
	if !isScalar(name) {
		return
	}
	before := len(f.fields)
	f.reference(name, at, true)
	if len(f.fields) > before {
		if c := f.fields[before]; c.skip == nil && c.ref.Tag == scalarAt(tag, "name") {
			c.skip = &Reason{Ambiguous, "the stream's own tag is called " + c.ref.Tag}
		}
	}
}

func (f *finder) variable(m *yaml.Node, p place) {
	if !imageVariable.MatchString(scalarAt(m, "name")) {
		return
	}
	if value, at := descend(m, p, "value"); isScalar(value) {
		f.carried(value, at, 0)
	}
}

func (f *finder) annotated(m *yaml.Node, p place) {
	list, at := descend(m, p, "annotations")
	for key, value := range pairs(list) {
		if value = resolve(value); annotations[key.Value] && isScalar(value) {
			f.carried(value, at.child(key), 0)
		}
	}
}

// arguments reads --flag=reference, and --flag followed by a reference.
func (f *finder) arguments(list *yaml.Node, p place) {
	after := false
	f.work += len(items(list))
	for i, raw := range items(list) {
		item := resolve(raw)
		if !isScalar(item) {
			continue
		}
		flag, _, assigned := strings.Cut(item.Value, "=")
		named := imageFlag.MatchString(flag)
		switch {
		case after:
			f.carried(item, p.element(i, raw), 0)
		case named && assigned:
			f.carried(item, p.element(i, raw), len(flag)+1)
		}
		after = named && !assigned && !after
	}
}

// assignment reads NAME=reference.
func (f *finder) assignment(n *yaml.Node, p place) {
	name, _, found := strings.Cut(n.Value, "=")
	if found && imageSetting.MatchString(name) {
		f.carried(n, p, len(name)+1)
	}
}

// carried is a reference in a place that merely suggests one.
func (f *finder) carried(n *yaml.Node, p place, from int) {
	if f.templated(n, p) {
		return
	}
	ref, err := image.Parse(n.Value[from:])
	if err != nil || ref.Tag == "" && ref.Digest == "" || !strings.Contains(ref.Name(), "/") {
		return
	}
	c := &candidate{at: p, ref: ref, name: []*yaml.Node{n}, raws: []*yaml.Node{p.rawFor(n)}}
	c.readPieces(n, from, ref)
	f.add(c)
}

// configMap looks at data: settings that are references, and YAML in block
// scalars.
func (f *finder) configMap(n *yaml.Node, p place) {
	p.rules = f.objectRules(p)
	data, at := descend(n, p, "data")
	f.settings(data, at)
	for key, value := range pairs(data) {
		if value = resolve(value); isScalar(value) && !imageSetting.MatchString(key.Value) {
			f.walkText(value, at.child(key))
		}
	}
}

// settings reads the values whose keys say that they are images.
func (f *finder) settings(m *yaml.Node, p place) {
	for key, raw := range pairs(m) {
		if value := resolve(raw); isScalar(value) && imageSetting.MatchString(key.Value) {
			child := p.child(key)
			child.raw = raw
			f.carried(value, child, 0)
		}
	}
}
