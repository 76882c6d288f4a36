package run

import (
	"strings"
	"time"

	"github.com/imageupdater/imageupdater/handlers/proposal"
	"github.com/imageupdater/imageupdater/scanner"
)

// Report is how a look ended, as it is kept and shown.
type Report struct {
	State  State     `json:"state"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
	Next   time.Time `json:"next"`
	Head   string    `json:"head,omitempty"`
	// Fields counts the fields by how they ended.
	Fields   map[scanner.Status]int `json:"fields,omitempty"`
	Updates  []ReportedUpdate       `json:"updates,omitempty"`
	Waiting  []ReportedWaiting      `json:"waiting,omitempty"`
	Skipped  []ReportedReason       `json:"skipped,omitempty"`
	Problems []ReportedReason       `json:"problems,omitempty"`
	// PullRequests are those that there should be, Held the updates that are
	// not proposed now.
	PullRequests []ReportedPull `json:"pullRequests,omitempty"`
	Held         []ReportedHeld `json:"held,omitempty"`
	// Refused are those that could not be written, and why.
	Refused []ReportedRefusal `json:"refused,omitempty"`
	// Errors and Warnings are those of the configuration, as compilers print
	// them.
	Errors   []string `json:"errors,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Dashboard is the number of the issue, Unsaid why issues could not be
	// written.
	Dashboard int      `json:"dashboard,omitempty"`
	Unsaid    []string `json:"unsaid,omitempty"`
	// Left is how many entries of the lists were left out.
	Left int `json:"left,omitempty"`
}

// Place is where a field is.
type Place struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Image string `json:"image,omitempty"`
}

// ReportedUpdate is what a field could move to.
type ReportedUpdate struct {
	Place

	From   string `json:"from"`
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
	Kind   string `json:"kind"`
	Group  string `json:"group"`
}

// ReportedWaiting is what a field will be able to move to.
type ReportedWaiting struct {
	Place

	Tag   string    `json:"tag"`
	Kind  string    `json:"kind"`
	Until time.Time `json:"until"`
}

// ReportedReason is why a field was left alone, or what is wrong.
type ReportedReason struct {
	Place

	Code   string `json:"code,omitempty"`
	Detail string `json:"detail"`
}

// What a report holds at most: entries of each list, and bytes of each text that
// is not the product's own.
const (
	mostReported = 500
	mostText     = 500
)

// Report tells how the look ended.
func (o *Outcome) Report(now time.Time) (r Report) {
	r = Report{State: o.State, Detail: o.Detail, At: now, Next: o.Next, Head: o.Head}
	r.Dashboard, r.Unsaid = o.Dashboard, o.Unsaid
	defer r.bound()
	for _, e := range o.Errors {
		r.Errors = append(r.Errors, e.Error())
	}
	for _, w := range o.Warnings {
		r.Warnings = append(r.Warnings, w.String())
	}
	r.Warnings = append(r.Warnings, o.notes...)
	for _, f := range o.Refused {
		r.Refused = append(r.Refused, ReportedRefusal{f.Group, f.Branch, f.Number, f.Err.Error()})
	}
	if o.Plan == nil {
		return r
	}
	r.Fields = map[scanner.Status]int{}
	for i := range o.Plan.Results {
		r.add(&o.Plan.Results[i])
	}
	for _, p := range o.Plan.Problems {
		r.Problems = append(r.Problems, ReportedReason{Place: Place{File: p.File, Line: p.Line}, Detail: p.Message})
	}
	for _, w := range o.Plan.Warnings {
		r.Warnings = append(r.Warnings, w.String())
	}
	r.propose(o.Desired)
	r.merge(o.verdicts)
	return r
}

// bound cuts what is too long, so that the database and pages can hold it.
func (r *Report) bound() {
	r.Updates, r.Waiting = cut(r, r.Updates), cut(r, r.Waiting)
	r.Skipped, r.Problems = cut(r, r.Skipped), cut(r, r.Problems)
	r.PullRequests, r.Held, r.Refused = cut(r, r.PullRequests), cut(r, r.Held), cut(r, r.Refused)
	r.Warnings, r.Errors = cut(r, r.Warnings), cut(r, r.Errors)
	r.Detail = shorten(r.Detail)
	for _, list := range [][]string{r.Warnings, r.Errors, r.Unsaid} {
		for i := range list {
			list[i] = shorten(list[i])
		}
	}
	for _, list := range [][]ReportedReason{r.Skipped, r.Problems} {
		for i := range list {
			list[i].shorten()
			list[i].Detail = shorten(list[i].Detail)
		}
	}
	for i := range r.Updates {
		u := &r.Updates[i]
		u.shorten()
		u.From, u.Group = shorten(u.From), shorten(u.Group)
	}
	for i := range r.Waiting {
		r.Waiting[i].shorten()
	}
	r.boundProposed()
}

