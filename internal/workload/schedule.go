package workload

import (
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
	if every, ok := strings.CutPrefix(s, "@every "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Second {
			return nil, fmt.Errorf("not a duration of at least 1s")
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
		return nil, fmt.Errorf("a time that never comes")
	}
	return schedule, nil
}
