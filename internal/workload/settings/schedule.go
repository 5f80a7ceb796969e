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
	if len(s) > maxSchedule {
		return nil, fmt.Errorf("longer than %d characters", maxSchedule)
	}
	timing, err := withoutZone(s)
	if err != nil {
		return nil, err
	}
	if every, ok := strings.CutPrefix(timing, "@every "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Second {
			return nil, errors.New("not a duration of at least 1s")
		}
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
