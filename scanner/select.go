package scanner

import (
	"path"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner/format"
)

// Selected gives the options by which a configuration narrows a scan. The
// prefix is where the scanned directory is in the repository; "" for its top.
func Selected(c *config.Config, prefix string) FindOptions {
	scan := c.Scan
	options := FindOptions{
		LeaveOut: func(file string) string { return leftOut(&scan, path.Join(prefix, file)) },
		LeaveOutFormat: func(f format.Format) string {
			if scan.Understands(config.Format(f)) {
				return ""
			}
			return "scan.formats leaves out " + string(f) + ", by " + scan.Formats.Origin.String()
		},
	}
	if places := placesOf(scan.Fields.Value); len(places) > 0 {
		options.Places = func(file string) []format.Place {
			var found []format.Place
			for i, field := range scan.Fields.Value {
				if field.In(path.Join(prefix, file)) {
					found = append(found, places[i])
				}
			}
			return found
		}
	}
	return options
}

func leftOut(scan *config.Scan, file string) string {
	switch {
	case !scan.Includes(file):
		return "scan.include does not name the file, by " + scan.Include.Origin.String()
	case scan.Excludes(file):
		return "scan.exclude names the file, by " + scan.Exclude.Origin.String()
	}
	return ""
}

func placesOf(fields []config.Field) []format.Place {
	kinds := map[config.FieldKind]format.PlaceKind{
		config.FieldTag: format.PlaceTag, config.FieldReference: format.PlaceReference, config.FieldDigest: format.PlaceDigest,
	}
	places := make([]format.Place, len(fields))
	for i, field := range fields {
		places[i] = format.Place{
			Path: steps(field.Path), Kind: kinds[field.Kind], Image: field.Image.Reference(),
			ImagePath: steps(field.ImagePath), DigestPath: steps(field.DigestPath), Origin: field.Origin.String(),
		}
	}
	return places
}

func steps(p config.FieldPath) []format.PathStep {
	var steps []format.PathStep
	for _, step := range p.Steps() {
		steps = append(steps, format.PathStep(step))
	}
	return steps
}