func (r *Report) boundProposed() {
	for i := range r.PullRequests {
		p := &r.PullRequests[i]
		p.Group, p.Title = shorten(p.Group), shorten(p.Title)
	}
	for i := range r.Held {
		h := &r.Held[i]
		h.shorten()
		h.To, h.Detail = shorten(h.To), shorten(h.Detail)
	}
	for i := range r.Refused {
		f := &r.Refused[i]
		f.Group, f.Detail = shorten(f.Group), shorten(f.Detail)
	}
}

func (p *Place) shorten() { p.File, p.Image = shorten(p.File), shorten(p.Image) }

// shorten cuts a text between two of its characters.
func shorten(text string) string {
	if len(text) <= mostText {
		return text
	}
	return strings.ToValidUTF8(text[:mostText], "") + "…"
}

func cut[T any](r *Report, all []T) []T {
	if len(all) <= mostReported {
		return all
	}
	r.Left += len(all) - mostReported
	return all[:mostReported]
}

func (r *Report) add(result *scanner.Result) {
	r.Fields[result.Status]++
	field := &result.Field
	place := Place{File: field.File, Line: field.Line, Image: field.Ref.Name()}
	for _, u := range result.Updates {
		r.Updates = append(r.Updates, ReportedUpdate{
			Place: place, From: field.Ref.String(), Tag: u.Tag, Digest: u.Digest, Kind: string(u.Kind), Group: u.Group,
		})
	}
	if w := result.Waiting; w != nil {
		r.Waiting = append(r.Waiting, ReportedWaiting{Place: place, Tag: w.Tag, Kind: string(w.Kind), Until: w.Until})
	}
	if result.Reason == nil {
		return
	}
	reason := ReportedReason{Place: place, Code: string(result.Reason.Code), Detail: result.Reason.Detail}
	if result.Status == scanner.StatusProblem {
		r.Problems = append(r.Problems, reason)
		return
	}
	r.Skipped = append(r.Skipped, reason)
}

// ReportedPull is a pull request that there should be.
type ReportedPull struct {
	Group   string `json:"group"`
	Branch  string `json:"branch"`
	Title   string `json:"title"`
	Number  int    `json:"number,omitempty"` // of the one that was there when the look began
	Updates int    `json:"updates"`
	// Merging is what its merge policy says, in a line.
	Merging string `json:"merging,omitempty"`
}

// ReportedHeld is an update that is not proposed now.
type ReportedHeld struct {
	Place

	To     string     `json:"to"`
	Why    string     `json:"why"`
	Detail string     `json:"detail,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// ReportedRefusal is what could not be written of a pull request, and why.
type ReportedRefusal struct {
	Group  string `json:"group,omitempty"`
	Branch string `json:"branch"`
	Number int    `json:"number,omitempty"`
	Detail string `json:"detail"`
}

// propose adds what was decided on pull requests.
func (r *Report) propose(d *proposal.Desired) {
	if d == nil {
		return
	}
	for _, p := range d.Proposals {
		shown := ReportedPull{Group: p.Group, Branch: p.Branch, Title: p.Title, Updates: len(p.Changes)}
		if p.Existing != nil {
			shown.Number = p.Existing.Number
		}
		r.PullRequests = append(r.PullRequests, shown)
	}
	for _, h := range d.Held {
		shown := ReportedHeld{Place: Place{File: h.Path, Line: h.Line, Image: h.Image}, To: h.To.String(), Why: string(h.Why), Detail: h.Detail}
		if !h.Until.IsZero() {
			shown.Until = &h.Until
		}
		r.Held = append(r.Held, shown)
	}
}

// merge adds what was decided on merging.
func (r *Report) merge(all []judged) {
	for _, j := range all {
		for i := range r.PullRequests {
			if p := &r.PullRequests[i]; p.Branch == j.branch {
				p.Merging = j.title
			}
		}
	}
}
