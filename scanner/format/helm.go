package format

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// release notes a chart that the file installs, with its inline values still
// to be read.
func (f *finder) release(release Release, p place) place {
	release.Names = map[string]Name{}
	f.finding.Releases = append(f.finding.Releases, release)
	p.release = len(f.finding.Releases)
	return p
}

// inline reads values that stand in the file, of the release of their place.
func (f *finder) inline(values *yaml.Node, p place, format Format) {
	if values == nil || values.Kind != yaml.MappingNode || f.exhausted() {
		return
	}
	release := &f.finding.Releases[p.release-1]
	if global := globals(values); global.Registry != "" {
		release.Global = global
	}
	p.rules = helmRules(format)
	p.values, p.inValues, p.key, p.above = "", true, "", ""
	p.prefix = prefixOf(values)
	f.walk(values, p)
}

// inlineText is the same for values in a block scalar.
func (f *finder) inlineText(n *yaml.Node, p place, format Format) {
	inner, ok := f.nested(n, p)
	if !ok {
		if isScalar(n) {
			f.unreadable(n, p)
		}
		return
	}
	if len(inner.text.Docs) > 0 {
		f.inline(root(inner.text.Docs[0]), inner, format)
	}
}

// below is a path relative to the file's folder, as a path below the scanned
// directory; nothing when it leads out of it.
func (f *finder) below(file string) []string {
	joined := path.Join(path.Dir(f.file), file)
	if path.IsAbs(file) || joined == ".." || strings.HasPrefix(joined, "../") {
		return nil
	}
	return []string{joined}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// globals are the registry that charts put before every image, by the names
// that Bitnami's and ingress-nginx's charts have made common.
func globals(values *yaml.Node) Global {
	if registry := scalarAt(values, "global", "imageRegistry"); registry != "" && !isTemplate(registry) {
		return Global{Registry: registry, Replaces: true}
	}
	if registry := scalarAt(values, "global", "image", "registry"); registry != "" && !isTemplate(registry) {
		return Global{Registry: registry}
	}
	return Global{}
}

// prefixKeys are keys of a registry, perhaps with a path, that a chart puts
// before the names of its images.
//
//nolint:gochecknoglobals // a table, never written
var prefixKeys = map[string]bool{
	"registry": true, "imageRegistry": true, "image_registry": true, "imageRegistryName": true, "defaultRegistry": true,
	"defaultImageRegistry": true, "imageRepo": true, "baseRepo": true, "imagePrefix": true, "repositoryPrefix": true,
}

// prefixOf is a registry that values give away from the images: at their root,
// below global, or in a map of images that has no name of its own. What the
// chart does with it only its templates know.
func prefixOf(values *yaml.Node) string {
	for _, keys := range [][]string{{}, {"global"}, {"image"}, {"images"}, {"all", "image"}} {
		if prefix := prefixIn(nodeAt(values, keys...)); prefix != "" {
			return prefix
		}
	}
	return ""
}

func prefixIn(m *yaml.Node) string {
	prefix := ""
	for key, value := range pairs(m) {
		value = resolve(value)
		if !isScalar(value) || value.Value == "" {
			continue
		}
		meant := meanings[key.Value]
		if meant.isPart && (meant.part == partImage || meant.part == partName || meant.part == partRepository && !meant.prefix) {
			return "" // the registry of that image alone
		}
		if meant.prefix && isHost(value.Value) {
			prefix = value.Value
		}
	}
	if prefix == image.DockerHub {
		return ""
	}
	return prefix
}

func isHost(s string) bool {
	host, _, _ := strings.Cut(s, "/")
	return strings.ContainsAny(host, ".:") && !strings.Contains(s, "://")
}

// chart reads a Chart.yaml: its dependencies, and the version of what it
// deploys. The images that annotations list are read as such.
func (f *finder) chart(n *yaml.Node, p place) {
	chart := &Chart{}
	f.finding.Chart = chart
	for _, item := range items(nodeAt(n, "dependencies")) {
		item = resolve(item)
		chart.Dependencies = append(chart.Dependencies, Dependency{
			Name: scalarAt(item, "name"), Alias: scalarAt(item, "alias"), Repository: scalarAt(item, "repository"),
		})
	}
	p.rules = objectRules()
	p.rules.format = Helm
	if version, at := descend(n, p, "appVersion"); filled(version) {
		f.appVersion(chart, version, at)
	}
	f.chartAnnotations(n, p)
}

func (f *finder) appVersion(chart *Chart, n *yaml.Node, p place) {
	if !image.ValidTag(n.Value) {
		return
	}
	c := &candidate{at: p, missing: NameMissing, tag: piece{n, 0, len(n.Value)}, room: room{advice: adviseOwnValue}}
	c.ref.Tag = n.Value
	c.tagSlot = c.slot(c.tag)
	field := f.field(c).Field
	chart.AppVersion = &field
}

// chartAnnotations reads the lists of images that Artifact Hub and others show.
func (f *finder) chartAnnotations(n *yaml.Node, p place) {
	for _, key := range []string{"artifacthub.io/images", "images"} {
		list, at := descend(n, p, "annotations", key)
		if list == nil {
			continue
		}
		inner, ok := f.nested(list, at)
		if !ok {
			continue
		}
		for _, doc := range inner.text.Docs {
			for i, item := range items(root(doc)) {
				if ref, refAt := descend(resolve(item), inner.item(i), "image"); isScalar(ref) {
					f.reference(ref, refAt, false)
				}
			}
		}
	}
}

// parameters reads Argo CD's list of name and value pairs.
func (f *finder) parameters(list *yaml.Node, p place, format Format) {
	tree := newDottedTree()
	for i, item := range items(list) {
		item = resolve(item)
		if name, value := get(item, "name"), get(item, "value"); isScalar(name) && isScalar(value) {
			tree.add(name, value, p.item(i))
		}
	}
	f.walkDotted(tree, format)
}

// dotted reads a map whose keys are dotted names.
func (f *finder) dotted(m *yaml.Node, p place, format Format) {
	tree := newDottedTree()
	for key, value := range pairs(m) {
		if value = resolve(value); isScalar(value) {
			tree.add(key, value, p)
		}
	}
	f.walkDotted(tree, format)
}

// dottedTree is the maps that dotted names spell, in the order of the file.
type dottedTree struct {
	order  []string
	maps   map[string]*yaml.Node
	places map[string]place
}

func newDottedTree() *dottedTree {
	return &dottedTree{maps: map[string]*yaml.Node{}, places: map[string]place{}}
}

func (t *dottedTree) add(name, value *yaml.Node, p place) {
	dir, key := "", name.Value
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		dir, key = key[:dot], key[dot+1:]
	}
	if t.maps[dir] == nil {
		t.maps[dir] = &yaml.Node{Kind: yaml.MappingNode}
		t.places[dir] = p
		t.order = append(t.order, dir)
	}
	keyNode := *name
	keyNode.Value = key
	t.maps[dir].Content = append(t.maps[dir].Content, &keyNode, value)
}

