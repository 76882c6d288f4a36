package format

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// This file says what a map means. It is data as far as it can be: `parts`
// lists which keys play which part, `shapes` which parts together make an
// image, and `rules` which of the shapes hold in which kind of document. The
// V, K and other numbers are those of the catalogue of shapes seen in the wild
// (docs/shapes.md).

// part is what a key says of an image.
type part int

const (
	partRegistry   part = iota // host, perhaps with a path
	partHub                    // Istio's registry and path
	partRepository             // path, perhaps with a host
	partImage                  // path, a last segment, or a whole reference
	partName                   // a name that is an image's only in an image's map
	partTag                    // tag, or tag@digest
	partImageTag               // the same, by a name that says so
	partVersion                // a tag where the map is an image's
	partRelease                // the same, beside a repository alone
	partDigest                 // sha256:…, or bare hex
	partCount
)

// parts lists the keys. Where a map has two keys of one part, the map is
// ambiguous unless one of them is empty.
//
//nolint:gochecknoglobals // a table, never written
var parts = map[string]part{
	"registry":         partRegistry,
	"imageRegistry":    partRegistry,
	"defaultRegistry":  partRegistry,
	"hub":              partHub,
	"repository":       partRepository,
	"repo":             partRepository,
	"imageRepository":  partRepository,
	"imageRepo":        partRepository,
	"image_repository": partRepository,
	"image":            partImage,
	"imageName":        partImage,
	"image_name":       partImage,
	"baseImage":        partImage,
	"name":             partName,
	"tag":              partTag,
	"imageTag":         partImageTag,
	"image_tag":        partImageTag,
	"image-tag":        partImageTag,
	"dockerTag":        partImageTag,
	"docker_tag":       partImageTag,
	"version":          partVersion,
	"release":          partRelease,
	"defaultTag":       partTag,
	"imageVersion":     partVersion,
	"digest":           partDigest,
	"imageDigest":      partDigest,
	"image_digest":     partDigest,
	"sha":              partDigest,
	"sha256":           partDigest,
	"shasum":           partDigest,
}

// parent says what the key above a map must be for a shape to hold.
type parent int

const (
	anyParent   parent = iota // anything, where the document's rules are those of Helm values
	imageParent               // image, fooImage, an element of images
)

// shape is one row of the table: these parts, filled, make this name and are
// versioned by that part. `without` parts must be empty or absent.
type shape struct {
	id       string
	name     []part // joined by "/", in order
	optional part   // stands before the name where it is filled; partCount for none
	tag      part
	without  []part
	parent   parent
	flat     bool // holds only where rules.flatVersion does
	owner    bool // holds only where the repository is one word, an owner
}

const none = partCount

// shapes are tried in order; the first whose parts are all there wins.
//
//nolint:gochecknoglobals // a table, never written
var shapes = []shape{
	{id: "V10", name: []part{partRepository, partImage}, tag: partTag, optional: partRegistry},
	{id: "V10", name: []part{partRepository, partImage}, tag: partVersion, optional: partRegistry, without: []part{partTag, partImageTag}},
	{id: "V08", name: []part{partRegistry, partRepository, partName}, tag: partTag, optional: none, without: []part{partImage}, parent: imageParent, owner: true},
	{id: "V01-V04", name: []part{partRepository}, optional: partRegistry, tag: partTag, without: []part{partImage}},
	{id: "V12", name: []part{partRepository}, optional: partRegistry, tag: partImageTag, without: []part{partImage, partTag}},
	{id: "V09", name: []part{partRepository}, optional: partRegistry, tag: partVersion, without: []part{partImage, partTag, partImageTag}, parent: imageParent},
	{id: "V09", name: []part{partRepository}, optional: partRegistry, tag: partRelease, without: []part{partImage, partTag, partImageTag, partVersion}, parent: imageParent},
	{id: "V20", name: []part{partHub, partImage}, optional: none, tag: partTag, without: []part{partRepository}},
	{id: "V05, V11", name: []part{partImage}, optional: partRegistry, tag: partTag, without: []part{partRepository}},
	{id: "V12, V18", name: []part{partImage}, optional: partRegistry, tag: partImageTag, without: []part{partRepository, partTag}},
	{id: "V13", name: []part{partImage}, optional: partRegistry, tag: partVersion, without: []part{partRepository, partTag, partImageTag}, flat: true},
	{id: "V08", name: []part{partName}, optional: partRegistry, tag: partTag, without: []part{partRepository, partImage}, parent: imageParent},
	{id: "V09", name: []part{partName}, optional: partRegistry, tag: partVersion, without: []part{partRepository, partImage, partTag}, parent: imageParent},
}

