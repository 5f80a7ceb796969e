package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/garboard-dev/garboard/internal/printable"
)

const windowAllowed = `"CRON for DURATION in ZONE", such as "0 22 * * 1-5 for 4h in Europe/Berlin", several of them divided by ";"; the zone is UTC where none is named`

// Bounds on windows.
const (
	maxWindow   = 512 // bytes
	maxWindows  = 8
	leastWindow = time.Minute
	mostWindow  = 7 * 24 * time.Hour
)

// Window is when a workload may be moved. Nil is always.
type Window struct {
	text  string
	spans []span
}

// span opens at the moments of a schedule.
type span struct {
	opens  cron.Schedule
	length time.Duration
}

// ParseWindow reads windows: "CRON for DURATION in ZONE", divided by ";".
func ParseWindow(text string) (*Window, error) {
	if len(text) > maxWindow {
		return nil, fmt.Errorf("longer than %d characters", maxWindow)
	}
	w := &Window{text: text}
	for part := range strings.SplitSeq(text, ";") {
		if len(w.spans) == maxWindows {
			return nil, fmt.Errorf("more than %d windows", maxWindows)
		}
		s, err := parseSpan(strings.Fields(part))
		if err != nil {
			return nil, err
		}
		w.spans = append(w.spans, s)
	}
	return w, nil
}

func parseSpan(words []string) (span, error) {
	if len(words) == 0 {
		return span{}, errors.New("an empty one")
	}
	zone := "UTC"
	if n := len(words); n > 2 && words[n-2] == "in" {
		zone, words = words[n-1], words[:n-2]
	}
	n := len(words)
	if n < 3 || words[n-2] != "for" {
		return span{}, errors.New("without a duration")
	}
	length, err := parseDuration(words[n-1])
	if err != nil || length < leastWindow || length > mostWindow {
		return span{}, fmt.Errorf("%q is no duration of %s to %s", printable.Escape(words[n-1], maxShownValue), shortDuration(leastWindow), shortDuration(mostWindow))
	}
	opens := words[:n-2]
	if strings.HasPrefix(opens[0], "@every") {
		return span{}, errors.New("@every opens at no known moment")
	}
	if strings.Contains(opens[0], "TZ=") {
		return span{}, errors.New("the zone stands at the end")
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return span{}, fmt.Errorf("%q is no IANA time zone", printable.Escape(zone, maxShownValue))
	}
	schedule, err := parseSchedule(strings.Join(opens, " "))
	if err != nil {
		return span{}, err
	}
	if of, ok := schedule.(*cron.SpecSchedule); ok {
		of.Location = location
	}
	return span{withLeaps(schedule), length}, nil
}

// String is the window as it was written; empty for always.
func (w *Window) String() string {
	if w == nil {
		return ""
	}
	return w.text
}

// Open reports whether the window is open at a moment, and when that changes:
// the first moment of its end or of the next opening. The zero time is never, or not
// within the many openings of one another's time that are looked at.
func (w *Window) Open(at time.Time) (open bool, until time.Time) {
	if w == nil {
		return true, time.Time{}
	}
	for _, s := range w.spans {
		// The schedule's moments are later than the one that is asked from.
		if began := s.opens.Next(at.Add(-s.length)); !began.IsZero() && !began.After(at) {
			if end := began.Add(s.length); !open || end.After(until) {
				open, until = true, end
			}
			continue
		}
		if next := s.opens.Next(at); !open && !next.IsZero() && (until.IsZero() || next.Before(until)) {
			until = next
		}
	}
	if open {
		until = w.end(until)
	}
	return open, until
}

// maxOverlaps bounds the openings that are looked at for where a window ends.
const maxOverlaps = 64

// end is when a window closes that is open until then at least: what opens before that
// moment may keep it open.
func (w *Window) end(until time.Time) time.Time {
	for range maxOverlaps {
		later := until
		for _, s := range w.spans {
			if end := s.openedBefore(until).Add(s.length); end.After(later) {
				later = end
			}
		}
		if later.Equal(until) {
			return until
		}
		until = later
	}
	return time.Time{}
}

// openedBefore is a late opening that is before a moment, and open at it; the zero time
// where there is none.
func (s span) openedBefore(moment time.Time) time.Time {
	for _, back := range []time.Duration{2 * time.Second, 2 * time.Minute, 2 * time.Hour, s.length} {
		if began := s.opens.Next(moment.Add(-min(back, s.length))); !began.IsZero() && began.Before(moment) {
			return began
		}
	}
	return time.Time{}
}
