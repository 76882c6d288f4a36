package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Windows are times of the week, on the clock of a zone. None means always.
//
// An hour that the change to summer time skips does not exist; one that comes
// twice is open twice.
type Windows []Window

// Window is one entry, as "mon-fri 09:00-12:00,13:00-17:00".
type Window struct {
	text  string
	days  [7]bool // by time.Weekday
	spans []span
}

// span is a part of a day in minutes from midnight on the clock. Where to is
// not after from it ends on the next day.
type span struct{ from, to int }

const minutesADay = 24 * 60

// String is the window as it was written.
func (w Window) String() string { return w.text }

// Open tells whether a time lies in a window, and if not, when the next one
// opens; where it does, next is now. A window that never opens gives the zero
// time.
func (w Windows) Open(now time.Time, zone *time.Location) (open bool, next time.Time) {
	now = now.In(zone)
	if w.holds(now) {
		return true, now
	}
	return false, w.turns(now, true)
}

func (w Windows) holds(t time.Time) bool {
	return len(w) == 0 || slices.ContainsFunc(w, func(one Window) bool { return one.holds(t) })
}

func (w Window) holds(t time.Time) bool {
	minute := t.Hour()*60 + t.Minute()
	today, yesterday := w.days[t.Weekday()], w.days[(t.Weekday()+6)%7]
	for _, s := range w.spans {
		overnight := s.to <= s.from
		switch {
		case !overnight && today && s.from <= minute && minute < s.to,
			overnight && today && s.from <= minute,
			overnight && yesterday && minute < s.to:
			return true
		}
	}
	return false
}

// Closes tells when windows that are open at a time close; zero where they never do.
func (w Windows) Closes(now time.Time, zone *time.Location) time.Time {
	return w.turns(now.In(zone), false)
}

// turns finds when closed windows open, or open ones close. That is when a span begins
// or ends, or when the clock is moved over such a time. Two weeks hold every window, also
// one that a move of the clock makes fail once. Where nothing turns it is zero.
func (w Windows) turns(now time.Time, open bool) time.Time {
	const days = 15
	moves := clockMoves(now.AddDate(0, 0, -1), now.AddDate(0, 0, days))
	var candidates []time.Time
	for _, m := range moves {
		candidates = append(candidates, m.at)
	}
	for i := range days {
		for _, edge := range w.edges(now, i) {
			candidates = append(candidates, edge)
			// Of a time that comes twice, time.Date gives one.
			for _, m := range moves {
				candidates = append(candidates, edge.Add(m.by), edge.Add(-m.by))
			}
		}
	}
	slices.SortFunc(candidates, time.Time.Compare)
	for _, t := range candidates {
		if t.After(now) && w.holds(t) == open {
			return t
		}
	}
	return time.Time{}
}

// edges are the times at which a span begins or ends, some days from now.
func (w Windows) edges(now time.Time, days int) []time.Time {
	var edges []time.Time
	year, month, today := now.Date()
	for _, one := range w {
		for _, s := range one.spans {
			for _, minute := range []int{s.from, s.to} {
				edges = append(edges, time.Date(year, month, today+days, 0, minute, 0, 0, now.Location()))
			}
		}
	}
	return edges
}

// move is a change of the clock.
type move struct {
	at time.Time
	by time.Duration
}

func clockMoves(from, to time.Time) []move {
	var moves []move
	for {
		_, end := from.ZoneBounds()
		if end.IsZero() || end.After(to) {
			return moves
		}
		_, before := from.Zone()
		_, after := end.Zone()
		moves = append(moves, move{end, time.Duration(after-before) * time.Second})
		from = end
	}
}

const windowForm = `write days and times, as "mon-fri 09:00-17:00" or "sat,sun 22:00-06:00"`

func readWindow(w *Window, text string) *fault {
	parts := strings.Fields(text)
	if len(parts) != 2 {
		hint := windowForm
		switch {
		case len(parts) == 1 && strings.Contains(text, ":"):
			hint = "days are missing: write " + quoted("mon-sun "+parts[0])
		case len(parts) == 1:
			hint = "times are missing: write " + quoted(parts[0]+" 00:00-24:00")
		}
		return faultf(hint, "%q is no window", shorten(text))
	}
	w.text = text
	for part := range strings.SplitSeq(parts[0], ",") {
		if problem := addDays(w, part); problem != "" {
			return faultf(windowForm, "%q is no window: %s", shorten(text), problem)
		}
	}
	for part := range strings.SplitSeq(parts[1], ",") {
		if problem := addSpan(w, part); problem != "" {
			return faultf(windowForm, "%q is no window: %s", shorten(text), problem)
		}
	}
	return nil
}

//nolint:gochecknoglobals // a table, never written
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func addDays(w *Window, part string) (problem string) {
	first, last, isRange := strings.Cut(part, "-")
	if !isRange {
		last = first
	}
	from, to := slices.Index(dayNames, strings.ToLower(first)), slices.Index(dayNames, strings.ToLower(last))
	if from < 0 || to < 0 {
		return fmt.Sprintf("%q is none of mon, tue, wed, thu, fri, sat, sun and their ranges", shorten(part))
	}
	for i := from; ; i = (i + 1) % len(dayNames) {
		w.days[i] = true
		if i == to {
			return ""
		}
	}
}

func addSpan(w *Window, part string) (problem string) {
	first, last, _ := strings.Cut(part, "-")
	from, okFrom := clock(first)
	to, okTo := clock(last)
	switch {
	case !okFrom || !okTo || from == minutesADay:
		return fmt.Sprintf("%q is not hh:mm-hh:mm", shorten(part))
	case from == to:
		return fmt.Sprintf("%q begins when it ends; the whole day is 00:00-24:00", part)
	}
	w.spans = append(w.spans, span{from, to})
	return ""
}

// clock reads hh:mm, up to 24:00, as minutes from midnight.
func clock(text string) (minutes int, ok bool) {
	if len(text) != len("hh:mm") || text[2] != ':' {
		return 0, false
	}
	hour, errHour := strconv.ParseUint(text[:2], 10, 8)
	minute, errMinute := strconv.ParseUint(text[3:], 10, 8)
	if errHour != nil || errMinute != nil || minute > 59 || hour*60+minute > minutesADay {
		return 0, false
	}
	return int(hour*60 + minute), true
}

func schemaOfWindow() schema {
	const days = `(mon|tue|wed|thu|fri|sat|sun)`
	const times = `[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]`
	return schema{"type": "string", "pattern": `^` + days + `(-` + days + `)?(,` + days + `(-` + days + `)?)* +` + times + `(,` + times + `)*$`}
}
