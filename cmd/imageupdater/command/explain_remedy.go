package command

import (
	"slices"
	"strconv"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/format"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// apart are the reasons that say who refused: what one entry refused is not
// told together with what another did.
//
//nolint:gochecknoglobals // a table, never written
var apart = map[version.Reason]bool{version.IsIgnored: true, version.Closed: true, version.RolledBack: true}

// remedies say what would change a refusal.
//
//nolint:gochecknoglobals // a table, never written
var remedies = map[version.Reason]func(*refusal, settings) string{
	version.IsIgnored:  func(g *refusal, s settings) string { return g.more("without the entry", "", s) },
	version.Closed:     func(*refusal, settings) string { return "reopening the pull request takes it up again" },
	version.RolledBack: func(*refusal, settings) string { return "/unhold on a pull request of the image lifts it" },
	version.TooYoung:   func(g *refusal, s settings) string { return "the first is old enough " + g.ripe() + s.by("minAge") },
	version.AgeUnknown: func(g *refusal, s settings) string { return g.more("minAge: 0 would allow", "minAge", s) },
	version.NotAllowed: func(g *refusal, s settings) string { return g.more("another tags.allow would allow", "tags.allow", s) },
	version.TagIgnored: func(g *refusal, s settings) string {
		return g.more("another tags.ignore would allow", "tags.ignore", s)
	},
	version.IsPreRelease:  func(g *refusal, s settings) string { return g.more("prerelease: true would allow", "prerelease", s) },
	version.FlavorVersion: (*refusal).flavor,
	version.KindUnwanted: func(g *refusal, s settings) string {
		return g.more("update with "+g.details()+" would allow", "update", s)
	},
	version.OutOfRange: func(g *refusal, s settings) string { return g.more("another constraint would allow", "constraint", s) },
	version.LacksPlatform: func(g *refusal, s settings) string {
		return g.more("platforms without "+g.details()+" would allow", "platforms", s)
	},
	version.OtherPrefix: ofThatForm,
	version.OtherParts:  ofThatForm,
	version.OtherFlavor: ofThatForm,
}

func ofThatForm(*refusal, settings) string {
	return "a tag of that form, written by hand, is followed in its form"
}

// words are what would change a refusal.
func (g *refusal) words(s settings) string {
	if remedy := remedies[g.reason]; remedy != nil {
		return remedy(g, s)
	}
	return ""
}

// more says how many tags a change would allow, and where the setting is that
// refuses them. A change that by itself would allow none is not told.
func (g *refusal) more(change, key string, s settings) string {
	by := s.by(key)
	if g.alone == 0 {
		return strings.TrimPrefix(by, "; ")
	}
	return change + " " + strconv.Itoa(g.alone) + " more" + by
}

func (g *refusal) flavor(s settings) string {
	if slices.ContainsFunc(s, func(one setting) bool { return one.Key == "flavor" && one.Value == string(version.FlavorMove) }) {
		return g.more("update with flavor would allow", "update", s)
	}
	return g.more("flavor: move would allow", "flavor", s)
}

// details are the words in which those that were refused differ, once each.
func (g *refusal) details() string {
	var words []string
	for _, one := range g.rejected {
		words = append(words, strings.Split(one.Detail, ", ")...)
	}
	return strings.Join(unique(words), ", ")
}

// ripe is when the first of those that are too young is old enough.
func (g *refusal) ripe() string {
	first := slices.MinFunc(g.rejected, func(a, b *version.Rejection) int { return a.Ripe.Compare(b.Ripe) }) // a group is never empty
	return first.Ripe.UTC().Format("2006-01-02 15:04 UTC")
}

// by says where a setting was written; nothing where nobody wrote it. An age of
// 0 refuses nothing.
func (s settings) by(key string) string {
	var places []string
	for _, one := range s {
		if one.Key == key && one.Value != "0" && one.Origin.File != config.BuiltIn {
			places = append(places, one.Origin.String())
		}
	}
	if len(places) == 0 {
		return ""
	}
	return "; " + key + " is set by " + strings.Join(unique(places), " and ")
}

// advice is what to write to have a field followed that is left alone.
func advice(r *scanner.Result) []string {
	if r.Reason == nil || advices[r.Reason.Code] == nil {
		return nil
	}
	return advices[r.Reason.Code](&r.Field)
}

//nolint:gochecknoglobals // a table, never written
var advices = map[format.Code]func(*format.Field) []string{
	scanner.Floating: func(f *format.Field) []string {
		return []string{
			withDigest("pin: digest adds a digest to the tag and follows what the tag stands for", f),
			"strategy: newest takes the tag that was pushed last, of those that tags.allow lets in",
			"strategy: numerical takes the highest number, as of main-123 with tags.allow: ['^main-(?P<order>[0-9]+)$']",
			"a version that is written there by hand is followed from then on",
		}
	},
	format.DigestOnly: func(*format.Field) []string {
		return []string{"strategy: digest with track: TAG follows what that tag stands for"}
	},
}

// withDigest is a change that needs a place for a digest, and what makes one.
func withDigest(change string, f *format.Field) string {
	if f.DigestAdvice == "" {
		return change
	}
	return change + "; for the digest, " + f.DigestAdvice
}
