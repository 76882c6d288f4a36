package scanner

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// usage is one way in which a values file is used: with which others, the ones
// that lie on top last.
type usage struct {
	layers []layer
	// open: there are values that this repository does not hold.
	open bool
}

// layer is a tree of values, of a file or inline, with how a path of the field's own tree leads
// into it: below a key of it, or without the first key.
type layer struct {
	file   string // "" for inline values
	names  map[string]format.Name
	global format.Global
	below  string
	strip  string
}

// at is the path in the layer; ok is false where it leads nowhere. A path
// through a list is at home in its own file alone: Helm replaces lists whole.
func (l layer) at(values string) (string, bool) {
	switch {
	case l.strip != "":
		rest, found := strings.CutPrefix(values, l.strip+"/")
		return "/" + rest, found
	case l.below != "":
		return l.below + values, true
	}
	return values, true
}

// names are the images that a field is in the ways its values are used, and
// how many of them leave it unknown.
func (lib *library) names(file string, finding *format.Finding, found format.Found) (names map[string]image.Reference, unknown int) {
	names = map[string]image.Reference{}
	for _, use := range lib.usages(file, finding, found) {
		lib.steps += len(use.layers)
		ref, ok := use.name(found)
		if lib.steps > maxNameSteps || !ok || use.open && found.Missing == format.NameMissing {
			unknown++
		}
		if ok {
			names[ref.Repository().String()] = ref
		}
	}
	return names, unknown
}

// name lays the layers over each other as Helm does. ok is false where they do
// not agree on one repository: which of them is right depends on more than is
// written here.
func (u usage) name(found format.Found) (image.Reference, bool) {
	merged := format.Name{Registry: found.Ref.Registry, Repository: found.Ref.Path}
	var global format.Global
	for _, layer := range u.layers {
		if layer.global.Registry != "" {
			global = layer.global
		}
		at, ok := layer.at(found.Values)
		if !ok || strings.Contains(found.Values, "[") {
			continue
		}
		if merged, ok = overlay(merged, layer.names[at], found); !ok {
			return image.Reference{}, false
		}
	}
	if merged.Repository == "" {
		return image.Reference{}, false
	}
	if global.Replaces || merged.Registry == "" && global.Registry != "" {
		merged.Registry = global.Registry
	}
	ref, err := image.ParseName(joined(merged))
	return ref, err == nil
}

// overlay puts what a layer says of a name over what was said below it. What
// stands beside the tag itself is not overridden.
func overlay(below, over format.Name, found format.Found) (format.Name, bool) {
	if found.Missing == format.NameMissing && over.Repository != "" {
		if below.Repository != "" && !sameImage(below, over) {
			return below, false
		}
		below.Repository = over.Repository
		if ref, err := image.ParseName(over.Repository); err == nil && ref.Registry != "" {
			below.Registry = ""
		}
	}
	if found.Ref.Registry == "" && over.Registry != "" {
		below.Registry = over.Registry
	}
	return below, true
}

// sameImage tells whether two layers mean one image, as far as both say which.
func sameImage(a, b format.Name) bool {
	first, err := image.ParseName(joined(a))
	if err != nil {
		return false
	}
	second, err := image.ParseName(joined(b))
	switch {
	case err != nil:
		return false
	case first.Registry != "" && second.Registry != "":
		return first.Repository() == second.Repository()
	}
	return first.Path == second.Path || a.Repository == b.Repository
}

// usages are the ways in which the values around a field are used: by the
// releases that list the file or install its chart, and, for a chart's own
// values or a file that nothing lists, on its own.
func (lib *library) usages(file string, finding *format.Finding, found format.Found) []usage {
	if found.Values == "" {
		return nil
	}
	if found.Release >= 0 && found.Release < len(finding.Releases) {
		return []usage{lib.releaseUsage(finding.Releases[found.Release], true)}
	}
	if uses, known := lib.uses[file]; known {
		return uses
	}
	releases := lib.listing[file]
	dir := path.Dir(file)
	ownValues := path.Base(file) == "values.yaml" && lib.charts[dir] != nil
	if ownValues {
		releases = slices.Concat(releases, lib.byChart[dir])
	}
	var uses []usage
	seen := map[string]bool{}
	for _, release := range releases {
		if key := release.Key(); !seen[key] {
			seen[key] = true
			uses = append(uses, lib.releaseUsage(release, false))
		}
	}
	if ownValues || len(releases) == 0 {
		uses = append(uses, lib.ownUsage(file))
	}
	lib.uses[file] = uses
	return uses
}

