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
	options  FindOptions
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
	// overlays are the places of values whose digest other values would keep
	// for a tag of their own; overlaysKnown is false where nobody knows.
	overlays      map[valuesPlace]string
	overlaysKnown bool
	// problems are those of files that no listing holds.
	problems []format.Problem
}

// policyImage is what a Flux policy is about, and where it stands.
type policyImage struct{ folder, image string }

// complete puts the findings of all files together: names that stand in other
// files, folders that are vendored.
func complete(ctx context.Context, tree fs.FS, names []string, findings []*format.Finding, options FindOptions) (*Inventory, error) {
	lib := newLibrary(tree, names, findings, options)
	lib.overlays, lib.overlaysKnown = lib.overlaid(names, findings)
	inventory := &Inventory{}
	for i, finding := range findings {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if finding == nil || lib.isVendored(path.Dir(names[i])) {
			continue
		}
		if options.ours(names[i]) {
			inventory.Problems = append(inventory.Problems, finding.Problems...)
		}
		for _, field := range lib.fields(names[i], finding) {
			if reason := options.leftOut(&field); reason != nil {
				field.Skip = reason
				withoutRoom(&field)
			}
			inventory.Fields = append(inventory.Fields, field)
		}
	}
	inventory.Problems = append(inventory.Problems, lib.problems...)
	slices.SortStableFunc(inventory.Fields, func(a, b format.Field) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return inventory, nil
}

// fields are those of a file, with what other files say of them.
func (lib *library) fields(file string, finding *format.Finding) []format.Field {
	var fields []format.Field
	for _, found := range finding.Fields {
		if field, ok := lib.complete(file, finding, found); ok {
			lib.keepRoom(file, found, &field)
			fields = append(fields, field)
		}
	}
	if field, ok := lib.appVersion(file, finding); ok {
		fields = append(fields, field)
	}
	return fields
}

func newLibrary(tree fs.FS, names []string, findings []*format.Finding, options FindOptions) *library {
	lib := &library{
		tree:     tree,
		options:  options,
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
	switch {
	case lib.steps > maxNameSteps:
		field.Skip = unknownName("the values files of this repository are used in too many ways to tell its registry: write the whole name")
		return field
	case len(names) > 1:
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
