package order

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/imageupdater/imageupdater/config"
	"github.com/imageupdater/imageupdater/handlers/command"
	"github.com/imageupdater/imageupdater/handlers/foreign"
	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
	"github.com/imageupdater/imageupdater/scanner/image"
	"github.com/imageupdater/imageupdater/scanner/version"
)

// Orders are what is to be done about pull requests, by what is planned. source is
// the configuration as it is written.
func (h *Hearing) Orders(plan *scanner.Plan, source []byte) proposal.Orders {
	orders := proposal.Orders{Rebase: map[int]bool{}, Recreate: map[int]bool{}}
	for _, one := range h.all {
		for _, c := range one.Commands {
			switch c.Name {
			case command.Rebase, command.Recreate:
				one.rebuild(c, &orders)
			case command.Ignore:
				one.ignore(c, plan, source, &orders)
			case command.Merge:
				one.orderMerge()
			case command.Rescan, command.Hold, command.Unhold, command.Explain, command.Help:
			}
		}
	}
	return orders
}

// rebuild carries out /rebase and /recreate.
func (h *Heard) rebuild(c command.Command, orders *proposal.Orders) {
	switch {
	case h.place != ours:
		h.refuse(command.Misplaced(c.Name))
	case h.pull.Paused():
		h.refuse(command.StillPaused(c.Name))
	case c.Name == command.Recreate:
		orders.Recreate[h.Number] = true
	case h.pull.Foreign != "":
		h.refuse(command.RecreateInstead(h.pull.Foreign))
	default:
		orders.Rebase[h.Number] = true
	}
}

// step is an update of an image that may be ignored.
type step struct {
	from, to string // tags
	kind     version.Kind
}

// ignore carries out /ignore.
func (h *Heard) ignore(c command.Command, plan *scanner.Plan, source []byte, orders *proposal.Orders) {
	if plan == nil { // why there is none is the answer
		return
	}
	if h.place == theirs || h.pull != nil && h.pull.Record != nil && h.pull.Record.Edit != nil {
		h.refuse(command.Misplaced(c.Name))
		return
	}
	steps := h.steps(plan)
	named := c.Image
	if named == (image.Repository{}) && len(steps) == 1 {
		for only := range steps {
			named = only
		}
	}
	if len(steps[named]) == 0 {
		var all []image.Repository
		for i := range steps {
			all = append(all, i)
		}
		h.refuse(command.WhichImage(c, sorted(all)))
		return
	}
	order, err := ignoring(c, named, steps[named])
	if err == nil {
		order.Asked, order.By = h.Number, h.Author.Login
		order.Entry.Reason = fmt.Sprintf("asked for in #%d", h.Number)
		_, err = config.AddIgnore(source, &order.Entry)
	}
	switch {
	case errors.Is(err, config.ErrThere):
		h.words = append(h.words, command.IgnoredAlready(config.FileName))
		return
	case errors.Is(err, config.ErrNoPlace):
		h.refuse(command.AddByHand(config.FileName, "- "+order.Entry.Flow()))
		return
	case err != nil:
		h.refuse(fmt.Sprintf("%s: %s\n", foreign.Code(c.String()), err.Error()))
		return
	}
	orders.Ignore, h.ignoring = append(orders.Ignore, *order), append(h.ignoring, *order)
}

// steps are the updates of each image that a comment can be about: those of its pull
// request, or all that are planned.
func (h *Heard) steps(plan *scanner.Plan) map[image.Repository][]step {
	found := map[image.Repository][]step{}
	if h.pull != nil {
		if h.pull.Record == nil {
			return found
		}
		for _, u := range h.pull.Record.Updates {
			if name, err := image.ParseName(u.Image); err == nil {
				from, _, _ := strings.Cut(u.From, "@")
				to, _, _ := strings.Cut(u.To, "@")
				found[name.Repository()] = append(found[name.Repository()], step{from, to, version.Kind(u.Kind)})
			}
		}
		return found
	}
	for i := range plan.Results {
		r := &plan.Results[i]
		for _, u := range r.Updates {
			name := r.Field.Ref.Repository()
			found[name] = append(found[name], step{r.Field.Ref.Tag, u.Tag, u.Kind})
		}
	}
	return found
}

// ignoring makes an entry of ignore of a command. Its error is Markdown.
func ignoring(c command.Command, of image.Repository, steps []step) (*proposal.Ignoring, error) {
	order := &proposal.Ignoring{Entry: config.NewIgnore{Image: of.String()}}
	if !c.Until.IsZero() {
		order.Entry.Until = c.Until.String()
	}
	if c.Reach == command.This {
		return this(order, steps)
	}
	kind := map[command.Reach]version.Kind{command.Major: version.Major, command.Minor: version.Minor, command.Patch: version.Patch}[c.Reach]
	var ranges []string
	for _, s := range newestFirst(steps) {
		v, is := version.Parse(s.from)
		if !is {
			return nil, fmt.Errorf("%s is no version, so that nobody knows what a %s step is: write `/ignore this`", foreign.Code(s.from), kind)
		}
		if reach := v.Reach(kind); !slices.Contains(ranges, reach) {
			ranges = append(ranges, reach)
		}
	}
	if kind == version.Major { // each one has those of the newest in it
		ranges = ranges[:1]
	}
	order.Entry.Versions = strings.Join(ranges, " || ")
	order.Kinds = []version.Kind{kind}
	if kind == version.Patch {
		order.Kinds = append(order.Kinds, version.Build)
	}
	return order, nil
}

// this makes an entry of the versions that are proposed.
func this(order *proposal.Ignoring, steps []step) (*proposal.Ignoring, error) {
	var tags []string
	for _, s := range newestFirst(steps) {
		if s.kind == version.Digest || s.kind == version.Pin || s.to == "" {
			continue
		}
		if pattern := "^" + regexp.QuoteMeta(s.to) + "$"; !slices.Contains(tags, pattern) {
			tags = append(tags, pattern)
		}
		order.Tags = append(order.Tags, s.to)
	}
	if len(tags) == 0 {
		return nil, errors.New("only the content of the tag changes, which no entry of `ignore` can tell apart: " +
			"close the pull request to refuse this content, or write `# imageupdater: hold` beside the field")
	}
	order.Entry.Tags = tags
	return order, nil
}

// newestFirst sorts steps by where they begin, versions before what is none.
func newestFirst(steps []step) []step {
	return slices.SortedFunc(slices.Values(steps), func(a, b step) int {
		v, isV := version.Parse(a.from)
		w, isW := version.Parse(b.from)
		if isV && isW {
			if c := w.Compare(v); c != 0 {
				return c
			}
		}
		return strings.Compare(a.to, b.to)
	})
}

func sorted(all []image.Repository) []image.Repository {
	slices.SortFunc(all, func(a, b image.Repository) int { return strings.Compare(a.String(), b.String()) })
	return all
}
