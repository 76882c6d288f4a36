package config_test

import (
	"testing"
	"time"

	"github.com/imageupdater/imageupdater/config"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func windows(t *testing.T, list string) config.Windows {
	t.Helper()
	return load(t, "defaults: {window: ["+list+"]}").Defaults.Window.Value
}

func TestWindow(t *testing.T) {
	t.Parallel()
	const open = ""
	for name, test := range map[string]struct {
		windows, zone, now string // now and next in the zone, with its offset
		next               string
	}{
		"none":                        {``, "UTC", "2026-11-21T03:00:00Z", open},
		"in office hours":             {`"mon-fri 09:00-17:00"`, "Europe/Berlin", "2026-11-20T09:00:00+01:00", open},
		"the end is outside":          {`"mon-fri 09:00-17:00"`, "Europe/Berlin", "2026-11-20T17:00:00+01:00", "2026-11-23T09:00:00+01:00"},
		"the last second":             {`"mon-fri 09:00-17:00"`, "Europe/Berlin", "2026-11-20T16:59:59+01:00", open},
		"before":                      {`"mon-fri 09:00-17:00"`, "Europe/Berlin", "2026-11-20T08:59:59+01:00", "2026-11-20T09:00:00+01:00"},
		"weekend":                     {`"mon-fri 09:00-17:00"`, "Asia/Tokyo", "2026-11-21T12:00:00+09:00", "2026-11-23T09:00:00+09:00"},
		"two spans":                   {`"mon 09:00-12:00,13:00-17:00"`, "UTC", "2026-11-23T12:30:00Z", "2026-11-23T13:00:00Z"},
		"two windows":                 {`"mon 09:00-10:00", "sun 08:00-09:00"`, "UTC", "2026-11-21T12:30:00Z", "2026-11-22T08:00:00Z"},
		"list of days":                {`"mon,wed 09:00-10:00"`, "UTC", "2026-11-24T00:00:00Z", "2026-11-25T09:00:00Z"},
		"days around the weekend":     {`"fri-mon 09:00-10:00"`, "UTC", "2026-11-22T09:30:00Z", open},
		"over midnight, evening":      {`"fri 22:00-06:00"`, "UTC", "2026-11-20T23:00:00Z", open},
		"over midnight, morning":      {`"fri 22:00-06:00"`, "UTC", "2026-11-21T05:59:00Z", open},
		"over midnight, the end":      {`"fri 22:00-06:00"`, "UTC", "2026-11-21T06:00:00Z", "2026-11-27T22:00:00Z"},
		"over midnight, the day ends": {`"fri 22:00-06:00"`, "UTC", "2026-11-20T05:00:00Z", "2026-11-20T22:00:00Z"},
		"whole days":                  {`"sat,sun 00:00-24:00"`, "UTC", "2026-11-22T23:59:59Z", open},
		"capitals":                    {`"Mon-Fri 09:00-17:00"`, "UTC", "2026-11-20T09:00:00Z", open},
		// 2026-03-29 02:00 becomes 03:00 in Berlin.
		"skipped hour, inside of it":    {`"sun 02:15-02:45"`, "Europe/Berlin", "2026-03-29T01:59:00+01:00", "2026-04-05T02:15:00+02:00"},
		"skipped hour, begin in it":     {`"sun 02:30-04:00"`, "Europe/Berlin", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"},
		"skipped hour, end in it":       {`"sun 01:00-02:30"`, "Europe/Berlin", "2026-03-29T03:00:00+02:00", "2026-04-05T01:00:00+02:00"},
		"skipped hour, over midnight":   {`"sat 23:00-02:30"`, "Europe/Berlin", "2026-03-29T03:00:00+02:00", "2026-04-04T23:00:00+02:00"},
		"repeated hour, first":          {`"sun 02:15-02:45"`, "Europe/Berlin", "2026-10-25T02:20:00+02:00", open},
		"repeated hour, between":        {`"sun 02:15-02:45"`, "Europe/Berlin", "2026-10-25T02:50:00+02:00", "2026-10-25T02:15:00+01:00"},
		"repeated hour, second":         {`"sun 02:15-02:45"`, "Europe/Berlin", "2026-10-25T02:20:00+01:00", open},
		"repeated hour, from its begin": {`"sun 02:00-02:30"`, "Europe/Berlin", "2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00"},
		"half an hour":                  {`"sun 01:45-02:15"`, "Australia/Lord_Howe", "2026-04-05T01:50:00+11:00", open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			isOpen, next := windows(t, test.windows).Open(now.UTC(), zone(t, test.zone))
			if isOpen != (test.next == open) {
				t.Fatalf("open %t, next %s", isOpen, next)
			}
			if !isOpen && next.Format(time.RFC3339) != test.next {
				t.Errorf("next %s, want %s", next.Format(time.RFC3339), test.next)
			}
		})
	}
}

// The next opening is what trying every minute finds.
func TestWindowOpensAtTheNextOpenMinute(t *testing.T) {
	t.Parallel()
	list := []string{`"sun 02:15-02:45"`, `"sat 23:30-02:20"`, `"mon-fri 09:00-17:00"`, `"sun 01:50-02:10,02:40-03:05"`, `"sun 00:00-24:00"`}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"} {
		z := zone(t, name)
		for _, text := range list {
			w := windows(t, text)
			for _, begin := range []time.Time{
				time.Date(2026, 3, 28, 12, 7, 0, 0, z), time.Date(2026, 10, 24, 12, 7, 0, 0, z),
				time.Date(2026, 10, 3, 12, 7, 0, 0, z), time.Date(2026, 4, 4, 12, 7, 0, 0, z), time.Date(2026, 10, 31, 12, 7, 0, 0, z),
			} {
				for now := begin; now.Before(begin.Add(24 * time.Hour)); now = now.Add(97 * time.Minute) {
					checkOpening(t, w, now, z)
				}
			}
		}
	}
}

