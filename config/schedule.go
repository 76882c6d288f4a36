package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// leastInterval keeps a repository from eating everybody's requests.
const leastInterval = 5 * time.Minute

// Schedule is how often a repository is looked at.
type Schedule struct {
	text  string
	every time.Duration // 0 where cron is set
	cron  cron.Schedule
}

// String is the schedule as it was written.
func (s Schedule) String() string { return s.text }

// Every is the interval; 0 where the schedule is a cron line.
func (s Schedule) Every() time.Duration { return s.every }

// Next is the first time after t. The times of a cron line are meant in the
// zone. One in an hour that the change to summer time skips is passed over, one
// in an hour that comes twice comes twice.
func (s Schedule) Next(t time.Time, zone *time.Location) time.Time {
	if s.cron == nil {
		return t.Add(s.every)
	}
	return s.cron.Next(t.In(zone))
}

func readSchedule(s *Schedule, text string) *fault {
	s.text = text
	if cronLike(text) {
		return readCron(s, text)
	}
	var every Duration
	if f := readDuration(&every, text); f != nil {
		f.hint += `; or a cron line such as "0 6 * * mon-fri"`
		return f
	}
	if time.Duration(every) < leastInterval {
		return faultf("write at least "+Duration(leastInterval).String(), "%q is too often", text)
	}
	s.every = time.Duration(every)
	return nil
}

func cronLike(text string) bool {
	return strings.ContainsAny(text, " \t*@=")
}

func readCron(s *Schedule, text string) *fault {
	switch {
	case strings.Contains(text, "TZ="):
		return faultf("use the key timezone", "a cron line carries no zone of its own")
	case strings.HasPrefix(text, "@every "):
		return faultf("write "+quoted(strings.TrimSpace(strings.TrimPrefix(text, "@every "))), "%q is no cron line", shorten(text))
	}
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return faultf(`minute, hour, day of month, month, day of week: "0 6 * * mon-fri"`, "%q is no cron line: %s", shorten(text), shorten(err.Error()))
	}
	// The calendar repeats within 28 years; five hold a 29 February. The
	// library gives up after five years.
	first := parsed.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	if first.IsZero() {
		return faultf("no month has that day", "%q never comes", text)
	}
	if second := parsed.Next(first); second.Sub(first) < leastInterval {
		return faultf("leave at least "+strconv.Itoa(int(leastInterval.Minutes()))+" minutes between", "%q is too often", text)
	}
	s.cron = parsed
	return nil
}

func schemaOfSchedule() schema { return schema{"type": "string", "minLength": 2} }

// Zone is an IANA time zone.
type Zone struct{ location *time.Location }

// Location is the zone; UTC where none was set.
func (z Zone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

func readZone(z *Zone, text string) *fault {
	const form = `write the name of a place, such as "Europe/Berlin", or UTC`
	if text == "" || text == "Local" {
		return faultf(form, "%q is no time zone", text)
	}
	location, err := time.LoadLocation(text)
	if err != nil {
		return faultf(form, "%q is no time zone", shorten(text))
	}
	z.location = location
	return nil
}

func schemaOfZone() schema { return schema{"type": "string", "minLength": 1} }

// Date is a day without a zone; the zero Date is none.
type Date struct {
	year  int
	month time.Month
	day   int
}

const dateForm = "2006-01-02"

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is YYYY-MM-DD.
func (d Date) String() string { return d.In(time.UTC).Format(dateForm) }

// In is the begin of the day in a zone.
func (d Date) In(zone *time.Location) time.Time {
	begin := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, zone)
	if _, moved := begin.ZoneBounds(); begin.Day() != d.day && !moved.IsZero() {
		return moved // the clock is moved at midnight, and the day begins later
	}
	return begin
}

// next is the day after.
func (d Date) next() Date { return dateOf(d.In(time.UTC).AddDate(0, 0, 1)) }

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// before compares days.
func (d Date) before(other Date) bool { return d.In(time.UTC).Before(other.In(time.UTC)) }

// ParseDate reads YYYY-MM-DD, and takes only days that the calendar has.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(dateForm, text)
	if err != nil {
		return Date{}, fmt.Errorf("reading a day: %w", err)
	}
	return dateOf(t), nil
}

func readDate(d *Date, text string) *fault {
	date, err := ParseDate(text)
	if err != nil {
		return faultf("write YYYY-MM-DD, as 2027-01-31", "%q is no day", shorten(text))
	}
	*d = date
	return nil
}

func schemaOfDate() schema {
	return schema{"type": "string", "pattern": `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`}
}