// sources are keys that mark a map as something else that has a repository and
// a tag or version: a checkout, a chart, an artifact.
//
//nolint:gochecknoglobals // a table, never written
var sources = map[string]string{
	"branch":         "a Git checkout",
	"revision":       "a Git checkout",
	"rev":            "a Git checkout",
	"url":            "a download",
	"chart":          "a Helm chart",
	"chartVersion":   "a Helm chart",
	"targetRevision": "an Argo CD source",
	"subPath":        "a Git checkout",
	"sourceRef":      "a Flux source",
	"condition":      "a chart dependency",
	"import-values":  "a chart dependency",
}

// qualifiers are keys that add to a name or a tag in ways that only the chart
// knows.
//
//nolint:gochecknoglobals // a table, never written
var qualifiers = map[string]bool{
	"namespace": true, "org": true, "organization": true, "project": true, "owner": true,
	"tagSuffix": true, "tagPrefix": true, "override": true, "fullImageName": true, "flavor": true, "variant": true,
}

// meaning is all that the tables above and prefixKeys say of a key.
type meaning struct {
	part              part
	isPart            bool
	source            string
	qualifier, prefix bool
}

// meanings puts the tables together: one look a key instead of four.
//
//nolint:gochecknoglobals // made of tables, never written
var meanings = func() map[string]meaning {
	made := map[string]meaning{}
	for key, part := range parts {
		m := made[key]
		m.part, m.isPart = part, true
		made[key] = m
	}
	for key, source := range sources {
		m := made[key]
		m.source = source
		made[key] = m
	}
	for key := range qualifiers {
		m := made[key]
		m.qualifier = true
		made[key] = m
	}
	for key := range prefixKeys {
		m := made[key]
		m.prefix = true
		made[key] = m
	}
	return made
}()

// sourceKeys are keys whose maps name a checkout or a chart.
//
//nolint:gochecknoglobals // a table, never written
var sourceKeys = map[string]bool{
	"git": true, "plugin": true, "gitRepo": true, "gitRepository": true, "gitSync": true, "source": true, "chart": true, "helmChart": true, "helm": true,
}

// codeHosts are registries that serve code, not images.
//
//nolint:gochecknoglobals // a table, never written
var codeHosts = []string{"github.com/", "gitlab.com/", "bitbucket.org/", "git.", "codeberg.org/"}

// rules are what holds in one kind of document.
type rules struct {
	format Format
	// maps: the shapes above hold.
	maps bool
	// anyParent: shapes hold below any key, because nearly every map of the
	// document is a chart's configuration; else only below an image key, or
	// where the name starts with a host.
	anyParent bool
	// flatVersion: `image: name` beside `version: tag` is an image (V13). In
	// custom resources version often is the operand's, with an image of its own.
	flatVersion bool
	// strings: `image: name:tag` and `fooImage: name:tag` hold below any key;
	// else only in containers.
	strings bool
	// bareNames: `image: name` without any tag is reported.
	bareNames bool
	// placeholders: a name or tag that a template makes is reported.
	placeholders bool
	// environment: variables, arguments and the like are looked at.
	environment bool
	// bareDigest: a digest may be written without its algorithm, which the
	// chart's template puts before it.
	bareDigest bool
}