func checkOpening(t *testing.T, w config.Windows, now time.Time, z *time.Location) {
	t.Helper()
	isOpen, next := w.Open(now, z)
	if isOpen {
		checkClosing(t, w, now, z)
		return
	}
	if ok, _ := w.Open(next, z); !ok {
		t.Fatalf("%s in %s: not open at %s", w[0], z, next)
	}
	if ok, _ := w.Open(next.Add(-time.Minute), z); ok && next.Add(-time.Minute).After(now) {
		t.Fatalf("%s in %s, from %s: open before %s", w[0], z, now, next)
	}
	for m := now; m.Before(next) && m.Before(now.Add(5*time.Hour)); m = m.Add(5 * time.Minute) {
		if ok, _ := w[:1].Open(m, z); ok {
			t.Fatalf("%s in %s, from %s: open at %s, before %s", w[0], z, now, m, next)
		}
	}
}

// checkClosing tries every minute.
func checkClosing(t *testing.T, w config.Windows, now time.Time, z *time.Location) {
	t.Helper()
	want := now.Truncate(time.Minute)
	for ok := true; ok; ok, _ = w.Open(want, z) {
		want = want.Add(time.Minute)
	}
	if got := w.Closes(now, z); !got.Equal(want) {
		t.Fatalf("%s in %s, from %s: closes at %s, not at %s", w[0], z, now, got, want)
	}
}

func TestWindowCloses(t *testing.T) {
	t.Parallel()
	const never = "0001-01-01T00:00:00Z"
	for name, test := range map[string]struct{ windows, zone, now, want string }{
		"the day's end":   {`"mon-fri 09:00-17:00"`, "Europe/Berlin", "2026-11-20T16:59:59+01:00", "2026-11-20T17:00:00+01:00"},
		"over midnight":   {`"fri 22:00-06:00"`, "UTC", "2026-11-20T23:00:00Z", "2026-11-21T06:00:00Z"},
		"the next begins": {`"fri 09:00-12:00,12:00-15:00", "fri 14:00-16:00"`, "UTC", "2026-11-20T10:00:00Z", "2026-11-20T16:00:00Z"},
		"whole days":      {`"sat,sun 00:00-24:00"`, "Asia/Tokyo", "2026-11-21T10:00:00+09:00", "2026-11-23T00:00:00+09:00"},
		"always":          {`"mon-sun 00:00-24:00"`, "UTC", "2026-11-20T10:00:00Z", never},
		"none":            {``, "UTC", "2026-11-20T10:00:00Z", never},
		"skipped hour":    {`"sun 01:00-02:30"`, "Europe/Berlin", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"},
		"repeated hour":   {`"sun 01:00-02:30"`, "Europe/Berlin", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			if got := windows(t, test.windows).Closes(now.UTC(), zone(t, test.zone)).Format(time.RFC3339); got != test.want {
				t.Errorf("closes %s, want %s", got, test.want)
			}
		})
	}
}

// Where the clock is moved at midnight a day begins later.
func TestDayBeginsAfterMidnight(t *testing.T) {
	t.Parallel()
	c := load(t, "timezone: America/Santiago\nfreeze: [{from: 2027-09-05, to: 2027-09-05}]")
	begins := time.Date(2027, 9, 5, 1, 0, 0, 0, c.Location())
	if got := c.Freezes(begins.Add(-time.Second)); !got.Equal(begins) {
		t.Errorf("begins %s, want %s", got, begins)
	}
	for at, want := range map[time.Time]bool{begins.Add(-time.Second): false, begins: true} {
		if f, _ := c.Frozen(at); (f != nil) != want {
			t.Errorf("frozen at %s: %t", at, f != nil)
		}
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for name, test := range map[string]struct{ schedule, now, next string }{
		"interval":      {"1h30m", "2026-11-21T12:00:00+01:00", "2026-11-21T13:30:00+01:00"},
		"cron line":     {`"30 6 * * mon-fri"`, "2026-11-21T12:00:00+01:00", "2026-11-23T06:30:00+01:00"},
		"word":          {`"@daily"`, "2026-11-21T12:00:00+01:00", "2026-11-22T00:00:00+01:00"},
		"skipped hour":  {`"30 2 * * *"`, "2026-03-28T12:00:00+01:00", "2026-03-30T02:30:00+02:00"},
		"repeated hour": {`"30 2 * * *"`, "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			got := load(t, "schedule: "+test.schedule).Schedule.Value.Next(now, berlin).In(berlin).Format(time.RFC3339)
			if got != test.next {
				t.Errorf("next %s, want %s", got, test.next)
			}
		})
	}
}

func TestDurationString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "3d": "3d", "1w": "1w", "24h": "1d", "1h30m": "1h30m", "8d": "8d", "1w1d": "8d", "90s": "1m30s", "14d": "2w",
	} {
		if got := load(t, "defaults: {minAge: "+text+"}").Defaults.MinAge.Value.String(); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
	}
}
