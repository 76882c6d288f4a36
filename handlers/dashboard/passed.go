package dashboard

import (
	"maps"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// passing is a version that people keep an image from.
type passing struct {
	to, detail string
	at         place
}

// passed are the images that people keep from versions, for one reason: what the
// planner says of tags, and what was decided on contents. Each image has one box.
func (w *writing) passed(reason version.Reason, why proposal.Why, verb Verb) []item {
	by := map[string][]passing{}
	for i := range w.Plan.Results {
		r := &w.Plan.Results[i]
		image := r.Field.Ref.Repository().String()
		if all := passedBy(r, reason); len(all) > 0 {
			by[image] = append(by[image], all...)
		}
	}
	for i := range w.Desired.Held {
		if h := &w.Desired.Held[i]; why != "" && h.Why == why {
			by[h.Image] = append(by[h.Image], passing{proposal.Short(h.To), h.Detail, place{h.Path, h.Line}})
		}
	}
	items := make([]item, 0, len(by))
	for image, all := range by {
		i := item{key: image, text: func() string { return w.code(proposal.Called(image)) + " " + w.passings(all) }}
		if verb != "" {
			i.box = &Box{verb, image}
		}
		items = append(items, i)
	}
	return items
}

func passedBy(r *scanner.Result, reason version.Reason) []passing {
	var all []passing
	for _, p := range r.Passed {
		if p.Reason == reason {
			all = append(all, passing{p.Tag, p.Detail, place{r.Field.File, r.Field.Line}})
		}
	}
	return all
}

// passings lists versions, those together of which the same is said.
func (w *writing) passings(all []passing) string {
	by := map[[2]string][]place{}
	for _, p := range all {
		said := [2]string{p.to, p.detail}
		by[said] = append(by[said], p.at)
	}
	var texts []string
	for _, said := range slices.SortedFunc(maps.Keys(by), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		text := w.code(said[0]) + " (" + w.places(by[said]) + ")"
		if said[1] != "" {
			text += ": " + w.said(said[1])
		}
		texts = append(texts, text)
	}
	return strings.Join(texts[:min(len(texts), max(w.room.moves, 1))], "; ")
}

// said is a detail. Where it names one of our pull requests it links to that.
func (w *writing) said(detail string) string {
	if number, is := strings.CutPrefix(detail, "pull request #"); is && number != "" && strings.Trim(number, "0123456789") == "" {
		return "#" + number
	}
	return w.code(detail)
}
