package scanner

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

// library is everything that files say of each other's fields.
type library struct {
	tree     fs.FS
	files    map[string]*format.Finding
	charts   map[string]*format.Chart    // by folder
	releases map[string][]format.Release // by values file
	policies map[string]string           // Flux policy to image
}

// complete puts the findings of all files together: names that stand in other
// files, folders that are vendored.
func complete(tree fs.FS, names []string, findings []*format.Finding) *Inventory {
	lib := newLibrary(tree, names, findings)
	inventory := &Inventory{}
	for i, finding := range findings {
		if finding == nil || lib.isVendored(names[i]) {
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
	return inventory
}

func newLibrary(tree fs.FS, names []string, findings []*format.Finding) *library {
	lib := &library{
		tree:     tree,
		files:    map[string]*format.Finding{},
		charts:   map[string]*format.Chart{},
		releases: map[string][]format.Release{},
		policies: map[string]string{},
	}
	images := map[string]string{}
	for i, finding := range findings {
		if finding == nil {
			continue
		}
		lib.files[names[i]] = finding
		if finding.Chart != nil {
			lib.charts[path.Dir(names[i])] = finding.Chart
		}
		for _, release := range finding.Releases {
			for _, file := range release.ValueFiles {
				lib.releases[file] = append(lib.releases[file], release)
			}
		}
		maps.Copy(images, finding.Images)
	}
	for _, finding := range findings {
		if finding == nil {
			continue
		}
		for policy, repository := range finding.Policies {
			lib.policies[policy] = images[repository]
		}
	}
	return lib
}

// isVendored tells whether a file belongs to a chart that was downloaded into
// the charts folder of another one.
func (lib *library) isVendored(file string) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if path.Base(path.Dir(dir)) != "charts" {
			continue
		}
		parent := lib.charts[path.Dir(path.Dir(dir))]
		if parent == nil {
			continue
		}
		for _, dependency := range parent.Dependencies {
			remote := dependency.Repository != "" && !strings.HasPrefix(dependency.Repository, "file:")
			if dependency.Name == path.Base(dir) && remote {
				return true
			}
		}
	}
	return false
}

// complete gives a field the part of its name that stands elsewhere. ok is
// false for what turns out to be no image.
func (lib *library) complete(file string, finding *format.Finding, found format.Found) (field format.Field, ok bool) {
	field = found.Field
	switch {
	case found.Missing == format.NameMissing:
		return lib.completeName(file, finding, found)
	case found.Values == "" || field.Skip != nil && field.Skip.Code != format.NoVersion:
		return field, true
	}
	sources := lib.sources(file, finding, found)
	if found.Missing == format.RegistryMissing {
		lib.completeRegistry(&field, sources)
	}
	if found.Missing == format.RegistryMissing || found.OwnRegistry {
		lib.globalRegistry(&field, sources)
	}
	return field, true
}

func (lib *library) completeName(file string, finding *format.Finding, found format.Found) (format.Field, bool) {
	field := found.Field
	sources := lib.sources(file, finding, found)
	names := lib.namesFrom(sources, found)
	if len(names) == 1 {
		for _, ref := range names {
			field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
		}
		lib.globalRegistry(&field, sources)
	}
	switch {
	case len(names) == 0 && found.Tentative:
		return field, false
	case field.Skip != nil && field.Skip.Code != format.NameUnknown:
	case len(names) == 0:
		field.Skip = &format.Reason{Code: format.NameUnknown, Detail: "no values file beside this one names the image: write its repository next to the tag, or a comment # imageupdater: image=NAME"}
	case len(names) > 1:
		field.Skip = &format.Reason{Code: format.NameUnknown, Detail: "values files disagree on the image: " + strings.Join(sortedKeys(names), ", ")}
	}
	return field, true
}

// namesFrom are the images that a tag without a name may belong to.
func (lib *library) namesFrom(sources []source, found format.Found) map[string]image.Reference {
	names := map[string]image.Reference{}
	if repository := lib.policies[found.Policy]; repository != "" {
		if ref, err := image.ParseName(repository); err == nil {
			names[ref.Repository().String()] = ref
		}
	}
	for _, source := range sources {
		name, there := source.names[source.values]
		if !there || name.Repository == "" {
			continue
		}
		if found.Ref.Registry != "" {
			name.Registry = found.Ref.Registry
		}
		if ref, err := image.ParseName(joined(name)); err == nil {
			names[ref.Repository().String()] = ref
		}
	}
	return names
}

