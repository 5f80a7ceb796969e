package settings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/workload/settings"
)

func TestParseSchedule(t *testing.T) {
	// A Tuesday.
	now := time.Date(2025, 7, 1, 12, 34, 56, 0, time.UTC)
	tests := map[string]struct {
		text string
		want time.Time
	}{
		"an interval":                      {"@every 10m", now.Add(10 * time.Minute)},
		"an interval of many units":        {"@every 1h30m5s", now.Add(time.Hour + 30*time.Minute + 5*time.Second)},
		"the shortest interval":            {"@every 1s", now.Add(time.Second)},
		"part of a second is dropped":      {"@every 1500ms", now.Add(time.Second)},
		"an interval of days":              {"@every 1d12h", now.Add(36 * time.Hour)},
		"an interval of weeks":             {"@every 2w", now.Add(14 * 24 * time.Hour)},
		"an interval behind two blanks":    {"@every  5m ", now.Add(5 * time.Minute)},
		"a line of its own, in YAML":       {"@hourly\n", time.Date(2025, 7, 1, 13, 0, 0, 0, time.UTC)},
		"hourly":                           {"@hourly", time.Date(2025, 7, 1, 13, 0, 0, 0, time.UTC)},
		"daily":                            {"@daily", time.Date(2025, 7, 2, 0, 0, 0, 0, time.UTC)},
		"yearly":                           {"@yearly", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		"five fields":                      {"0 5 * * *", time.Date(2025, 7, 2, 5, 0, 0, 0, time.UTC)},
		"five fields with a step":          {"*/15 * * * *", time.Date(2025, 7, 1, 12, 45, 0, 0, time.UTC)},
		"five fields with names":           {"0 0 * jan MON", time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)},
		"six fields, seconds first":        {"30 0 5 * * *", time.Date(2025, 7, 2, 5, 0, 30, 0, time.UTC)},
		"every second":                     {"* * * * * *", now.Add(time.Second)},
		"a list with a hole, as Keel took": {"0,,30 * * * *", time.Date(2025, 7, 1, 13, 0, 0, 0, time.UTC)},
		"a time zone":                      {"TZ=UTC 0 5 * * *", time.Date(2025, 7, 2, 5, 0, 0, 0, time.UTC)},
		"a leap day":                       {"0 0 29 2 *", time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)},
		"blanks around and between":        {"  0  5 * * * ", time.Date(2025, 7, 2, 5, 0, 0, 0, time.UTC)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			schedule, err := settings.ParseSchedule(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := schedule.Next(now); !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":                           {"", "empty"},
		"a bare duration, as people write":  {"5m", "expected 5 to 6 fields"},
		"four fields":                       {"* * * *", "expected 5 to 6 fields"},
		"seven fields":                      {"* * * * * * *", "expected 5 to 6 fields"},
		"a minute that does not exist":      {"60 * * * *", "above maximum"},
		"a negative step":                   {"*/-1 * * * *", "negative"},
		"no step":                           {"*/0 * * * *", "positive"},
		"a range backwards":                 {"5-1 * * * *", "beyond end"},
		"words":                             {"at five in the morning", "parse int"},
		"a macro that does not exist":       {"@reboot", "descriptor: @"},
		"an interval of nothing":            {"@every", "descriptor: @"},
		"an interval that is no duration":   {"@every often", "not a duration such as"},
		"an interval below a second":        {"@every 999ms", "not a duration of at least 1s"},
		"an interval backwards":             {"@every -5m", "not a duration of at least 1s"},
		"a short interval behind a zone":    {"TZ=UTC @every 1ms", "not a duration of at least 1s"},
		"an interval beyond all time":       {"@every 99999999999h", "not a duration"},
		"the thirtieth of February":         {"0 0 30 2 *", "never comes"},
		"a hostile length":                  {strings.Repeat("1,", 100) + "1 * * * *", "longer than 128"},
		"a hostile length of one megabyte":  {strings.Repeat("@", 1<<20), "longer than 128"},
		"a zone that does not exist":        {"TZ=Nowhere/City 0 5 * * *", "bad location"},
		"a zone that leaves its directory":  {"TZ=../../etc/passwd 0 5 * * *", "bad location"},
		"a zone with nothing behind it":     {"TZ=UTC ", "a time zone and nothing else"},
		"two zones":                         {"TZ=UTC TZ=UTC 0 5 * * *", "parse int"},
		"control characters":                {"\x1b[2J * * * *", "parse int"},
		"an interval in front of something": {"@every 5m 5m", "not a duration"},
		// The parser panics on these two: without the guard one annotation
		// takes webhook and updater down.
		"a zone alone":                 {"TZ=UTC", "a time zone and nothing else"},
		"a zone alone, spelled longer": {"CRON_TZ=UTC", "a time zone and nothing else"},
		// The parser takes a comma for a list that nothing is in, and then
		// counts the seconds of five years.
		"a list of no seconds":         {", * * * * *", "an empty list"},
		"a list of no minutes":         {",, * * * *", "an empty list"},
		"a list of nothing, in a zone": {"TZ=UTC , * * * * *", "an empty list"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			schedule, err := settings.ParseSchedule(test.text)
			if err == nil {
				t.Fatalf("got %v, want an error", schedule)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want it to say %q", err, test.want)
			}
		})
	}
}
