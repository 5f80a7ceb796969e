package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// DefaultSchedule is how often a governed workload is polled that says nothing.
const DefaultSchedule = "@every 10m"

// maxSchedule bounds the text that is parsed.
const maxSchedule = 128

const scheduleAllowed = `"@every DURATION" of at least 1s, "@hourly" and the like, or cron with 5 fields, or 6 with seconds first`

// ParseSchedule reads a poll schedule: "@every 10m", a five-field cron
// expression, or Keel's six fields with the seconds first.
func ParseSchedule(s string) (cron.Schedule, error) {
	schedule, err := parseSchedule(strings.TrimSpace(s))
	if err != nil {
		return nil, err
	}
	return withLeaps(schedule), nil
}

// parseSchedule reads a schedule that knows nothing of clocks that leap.
func parseSchedule(s string) (cron.Schedule, error) {
	if len(s) > maxSchedule {
		return nil, fmt.Errorf("longer than %d characters", maxSchedule)
	}
	timing, err := withoutZone(s)
	if err != nil {
		return nil, err
	}
	if every, ok := strings.CutPrefix(timing, "@every "); ok {
		d, err := parseDuration(strings.TrimSpace(every))
		if err != nil {
			return nil, errors.New("not a duration such as 10m, 1h30m or 1d")
		}
		if d < time.Second {
			return nil, errors.New("not a duration of at least 1s")
		}
		return cron.Every(d), nil
	}
	for field := range strings.FieldsSeq(timing) {
		// The parser takes an empty list for one that never matches, and then
		// looks for the next match second by second, for five years.
		if strings.Trim(field, ",") == "" {
			return nil, errors.New("an empty list")
		}
	}
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	schedule, err := parser.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("parsing schedule: %w", err)
	}
	// Any fixed moment will do: a schedule that never comes has no next time
	// after it.
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("a time that never comes")
	}
	return schedule, nil
}

// leaping is a schedule in a zone whose clock is put forward once a year. What that leaps
// over comes at the moment of the leap; the library lets it come a day or a week later.
type leaping struct{ *cron.SpecSchedule }

// withLeaps is a schedule that misses nothing where its own zone's clock leaps.
func withLeaps(schedule cron.Schedule) cron.Schedule {
	if s, ok := schedule.(*cron.SpecSchedule); ok && s.Location != time.Local {
		return leaping{s}
	}
	return schedule
}

// Next is the first moment of the schedule after another one.
func (l leaping) Next(after time.Time) time.Time {
	next := l.SpecSchedule.Next(after)
	for from := after; !next.IsZero(); {
		_, change := from.In(l.Location).ZoneBounds()
		switch {
		case change.IsZero() || !change.Before(next):
			return next
		case l.isLeaptOver(change):
			return change.In(after.Location())
		}
		from = change
	}
	return next
}

// isLeaptOver reports whether the schedule has a moment that the clock does not show, as it
// is put forward then.
func (l leaping) isLeaptOver(change time.Time) bool {
	_, before := change.Add(-1).In(l.Location).Zone()
	_, behind := change.In(l.Location).Zone()
	clock := *l.SpecSchedule
	clock.Location = time.UTC // of a clock that is not put forward
	missing := change.UTC().Add(time.Duration(before) * time.Second)
	return behind > before && clock.Next(missing.Add(-time.Second)).Before(missing.Add(time.Duration(behind-before)*time.Second))
}

// withoutZone takes off the time zone that may stand in front, as in
// "TZ=Europe/Berlin 0 5 * * *". The parser panics where nothing follows it.
func withoutZone(s string) (string, error) {
	if !strings.HasPrefix(s, "TZ=") && !strings.HasPrefix(s, "CRON_TZ=") {
		return s, nil
	}
	_, timing, ok := strings.Cut(s, " ")
	if !ok {
		return "", errors.New("a time zone and nothing else")
	}
	return strings.TrimSpace(timing), nil
}