func (f *finder) walkDotted(tree *dottedTree, format Format) {
	for _, dir := range tree.order {
		p := tree.places[dir]
		p.rules = helmRules(format)
		p.inValues, p.values, p.key, p.above = true, "", "", ""
		for word := range strings.SplitSeq(dir, ".") {
			if word != "" {
				p.values += "/" + word
				p.above, p.key = p.key, word
			}
		}
		f.walk(tree.maps[dir], p)
	}
}

// k3sChart reads the values of k3s's HelmChart and HelmChartConfig.
func (f *finder) k3sChart(n *yaml.Node, p place) {
	p.rules = objectRules()
	p.rules.format = Helm
	p = f.release(Release{}, p)
	if values, at := descend(n, p, "spec", "valuesContent"); values != nil {
		f.inlineText(values, at, Helm)
	}
	values, at := descend(n, p, "spec", "values")
	f.inline(values, at, Helm)
	if set, at := descend(n, p, "spec", "set"); set != nil {
		f.dotted(set, at, Helm)
	}
}

// appVersionImage is an image in a template whose tag is appVersion and nothing
// else, unless the values give one: behind a name from the values, or behind one
// in the template.
var appVersionImage = regexp.MustCompile(`(?m)(?:\{\{-?\s*\.Values\.([A-Za-z0-9_.]+)\.(?:repository|image|name|repo)\s*-?\}\}|image:\s*["']?([a-z0-9./_:-]+)):` +
	`\{\{-?\s*(?:\.Values\.([A-Za-z0-9_.]+)\.tag\s*\|\s*default\s+\.Chart\.AppVersion|default\s+\.Chart\.AppVersion\s+\.Values\.([A-Za-z0-9_.]+)\.tag|\.Chart\.AppVersion)\s*-?\}\}["']?\s*$`)

// versionLabel is a line that merely tells the version.
var versionLabel = regexp.MustCompile(`(?i)(version|chart)["']?\s*:\s*["']?\{\{`)

// AppVersionUse is where a chart's template puts in appVersion: behind the
// image that values name, by the values path of its tag in the form of
// Found.Values, or behind a name in the template.
type AppVersionUse struct{ Values, Name string }

// AppVersionUses finds them in the text of a template. ok is false where
// appVersion is used for something else than an image's whole tag or a label:
// what it means there cannot be known.
func AppVersionUses(template []byte) (uses []AppVersionUse, ok bool) {
	for line := range bytes.Lines(template) {
		if !bytes.Contains(line, []byte(".Chart.AppVersion")) || versionLabel.Match(line) {
			continue
		}
		match := appVersionImage.FindSubmatch(line)
		if match == nil {
			return nil, false
		}
		at, name, tag := string(match[1]), string(match[2]), string(match[3])+string(match[4])
		switch {
		case at != "" && (tag == "" || tag == at):
			uses = append(uses, AppVersionUse{Values: "/" + strings.ReplaceAll(at, ".", "/") + "/tag"})
		case name != "":
			uses = append(uses, AppVersionUse{Name: name})
		default:
			return nil, false
		}
	}
	return uses, true
}