func joined(name format.Name) string {
	if name.Registry == "" {
		return name.Repository
	}
	return strings.TrimSuffix(name.Registry, "/") + "/" + name.Repository
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// completeRegistry puts the registry that other values files give before a
// repository that is written without one.
func (lib *library) completeRegistry(field *format.Field, sources []source) {
	registries := map[string]bool{}
	for _, source := range sources {
		if name := source.names[source.values]; name.Registry != "" {
			registries[name.Registry] = true
		}
	}
	lib.setRegistry(field, registries)
}

// globalRegistry applies a registry that values set for all images: that of
// the values themselves, which lie on top, else that of the others.
func (lib *library) globalRegistry(field *format.Field, sources []source) {
	registries := map[string]bool{}
	for i, source := range sources {
		if source.global.Registry == "" || !source.global.Replaces && field.Ref.Registry != "" {
			continue
		}
		registries[source.global.Registry] = true
		if i == 0 {
			break
		}
	}
	lib.setRegistry(field, registries)
}

func (lib *library) setRegistry(field *format.Field, registries map[string]bool) {
	if len(registries) > 1 {
		field.Skip = &format.Reason{Code: format.NameUnknown, Detail: "values files disagree on the registry: " + strings.Join(sortedKeys(registries), ", ")}
		return
	}
	for registry := range registries {
		ref, err := image.ParseName(strings.TrimSuffix(registry, "/") + "/" + field.Ref.Path)
		if err != nil {
			field.Skip = &format.Reason{Code: format.Invalid, Detail: err.Error()}
			return
		}
		field.Ref.Registry, field.Ref.Path = ref.Registry, ref.Path
	}
}

// source is a tree of values that may complete a field, with the path at which
// it would name its image.
type source struct {
	names  map[string]format.Name
	global format.Global
	values string
}

// sources are the values that are used together with those that hold a field,
// these first: values.yaml of the same folder and of the chart around it, of
// the subchart that the path leads into, and the files that an Application or a
// HelmRelease lists with it. A path through a list is at home in its own file
// alone: Helm replaces lists as a whole.
func (lib *library) sources(file string, finding *format.Finding, found format.Found) []source {
	if found.Values == "" {
		return nil
	}
	own := source{finding.Names, finding.Global, found.Values}
	inline := found.Release >= 0 && found.Release < len(finding.Releases)
	if inline {
		release := finding.Releases[found.Release]
		own = source{release.Names, release.Global, found.Values}
	}
	collected := []source{own}
	seen := map[string]bool{file: !inline}
	add := func(name, values string) {
		if other := lib.files[name]; other != nil && !seen[name] && !strings.Contains(values, "[") {
			seen[name] = true
			collected = append(collected, source{other.Names, other.Global, values})
		}
	}
	releases := lib.releases[file]
	if inline {
		releases = finding.Releases[found.Release : found.Release+1]
	} else {
		add(path.Join(path.Dir(file), "values.yaml"), found.Values)
		if chart, ok := lib.chartAbove(file); ok {
			lib.chartValues(chart, found.Values, add)
		}
	}
	for _, release := range releases {
		if release.Chart != "" {
			lib.chartValues(release.Chart, found.Values, add)
		}
		for _, other := range release.ValueFiles {
			add(other, found.Values)
		}
	}
	return collected
}

func (lib *library) chartAbove(file string) (string, bool) {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if lib.charts[dir] != nil {
			return dir, true
		}
		if dir == "." {
			return "", false
		}
	}
}

// chartValues adds a chart's values.yaml, and that of the subchart whose values
// stand under the first key of the path.
func (lib *library) chartValues(chart, values string, add func(name, values string)) {
	add(path.Join(chart, "values.yaml"), values)
	key, rest, found := strings.Cut(strings.TrimPrefix(values, "/"), "/")
	if !found {
		return
	}
	folders := []string{path.Join(chart, "charts", key)}
	if of := lib.charts[chart]; of != nil {
		for _, dependency := range of.Dependencies {
			if dependency.Alias != key && (dependency.Alias != "" || dependency.Name != key) {
				continue
			}
			folders = append(folders, path.Join(chart, "charts", dependency.Name))
			if local, isFile := strings.CutPrefix(dependency.Repository, "file://"); isFile {
				folders = append(folders, path.Join(chart, local))
			}
		}
	}
	for _, folder := range folders {
		add(path.Join(folder, "values.yaml"), "/"+rest)
	}
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
	return field, true
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
	templates, err := fs.ReadDir(lib.tree, path.Join(chart, "templates"))
	if err != nil {
		return nil // a chart without templates deploys nothing
	}
	var uses []format.AppVersionUse
	for _, entry := range templates {
		if !entry.Type().IsRegular() {
			continue
		}
		src, err := read(lib.tree, path.Join(chart, "templates", entry.Name()))
		if err != nil {
			continue // reported where the file itself is read
		}
		uses = append(uses, format.AppVersionUses(src)...)
	}
	return uses
}