// helmRules are those of Helm values, wherever they stand.
func helmRules(format Format) *rules {
	return &rules{format: format, maps: true, anyParent: true, flatVersion: true, strings: true, bareNames: true, placeholders: true, environment: true, bareDigest: true}
}

// objectRules are those of Kubernetes objects, custom resources among them.
func objectRules() *rules {
	return &rules{format: Kubernetes, maps: true, strings: true, placeholders: true, environment: true}
}

// templateRules are those of Kubernetes objects in a chart's templates, where
// what a template makes is the values' business.
func templateRules() *rules {
	return &rules{format: Kubernetes, maps: true, strings: true, environment: true}
}

// looseRules are those of YAML of unknown purpose.
func looseRules() *rules {
	return &rules{format: Kubernetes}
}

// looseHelmRules find what can hardly be anything but an image: a map of
// repository and tag below a key that says image.
func looseHelmRules() *rules {
	return &rules{format: Helm, maps: true}
}

// isImageKey tells whether a key says that its value is an image: image,
// fooImage, foo_image, foo-image, FOO_IMAGE.
func isImageKey(key string) bool {
	switch {
	case key == "image", strings.HasSuffix(key, "Image"), strings.HasSuffix(key, "_IMAGE"):
		return true
	case strings.HasSuffix(key, "_image"), strings.HasSuffix(key, "-image"), strings.HasSuffix(key, ".image"):
		return true
	}
	return imageKeys[key]
}

// imageFirst are keys like imageEnvoy, whose values may be whole references.
var imageFirst = regexp.MustCompile(`^image[A-Z0-9]\w*$`)

// mayBeReference tells whether a key allows for a whole reference, if it has an
// owner and a tag: image.name, a value somewhere below images, imageEnvoy,
// FOO_IMAGE.
func (p place) mayBeReference() bool {
	return p.key == "name" && isImageKey(p.above) || p.images || imageFirst.MatchString(p.key)
}

// imageKeys are further keys of whole references.
//
//nolint:gochecknoglobals // a table, never written
var imageKeys = map[string]bool{
	"IMAGE": true, "Image": true, "imageName": true, "image_name": true, "imageRef": true, "imageReference": true,
	"actionsRunnerRepositoryAndTag": true, "repositoryAndTag": true,
}

// isReferenceKey tells whether a key's string value may be a whole reference.
func (p place) isReferenceKey() bool {
	if (p.key == "reference" || p.key == "ref") && isImageKey(p.above) {
		return true
	}
	return isImageKey(p.key) || strings.HasSuffix(p.key, "RepositoryAndTag")
}

// inImage tells whether a map stands where images stand: below an image key,
// in a list of images, or as a member of a map of images.
func (p place) inImage() bool {
	return isImageKey(p.key) || p.key == "images" || p.above == "images" || isImageKey(p.above)
}

// containerKeys are the lists and maps whose `image` is a container's, with or
// without a tag.
//
//nolint:gochecknoglobals // a table, never written
var containerKeys = map[string]bool{
	"containers": true, "initContainers": true, "ephemeralContainers": true, // pod specs
	"steps": true, "sidecars": true, "stepTemplate": true, // Tekton
	"container": true, "script": true, // Argo Workflows
	"extraContainers": true, "extraInitContainers": true, "extraSidecars": true, "additionalContainers": true, // Helm values
}

// inContainer tells whether the place is `image` of a container.
func (p place) inContainer() bool { return p.key == "image" && containerKeys[p.above] }

