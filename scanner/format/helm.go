package format

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/imageupdater/imageupdater/scanner/image"
)

// release reads the inline values of a chart and notes which files complete
// their names.
func (f *finder) release(release Release, values *yaml.Node, p place, format Format) {
	release.Global = f.globals(values)
	if release.Chart != "" || len(release.ValueFiles) > 0 || release.Global.Registry != "" {
		f.finding.Releases = append(f.finding.Releases, release)
		p.release = len(f.finding.Releases)
	}
	if values == nil || values.Kind != yaml.MappingNode {
		return
	}
	p.rules = helmRules(format)
	p.values, p.inValues, p.key, p.above = "", true, "", ""
	f.walk(values, p)
}

// releaseText is the same for values in a block scalar.
func (f *finder) releaseText(release Release, n *yaml.Node, p place, format Format) {
	inner, ok := f.nested(n, p)
	if !ok || len(inner.text.Docs) == 0 {
		f.release(release, nil, p, format)
		if !ok && isScalar(n) {
			f.unreadable(n, p)
		}
		return
	}
	f.release(release, root(inner.text.Docs[0]), inner, format)
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
func (f *finder) globals(values *yaml.Node) Global {
	f.prefixed = scalarAt(values, "registry") != "" || scalarAt(values, "imageRegistry") != ""
	if registry := scalarAt(values, "global", "imageRegistry"); registry != "" && !isTemplate(registry) {
		return Global{Registry: registry, Replaces: true}
	}
	if registry := scalarAt(values, "global", "image", "registry"); registry != "" && !isTemplate(registry) {
		return Global{Registry: registry}
	}
	return Global{}
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
	c := &candidate{at: p, missing: NameMissing, tag: piece{n, 0, len(n.Value)}}
	c.ref.Tag = n.Value
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

// parameters reads name and value pairs as the tree of values that their
// dotted names spell.
func (f *finder) parameters(list *yaml.Node, p place, release int) {
	maps := map[string]*yaml.Node{}
	var order []string
	places := map[string]place{}
	for i, item := range items(list) {
		item = resolve(item)
		name, value := get(item, "name"), get(item, "value")
		if !isScalar(name) || !isScalar(value) {
			continue
		}
		dir, key := splitParameter(name.Value)
		if maps[dir] == nil {
			maps[dir] = &yaml.Node{Kind: yaml.MappingNode}
			order = append(order, dir)
			places[dir] = parameterPlace(p.item(i), dir, release)
		}
		keyNode := *name
		keyNode.Value = key
		maps[dir].Content = append(maps[dir].Content, &keyNode, value)
	}
	for _, dir := range order {
		f.walk(maps[dir], places[dir])
	}
}

func splitParameter(name string) (dir, key string) {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot], name[dot+1:]
	}
	return "", name
}

func parameterPlace(p place, dir string, release int) place {
	p.rules = helmRules(ArgoCD)
	p.inValues, p.release = true, release
	p.values, p.key, p.above = "", "", ""
	for word := range strings.SplitSeq(dir, ".") {
		if word != "" {
			p.values += "/" + word
			p.above, p.key = p.key, word
		}
	}
	return p
}

// k3sChart reads the values of k3s's HelmChart and HelmChartConfig.
func (f *finder) k3sChart(n *yaml.Node, p place) {
	p.rules = objectRules()
	p.rules.format = Helm
	if values, at := descend(n, p, "spec", "valuesContent"); values != nil {
		f.releaseText(Release{}, values, at, Helm)
	}
}

// Templates that put appVersion where the tag of an image goes.
var (
	appVersionImage   = regexp.MustCompile(`\.Values\.([A-Za-z0-9_.]+)\.(?:repository|image|name|repo)\b[^\n]*\.Chart\.AppVersion`)
	appVersionTag     = regexp.MustCompile(`\.Values\.([A-Za-z0-9_.]+)\.tag\s*\|\s*default\s+\.Chart\.AppVersion`)
	appVersionDefault = regexp.MustCompile(`default\s+\.Chart\.AppVersion\s+\.Values\.([A-Za-z0-9_.]+)\.tag`)
	appVersionLiteral = regexp.MustCompile(`image:\s*["']?([a-z0-9./_:-]+):\{\{[^}\n]*\.Chart\.AppVersion[^}\n]*\}\}`)
)

// AppVersionUse is where a chart's template puts in appVersion: behind the
// image that values name, by the values path of its tag in the form of
// Found.Values, or behind a name in the template.
type AppVersionUse struct{ Values, Name string }

// AppVersionUses finds them in the text of a template.
func AppVersionUses(template []byte) []AppVersionUse {
	var uses []AppVersionUse
	for _, match := range appVersionLiteral.FindAllSubmatch(template, -1) {
		uses = append(uses, AppVersionUse{Name: string(match[1])})
	}
	template = appVersionLiteral.ReplaceAll(template, nil)
	for _, pattern := range []*regexp.Regexp{appVersionImage, appVersionTag, appVersionDefault} {
		for _, match := range pattern.FindAllSubmatch(template, -1) {
			uses = append(uses, AppVersionUse{Values: "/" + strings.ReplaceAll(string(match[1]), ".", "/") + "/tag"})
		}
	}
	return uses
}
