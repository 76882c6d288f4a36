package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
	// longestDuration keeps sums of times far from overflows.
	longestDuration = 10 * 365 * day
)

// Duration is a time span as people write it: 3d, 1w, 24h, 1h30m. A day is 24
// hours.
type Duration time.Duration

//nolint:gochecknoglobals // a table, never written
var durationUnits = []struct {
	letter string
	length time.Duration
}{{"w", week}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// String is the shortest way to write the duration.
func (d Duration) String() string {
	if d == 0 {
		return "0"
	}
	rest := time.Duration(d)
	var text strings.Builder
	for _, unit := range durationUnits {
		// Weeks are written only where nothing is left: 8d rather than 1w1d.
		if n := rest / unit.length; n > 0 && (unit.letter != "w" || rest%week == 0) {
			text.WriteString(strconv.Itoa(int(n)) + unit.letter)
			rest %= unit.length
		}
	}
	return text.String()
}

const durationForm = "write 3d, 1w, 24h or 1h30m"

func readDuration(d *Duration, text string) *fault {
	if text == "0" {
		return nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		if strings.HasPrefix(text, "-") {
			return faultf(durationForm, "%q is no duration", text)
		}
		return faultf(fmt.Sprintf("write %sd for days, %sh for hours or %sm for minutes", text, text, text), "%q has no unit", text)
	}
	parsed, err := parseDuration(text)
	if err != nil {
		return faultf(durationForm, "%q is no duration: %v", shorten(text), err)
	}
	*d = Duration(parsed)
	return nil
}

// parseDuration reads whole numbers with units, each once, the largest first.
func parseDuration(text string) (time.Duration, error) {
	var total time.Duration
	rest, next := text, 0
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return 0, errors.New("it is made of whole numbers with a unit each")
		}
		rest = rest[digits:]
		i := next
		for i < len(durationUnits) && !strings.HasPrefix(rest, durationUnits[i].letter) {
			i++
		}
		if i == len(durationUnits) {
			return 0, errors.New("the units are w, d, h, m and s, each once, the largest first")
		}
		if n > int(longestDuration/durationUnits[i].length) {
			return 0, errors.New("it is longer than ten years")
		}
		total += time.Duration(n) * durationUnits[i].length
		rest, next = rest[1:], i+1
	}
	switch {
	case text == "":
		return 0, errors.New("it is empty")
	case total > longestDuration:
		return 0, errors.New("it is longer than ten years")
	}
	return total, nil
}

func schemaOfDuration() schema {
	return schema{"anyOf": []schema{
		{"type": "string", "pattern": `^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$`, "minLength": 2},
		{"enum": []any{0, "0"}},
	}}
}
