package scanner

import (
	"strings"

	"github.com/imageupdater/imageupdater/scanner/format"
)

// valuesPlace is a place in the values that a file holds, or a release in it.
type valuesPlace struct {
	file    string
	release int // as Found.Release
	values  string
}

// overlaid finds the places of values over which other values lie that set the
// tag there and say nothing of its digest, with the file that does. A digest
// written below would stay, and stand for the other tag. ok is false where that
// is too much to look at.
func (lib *library) overlaid(names []string, findings []*format.Finding) (found map[valuesPlace]string, ok bool) {
	found = map[valuesPlace]string{}
	if !anyEmptyDigest(findings) {
		return found, true
	}
	// Names have a budget of their own.
	defer func(before int) { lib.steps = before }(lib.steps)
	for i, finding := range findings {
		if finding == nil {
			continue
		}
		for _, over := range finding.Fields {
			if over.DigestKey || over.Values == "" || strings.Contains(over.Values, "[") {
				continue // Helm replaces lists whole
			}
			if over.Release >= 0 { // parameters may lie over values
				found[valuesPlace{names[i], over.Release, over.Values}] = names[i]
			}
			for _, use := range lib.usages(names[i], finding, over) {
				if lib.steps += len(use.layers); lib.steps > maxNameSteps {
					return nil, false
				}
				use.overlay(names[i], over, found)
			}
		}
	}
	return found, true
}

func anyEmptyDigest(findings []*format.Finding) bool {
	for _, finding := range findings {
		if finding == nil {
			continue
		}
		for _, found := range finding.Fields {
			if found.EmptyDigest != nil {
				return true
			}
		}
	}
	return false
}

// overlay notes the places below a field of a file.
func (u usage) overlay(file string, over format.Found, found map[valuesPlace]string) {
	for _, layer := range u.layers {
		if layer.file == file && over.Release < 0 || layer.file == "" {
			return // this one, or inline values: on top of all files
		}
		if at, ok := layer.at(over.Values); ok {
			found[valuesPlace{layer.file, -1, at}] = file
		}
	}
}

// withoutRoom is about a field that is left alone.
func withoutRoom(field *format.Field) {
	field.EmptyDigest, field.DigestInTag, field.DigestAdvice = nil, false, ""
	field.BareDigest = field.BareDigest && field.Digest != nil
}

// keepRoom takes back what was said of where a digest can be added if it does
// not hold: the field is left alone after all, or other values lie over it.
func (lib *library) keepRoom(file string, found format.Found, field *format.Field) {
	if field.Skip != nil {
		withoutRoom(field)
		return
	}
	over, overlaid := lib.overlays[valuesPlace{file, found.Release, found.Values}]
	if field.EmptyDigest == nil || found.Values == "" || !overlaid && lib.overlaysKnown {
		return
	}
	field.EmptyDigest, field.BareDigest = nil, false
	field.DigestAdvice = "the values files of this repository are used in too many ways to tell what lies over this one"
	if overlaid {
		field.DigestAdvice = over + ` sets this tag and would keep a digest from here: write digest: "" beside the tag there, too`
	}
}
