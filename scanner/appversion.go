package scanner

import (
	"io/fs"
	"path"
	"slices"

	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/image"
)

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
		file := path.Join(folder, entry.Name())
		found, ok, err := lib.options.usesIn(lib.tree, file)
		if err != nil && !lib.known[file] && lib.options.ours(file) {
			lib.problems = append(lib.problems, format.Problem{File: file, Message: err.Error()})
		}
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
