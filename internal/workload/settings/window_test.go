package settings

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWindows(t *testing.T) {
	const nightly = "0 22 * * 1-5 for 4h in Europe/Berlin"
	for name, test := range map[string]struct {
		window, at string
		open       bool
		until      string
	}{
		"opens at its first moment":              {nightly, "2026-11-24T22:00:00+01:00", true, "2026-11-25T02:00:00+01:00"},
		"is open past midnight":                  {nightly, "2026-11-25T01:59:59+01:00", true, "2026-11-25T02:00:00+01:00"},
		"is closed at the end of its time":       {nightly, "2026-11-25T02:00:00+01:00", false, "2026-11-25T22:00:00+01:00"},
		"is closed a second before":              {nightly, "2026-11-24T21:59:59+01:00", false, "2026-11-24T22:00:00+01:00"},
		"stays closed over the weekend":          {nightly, "2026-11-28T23:00:00+01:00", false, "2026-11-30T22:00:00+01:00"},
		"follows the summer time of its zone":    {nightly, "2026-07-01T22:00:00+02:00", true, "2026-07-02T02:00:00+02:00"},
		"opens when the clock leaps over it":     {"30 2 * * * for 1h in Europe/Berlin", "2026-03-29T03:10:00+02:00", true, "2026-03-29T04:00:00+02:00"},
		"once a week, and leapt over":            {"30 2 * * 0 for 2h in Europe/Berlin", "2026-03-29T01:59:00+01:00", false, "2026-03-29T03:00:00+02:00"},
		"as ever on the day after":               {"30 2 * * * for 1h in Europe/Berlin", "2026-03-29T05:00:00+02:00", false, "2026-03-30T02:30:00+02:00"},
		"at a midnight that is leapt over":       {"0 0 * * 5 for 3h in Africa/Cairo", "2026-04-24T01:30:00+03:00", true, "2026-04-24T04:00:00+03:00"},
		"over the leap, as long as ever":         {nightly, "2026-03-29T22:00:00+02:00", false, "2026-03-30T22:00:00+02:00"},
		"its length is of time, not of clocks":   {"0 0 * * * for 6h in Europe/Berlin", "2026-03-29T06:30:00+02:00", true, "2026-03-29T07:00:00+02:00"},
		"twice where the hour comes twice":       {"30 2 * * * for 30m in Europe/Berlin", "2026-10-25T02:40:00+01:00", true, "2026-10-25T03:00:00+01:00"},
		"a leap where nothing opens":             {"30 4 * * * for 30m in Europe/Berlin", "2026-03-29T03:10:00+02:00", false, "2026-03-29T04:30:00+02:00"},
		"is in UTC where no zone is named":       {"0 3 * * * for 30m", "2026-11-24T03:10:00Z", true, "2026-11-24T03:30:00Z"},
		"of several, the next that opens counts": {"0 3 * * * for 1h; 0 12 * * * for 1h", "2026-11-24T05:00:00Z", false, "2026-11-24T12:00:00Z"},
		"of several, one that is open counts":    {"0 3 * * * for 1h; 30 3 * * * for 2h", "2026-11-24T03:40:00Z", true, "2026-11-24T05:30:00Z"},
		"of two that overlap, the last end":      {"0 3 * * * for 2h; 0 4 * * * for 3h", "2026-11-24T03:10:00Z", true, "2026-11-24T07:00:00Z"},
		"of three that overlap one another":      {"0 5 * * * for 2h; 0 3 * * * for 90m; 0 4 * * * for 90m", "2026-11-24T03:10:00Z", true, "2026-11-24T07:00:00Z"},
		"one within another changes nothing":     {"0 3 * * * for 4h; 0 4 * * * for 1h", "2026-11-24T03:10:00Z", true, "2026-11-24T07:00:00Z"},
		"one that opens with the other's end":    {"0 3 * * * for 1h; 0 4 * * * for 1h", "2026-11-24T03:10:00Z", true, "2026-11-24T04:00:00Z"},
		"openings of one that overlap":           {"0 3,4,5 * * * for 90m", "2026-11-24T03:10:00Z", true, "2026-11-24T06:30:00Z"},
		"openings each minute that overlap":      {"* 3 * * * for 2m", "2026-11-24T03:00:30Z", true, "2026-11-24T04:01:00Z"},
		"openings each second that overlap":      {"* 0 3 * * * for 1h", "2026-11-24T03:00:30Z", true, "2026-11-24T04:00:59Z"},
		"over days":                              {"0 0 * * 1-5 for 2d", "2026-11-23T05:00:00Z", true, "2026-11-29T00:00:00Z"},
		"never closes where each day is longer":  {"@daily for 2d", "2026-11-24T05:00:00Z", true, ""},
		"may be as long as its interval":         {"@daily for 1d", "2026-11-24T05:00:00Z", true, "2026-11-25T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			window, err := ParseWindow(test.window)
			if err != nil {
				t.Fatal(err)
			}
			open, until := window.Open(moment(t, test.at))
			want := time.Time{}
			if test.until != "" {
				want = moment(t, test.until)
			}
			if open != test.open || !until.Equal(want) {
				t.Errorf("open %t until %s", open, until)
			}
		})
	}
	if open, until := (*Window)(nil).Open(time.Now()); !open || !until.IsZero() {
		t.Errorf("no window: open %t until %s", open, until)
	}
}

func TestGateSettings(t *testing.T) {
	for setting, values := range map[string]struct{ good, bad []string }{
		keyWindow: {
			[]string{"0 22 * * 1-5 for 4h", "0 0 22 * * * for 90m in America/New_York", "@daily for 7d", "0 1 * * * for 1h;0 5 * * * for 1h"},
			[]string{"", ";", "0 22 * * 1-5", "0 22 * * 1-5 for 4", "0 22 * * 1-5 for 30s", "0 22 * * 1-5 for 8d", "@every 1h for 4h", "0 22 * * 1-5 for 4h in Berlin", "0 22 * * 1-5 for 4h in Local", "TZ=UTC 0 22 * * * for 4h", "0 22 31 2 * for 4h", "for 4h", "0 22 * * 1-5 for 4h in ../../etc/passwd"},
		},
		keyMinAge:        {[]string{"72h", "3d", "0s", "366d", "1w", "1d12h", "2w3d4h"}, []string{"", "-1h", "367d", "53w", "3 days", "3", "1.5d", "1d-5h", "1d5", "d", "1h1d", "1d1w", "99999999999999d", "4095w4095d2562047h"}},
		keyCanary:        {[]string{"shop", "shop first for 30m", "shop.web first for 2d"}, []string{"", "Shop", "shop first", "shop last for 30m", "shop first for ever", "shop first for -1m", "-shop"}},
		keyHealthTimeout: {[]string{"10m", "10s", "1d"}, []string{"", "9s", "25h", "soon"}},
		keyRollback:      {[]string{"auto", "off"}, []string{"", "true", "Auto"}},
		keyNotify:        {[]string{"team-a", "#ops, team-a"}, []string{"", "a,,b", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}},
	} {
		for _, value := range values.good {
			if detail := entryFault(entry{name: setting, key: workload.Prefix + setting, value: value}); detail != "" {
				t.Errorf("%s: %q: %s", setting, value, detail)
			}
		}
		for _, value := range values.bad {
			if detail := entryFault(entry{name: setting, key: workload.Prefix + setting, value: value}); detail == "" {
				t.Errorf("%s: %q passes", setting, value)
			}
		}
	}
}
