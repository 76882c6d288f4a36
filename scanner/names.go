package scanner

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// maxNameSteps bounds the work of completing the names of a tree: fields times
// the ways in which their values files are used. Fields beyond it stay unknown.
const maxNameSteps = 20_000_000

// library is everything that files say of each other's fields.
type library struct {
	tree     fs.FS
	known    map[string]bool // every file of the tree that was listed
	files    map[string]*format.Finding
	charts   map[string]*format.Chart    // by folder
	listing  map[string][]format.Release // by values file
	byChart  map[string][]format.Release // by the chart's folder
	policies map[string][]policyImage    // by Flux policy
	vendored map[string]bool             // by folder
	uses     map[string][]usage          // by values file
	layers   map[string][]layer          // by the chart's folder
	steps    int
}

// policyImage is what a Flux policy is about, and where it stands.
type policyImage struct{ folder, image string }

// complete puts the findings of all files together: names that stand in other
// files, folders that are vendored.
func complete(ctx context.Context, tree fs.FS, names []string, findings []*format.Finding) (*Inventory, error) {
	lib := newLibrary(tree, names, findings)
	inventory := &Inventory{}
	for i, finding := range findings {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if finding == nil || lib.isVendored(path.Dir(names[i])) {
			continue
		}
		inventory.Problems = append(inventory.Problems, finding.Problems...)
		for _, found := range finding.Fields {
			if field, ok := lib.complete(names[i], finding, found); ok {
				inventory.Fields = append(inventory.Fields, field)
			}
		}
		if field, ok := lib.appVersion(names[i], finding); ok {
			inventory.Fields = append(inventory.Fields, field)
		}
	}
	slices.SortStableFunc(inventory.Fields, func(a, b format.Field) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return inventory, nil
}

func newLibrary(tree fs.FS, names []string, findings []*format.Finding) *library {
	lib := &library{
		tree:     tree,
		known:    map[string]bool{},
		files:    map[string]*format.Finding{},
		charts:   map[string]*format.Chart{},
		listing:  map[string][]format.Release{},
		byChart:  map[string][]format.Release{},
		policies: map[string][]policyImage{},
		vendored: map[string]bool{},
		uses:     map[string][]usage{},
		layers:   map[string][]layer{},
	}
	for i, finding := range findings {
		lib.known[names[i]] = true
		if finding == nil {
			continue
		}
		lib.files[names[i]] = finding
		if finding.Chart != nil {
			lib.charts[path.Dir(names[i])] = finding.Chart
		}
	}
	for _, finding := range findings {
		if finding != nil {
			lib.addReleases(finding)
		}
	}
	lib.addPolicies(names, findings)
	return lib
}

// addReleases notes which files are used together. A path counts as a chart of
// this repository only if there is one: an Application may mean the path of
// another repository.
func (lib *library) addReleases(finding *format.Finding) {
	for i := range finding.Releases {
		release := &finding.Releases[i]
		if lib.charts[release.Chart] == nil || release.Chart == "." {
			release.Chart = ""
		}
		for _, file := range release.ValueFiles {
			release.Open = release.Open || !lib.known[file]
		}
		release.ValueFiles = lastOfEach(release.ValueFiles)
		for _, file := range release.ValueFiles {
			lib.listing[file] = append(lib.listing[file], *release)
		}
		if release.Chart != "" {
			lib.byChart[release.Chart] = append(lib.byChart[release.Chart], *release)
		}
	}
}

// lastOfEach drops what comes again later.
func lastOfEach(files []string) []string {
	last := map[string]int{}
	for i, file := range files {
		last[file] = i
	}
	var kept []string
	for i, file := range files {
		if last[file] == i {
			kept = append(kept, file)
		}
	}
	return kept
}

// addPolicies joins Flux's policies with the repositories they name. The same
// names stand for different images in different clusters.
func (lib *library) addPolicies(names []string, findings []*format.Finding) {
	images := map[string][]policyImage{}
	for i, finding := range findings {
		if finding == nil {
			continue
		}
		for name, repository := range finding.Images {
			images[name] = append(images[name], policyImage{path.Dir(names[i]), repository})
		}
	}
	for i, finding := range findings {
		if finding == nil {
			continue
		}
		for policy, repository := range finding.Policies {
			folder := path.Dir(names[i])
			for _, found := range nearest(images[repository], folder) {
				lib.policies[policy] = append(lib.policies[policy], policyImage{folder, found.image})
			}
		}
	}
}

// nearest are those that share the longest path with a folder.
func nearest(list []policyImage, folder string) []policyImage {
	var best []policyImage
	longest := -1
	for _, candidate := range list {
		switch shared := sharedPath(candidate.folder, folder); {
		case shared > longest:
			best, longest = []policyImage{candidate}, shared
		case shared == longest:
			best = append(best, candidate)
		}
	}
	return best
}

func sharedPath(a, b string) int {
	shared := 0
	first, second := strings.Split(a, "/"), strings.Split(b, "/")
	for shared < len(first) && shared < len(second) && first[shared] == second[shared] {
		shared++
	}
	return shared
}

// isVendored tells whether a folder belongs to a chart that was downloaded into
// the charts folder of another one.
func (lib *library) isVendored(dir string) bool {
	if dir == "." {
		return false
	}
	vendored, known := lib.vendored[dir]
	if !known {
		vendored = lib.isVendored(path.Dir(dir)) || lib.isDownloaded(dir)
		lib.vendored[dir] = vendored
	}
	return vendored
}

func (lib *library) isDownloaded(dir string) bool {
	parent := lib.charts[path.Dir(path.Dir(dir))]
	if path.Base(path.Dir(dir)) != "charts" || parent == nil {
		return false
	}
	return slices.ContainsFunc(parent.Dependencies, func(d format.Dependency) bool {
		return d.Name == path.Base(dir) && d.Repository != "" && !strings.HasPrefix(d.Repository, "file:")
	})
}

// complete gives a field the part of its name that stands elsewhere. ok is
// false for what turns out to be no image.
func (lib *library) complete(file string, finding *format.Finding, found format.Found) (field format.Field, ok bool) {
	switch {
	case found.Missing == format.NameMissing:
		return lib.completeName(file, finding, found)
	case found.Values == "" || found.Skip != nil && found.Skip.Code != format.NoVersion:
		return found.Field, true
	case found.Missing == format.RegistryMissing:
		return lib.completeRegistry(file, finding, found), true
	case found.OwnRegistry:
		return lib.replaceRegistry(file, finding, found), true
	}
	return found.Field, true
}

func (lib *library) completeName(file string, finding *format.Finding, found format.Found) (format.Field, bool) {
	field := found.Field
	names, unknown := lib.names(file, finding, found)
	for _, policy := range nearest(lib.policies[found.Policy], path.Dir(file)) {
		if ref, err := image.ParseName(policy.image); err == nil {
			names[ref.Repository().String()] = ref
			unknown = 0 // the policy says it whatever the values say
		}
	}
	if len(names) == 1 && unknown == 0 {
		for _, ref := range names {
			field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
		}
	}
	switch {
	case len(names) == 0 && found.Tentative:
		return field, false
	case field.Skip != nil && field.Skip.Code != format.NameUnknown, len(names) == 1 && unknown == 0:
	case len(names) > 1:
		field.Skip = unknownName("values files disagree on the image: " + strings.Join(sortedKeys(names), ", "))
	case len(names) == 1:
		field.Skip = unknownName("not all that uses these values names an image here, only " + sortedKeys(names)[0])
	default:
		field.Skip = unknownName("no values file beside this one names the image: write its repository next to the tag, or a comment # imageupdater: image=NAME")
	}
	return field, true
}

func unknownName(detail string) *format.Reason {
	return &format.Reason{Code: format.NameUnknown, Detail: detail}
}

// completeRegistry puts the registry that other values give before a
// repository that is written without one.
func (lib *library) completeRegistry(file string, finding *format.Finding, found format.Found) format.Field {
	field := found.Field
	names, _ := lib.names(file, finding, found)
	if len(names) > 1 {
		field.Skip = unknownName("values files disagree on the registry: " + strings.Join(sortedKeys(names), ", "))
		return field
	}
	for _, ref := range names {
		field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
	}
	return field
}

// replaceRegistry applies a registry that values set for all images. Where not
// all that uses the values agrees on one, the image is asked for at the registry
// that it names itself.
func (lib *library) replaceRegistry(file string, finding *format.Finding, found format.Found) format.Field {
	field := found.Field
	names, _ := lib.names(file, finding, found)
	if len(names) == 1 {
		for _, ref := range names {
			field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
		}
	}
	return field
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// usage is one way in which a values file is used: with which others, the ones
// that lie on top last.
type usage struct {
	layers []layer
	// open: there are values that this repository does not hold.
	open bool
}

// layer is a tree of values, with how a path of the field's own tree leads
// into it: below a key of it, or without the first key.
type layer struct {
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
		if below.Repository != "" && !agree(below, over) {
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

// agree tells whether two layers mean one image, as far as both say which.
func agree(a, b format.Name) bool {
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
			use.layers = append(use.layers, layer{names: finding.Names, global: finding.Global})
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
			use.layers = append(use.layers, layer{names: finding.Names, global: finding.Global})
		}
	}
	below := ""
	for inChart && path.Base(path.Dir(chart)) == "charts" {
		below = "/" + path.Base(chart) + below
		chart = path.Dir(path.Dir(chart))
		if lib.charts[chart] == nil {
			break
		}
		if finding := lib.files[path.Join(chart, "values.yaml")]; finding != nil {
			use.layers = append(use.layers, layer{names: finding.Names, global: finding.Global, below: below})
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
		if finding := lib.files[path.Join(sub.folder, "values.yaml")]; finding != nil {
			layers = append(layers, layer{names: finding.Names, strip: "/" + sub.key})
		}
	}
	if finding := lib.files[path.Join(chart, "values.yaml")]; finding != nil {
		layers = append(layers, layer{names: finding.Names, global: finding.Global})
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

// appVersion makes a field of a Chart.yaml's appVersion if the chart's
// templates read it as the tag of exactly one image that the values name.
func (lib *library) appVersion(file string, finding *format.Finding) (format.Field, bool) {
	if finding.Chart == nil || finding.Chart.AppVersion == nil {
		return format.Field{}, false
	}
	chart := path.Dir(file)
	values := lib.files[path.Join(chart, "values.yaml")]
	if values == nil {
		values = &format.Finding{}
	}
	names := map[string]image.Reference{}
	for _, use := range lib.usesOfAppVersion(chart) {
		name := format.Name{Repository: use.Name}
		if use.Values != "" {
			named, there := values.Names[use.Values]
			if !there || overrides(values, use.Values) {
				return format.Field{}, false
			}
			name = named
		}
		ref, err := image.ParseName(joined(name))
		if err != nil {
			return format.Field{}, false
		}
		names[ref.Repository().String()] = ref
	}
	if len(names) != 1 {
		return format.Field{}, false
	}
	field := *finding.Chart.AppVersion
	for _, ref := range names {
		field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
	}
	// The values of the chart complete the name as they would beside a tag.
	found := format.Found{Field: field, Values: "/", Release: -1, OwnRegistry: true}
	return lib.replaceRegistry(path.Join(chart, "values.yaml"), values, found), true
}

// overrides tells whether the values give the tag, so that appVersion is not
// what is deployed.
func overrides(values *format.Finding, at string) bool {
	for _, found := range values.Fields {
		if found.Values == at && found.Tag != nil {
			return true
		}
	}
	return false
}

// usesOfAppVersion are the images whose tag the templates of a chart take from
// appVersion.
func (lib *library) usesOfAppVersion(chart string) []format.AppVersionUse {
	folder := path.Join(chart, "templates")
	if !lib.isFolder(chart, "templates") {
		return nil // a chart without templates deploys nothing
	}
	templates, err := fs.ReadDir(lib.tree, folder)
	if err != nil {
		return nil // reported where the folder itself is listed
	}
	var uses []format.AppVersionUse
	for _, entry := range templates {
		if !entry.Type().IsRegular() {
			continue
		}
		src, err := read(lib.tree, path.Join(folder, entry.Name()))
		if err != nil {
			continue // reported where the file itself is read
		}
		found, ok := format.AppVersionUses(src)
		if !ok {
			return nil
		}
		uses = append(uses, found...)
	}
	return uses
}

// isFolder tells whether a folder holds another one, and no link to one.
func (lib *library) isFolder(dir, name string) bool {
	entries, err := fs.ReadDir(lib.tree, dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(entries, func(entry fs.DirEntry) bool {
		return entry.Name() == name && entry.IsDir()
	})
}

func joined(name format.Name) string {
	if name.Registry == "" {
		return name.Repository
	}
	return strings.TrimSuffix(name.Registry, "/") + "/" + name.Repository
}