// releaseUsage is a chart's values, the files that lie over it, and the inline
// values on top; these name images only for fields among them, since what they
// override is not what the files say.
func (lib *library) releaseUsage(release format.Release, inline bool) usage {
	if lib.steps += len(release.ValueFiles); lib.steps > maxNameSteps {
		return usage{open: true}
	}
	use := usage{open: release.Open, layers: lib.chartLayers(release.Chart)}
	for _, file := range release.ValueFiles {
		if finding := lib.files[file]; finding != nil {
			use.layers = append(use.layers, layer{file: file, names: finding.Names, global: finding.Global})
		}
	}
	top := layer{global: release.Global}
	if inline {
		top.names = release.Names
	}
	use.layers = append(use.layers, top)
	return use
}

// ownUsage is a values file on its own, over values.yaml of its folder and of
// the chart around it, and below the values of the chart that this one is in.
func (lib *library) ownUsage(file string) usage {
	var use usage
	chart, inChart := lib.chartAbove(path.Dir(file))
	if inChart {
		use.layers = lib.chartLayers(chart)
	}
	for _, name := range []string{path.Join(path.Dir(file), "values.yaml"), file} {
		if finding := lib.files[name]; finding != nil && (!inChart || name != path.Join(chart, "values.yaml")) {
			use.layers = append(use.layers, layer{file: name, names: finding.Names, global: finding.Global})
		}
	}
	below := ""
	for inChart && path.Base(path.Dir(chart)) == "charts" {
		below = "/" + path.Base(chart) + below
		chart = path.Dir(path.Dir(chart))
		if lib.charts[chart] == nil {
			break
		}
		file := path.Join(chart, "values.yaml")
		if finding := lib.files[file]; finding != nil {
			use.layers = append(use.layers, layer{file: file, names: finding.Names, global: finding.Global, below: below})
		}
	}
	return use
}

func (lib *library) chartAbove(dir string) (string, bool) {
	for ; ; dir = path.Dir(dir) {
		if lib.charts[dir] != nil {
			return dir, true
		}
		if dir == "." {
			return "", false
		}
	}
}

// chartLayers are the values of a chart, over those of its local subcharts.
func (lib *library) chartLayers(chart string) []layer {
	of := lib.charts[chart]
	if of == nil {
		return nil
	}
	if layers, known := lib.layers[chart]; known {
		return slices.Clip(layers)
	}
	var layers []layer
	for _, sub := range lib.subcharts(chart, of) {
		file := path.Join(sub.folder, "values.yaml")
		if finding := lib.files[file]; finding != nil {
			layers = append(layers, layer{file: file, names: finding.Names, strip: "/" + sub.key})
		}
	}
	file := path.Join(chart, "values.yaml")
	if finding := lib.files[file]; finding != nil {
		layers = append(layers, layer{file: file, names: finding.Names, global: finding.Global})
	}
	lib.layers[chart] = layers
	return slices.Clip(layers)
}

type subchart struct{ key, folder string }

// subcharts are the charts below a chart that stand in this repository, by the
// keys under which their values stand.
func (lib *library) subcharts(chart string, of *format.Chart) []subchart {
	var found []subchart
	for _, dependency := range of.Dependencies {
		key := cmp.Or(dependency.Alias, dependency.Name)
		folder := path.Join(chart, "charts", dependency.Name)
		if local, isFile := strings.CutPrefix(dependency.Repository, "file://"); isFile {
			folder = path.Join(chart, local)
		}
		found = append(found, subchart{key, folder})
	}
	return append(found, lib.unlisted(chart)...)
}

// unlisted are the folders of charts/ that no dependency names: Helm takes them
// all the same.
func (lib *library) unlisted(chart string) []subchart {
	var found []subchart
	entries, err := fs.ReadDir(lib.tree, path.Join(chart, "charts"))
	if err != nil {
		return nil // there is no such folder
	}
	for _, entry := range entries {
		folder := path.Join(chart, "charts", entry.Name())
		if entry.IsDir() && lib.charts[folder] != nil {
			found = append(found, subchart{entry.Name(), folder})
		}
	}
	return found
}

func joined(name format.Name) string {
	if name.Registry == "" {
		return name.Repository
	}
	return strings.TrimSuffix(name.Registry, "/") + "/" + name.Repository
}