// parted is a map taken apart.
type parted struct {
	nodes [partCount]*yaml.Node // filled or empty; nil where the key is missing
	raws  [partCount]*yaml.Node // the same as they stand, aliases perhaps
	keys  [partCount]string
	of    *yaml.Node // the map itself
	// digestKey is the key of the digest where it is not one of those of parts.
	digestKey string
	twice     bool // two filled keys of one part, or one key twice
	work      int  // nodes looked at
	// doubtful: a further part of the name stands beside.
	doubtful bool
	extra    *yaml.Node // a second, filled digest that depends on the tag
	source   string     // what else the map is, by `sources`
}

// takeApart sorts a map's keys. It looks through merge keys.
func takeApart(m *yaml.Node) parted {
	p := parted{of: m}
	budget := maxMerges
	p.read(m, &budget)
	return p
}

func (p *parted) read(m *yaml.Node, budget *int) {
	if m == nil || m.Kind != yaml.MappingNode {
		return
	}
	p.work += len(m.Content)
	if *budget--; *budget < 0 {
		p.twice = true // what the rest says nobody knows
		return
	}
	var own parted
	for key, value := range pairs(m) {
		own.readValue(key.Value, value)
	}
	p.under(own)
	for key, value := range pairs(m) {
		if key.Value == "<<" {
			for _, merged := range mergeSources(value) {
				p.read(merged, budget)
			}
		}
	}
}

// under adds what a map further down the merge keys says.
func (p *parted) under(own parted) {
	for i, n := range own.nodes {
		if p.nodes[i] == nil {
			p.nodes[i], p.raws[i] = n, own.raws[i]
		}
	}
	p.twice = p.twice || own.twice
	p.doubtful = p.doubtful || own.doubtful
	if p.extra == nil {
		p.extra = own.extra
	}
	if p.source == "" {
		p.source = own.source
	}
}

func (p *parted) readValue(key string, raw *yaml.Node) {
	value := resolve(raw)
	switch {
	case isFlowTemplate(value):
		value = &yaml.Node{Kind: yaml.ScalarNode, Value: "{{…}}", Line: value.Line, Column: value.Column}
	case value.Kind == yaml.MappingNode:
		p.readDigestsBelow(value)
		return
	case !isScalar(value):
		return
	}
	p.readScalar(key, raw, value)
}

// readDigestsBelow looks for digests that a map below holds, one a platform
// perhaps: they belong to the same tag. A map with a name is another image.
func (p *parted) readDigestsBelow(m *yaml.Node) {
	var extra *yaml.Node
	for key, value := range pairs(m) {
		role, known := parts[key.Value]
		if known && role != partDigest {
			return
		}
		if value = resolve(value); isScalar(value) && image.ValidDigest(value.Value) {
			extra = value
		}
	}
	if extra != nil {
		p.extra = extra
	}
}

// isFlowTemplate tells whether a value is {{ name }}, which YAML reads as a
// mapping in a mapping.
func isFlowTemplate(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && len(n.Content) == 2 &&
		n.Content[0].Kind == yaml.MappingNode && n.Content[0].Line == n.Line && n.Content[0].Column == n.Column+1
}

func (p *parted) readScalar(key string, raw, value *yaml.Node) {
	meant := meanings[key]
	if filled(value) {
		p.doubtful = p.doubtful || meant.qualifier
		if meant.source != "" {
			p.source = meant.source
		}
	}
	role := meant.part
	if !meant.isPart {
		if strings.HasPrefix(value.Value, "sha") && image.ValidDigest(value.Value) {
			p.extra = value
		}
		return
	}
	switch old := p.nodes[role]; {
	case old == nil, !filled(old) && p.keys[role] != key:
		p.nodes[role], p.raws[role], p.keys[role] = value, raw, key
	case p.keys[role] == key:
		p.twice = true // readers do not agree on which of two counts
	case filled(value):
		p.twice = p.twice || old.Value != value.Value
	}
}

func (p *parted) filled(role part) bool { return role != none && filled(p.nodes[role]) }

// has tells whether the key is there, if only empty.
func (p *parted) has(role part) bool { return p.nodes[role] != nil }
