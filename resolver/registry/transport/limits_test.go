package transport

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := newClock().Now()
	for name, tt := range map[string]struct {
		header string
		want   time.Duration
		said   bool
	}{
		"seconds":            {"120", 2 * time.Minute, true},
		"zero is a moment":   {"0", minPause, true},
		"more than an hour":  {"1000000000", maxPause, true},
		"more than a number": {"18446744073709551615", 0, false},
		"a date":             {now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second, true},
		"a date gone by":     {now.Add(-time.Hour).Format(http.TimeFormat), minPause, true},
		"a date far away":    {now.Add(1000 * time.Hour).Format(http.TimeFormat), maxPause, true},
		"negative":           {"-5", 0, false},
		"garbage":            {"soon", 0, false},
		"absent":             {"", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			header.Set("Retry-After", tt.header)
			got, said := retryAfter(header, now)
			if got != tt.want || said != tt.said {
				t.Errorf("got %s, %t; want %s, %t", got, said, tt.want, tt.said)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	now := newClock().Now()
	moment := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for name, tt := range map[string]struct {
		remaining, limit, reset string
		want                    limits
	}{
		"nothing":                   {"", "", "", limits{}},
		"the draft":                 {"5", "100", "30", limits{remaining: 5, limit: 100, known: true, reset: 30 * time.Second}},
		"the draft, with a policy":  {"0", "100, 100;w=60", "30", limits{limit: 100, known: true, reset: 30 * time.Second}},
		"GitLab's moment":           {"0", "2000", moment(90 * time.Second), limits{limit: 2000, known: true, reset: 90 * time.Second}},
		"a moment gone by":          {"0", "2000", moment(-time.Second), limits{limit: 2000, known: true}},
		"a moment far away":         {"0", "2000", moment(100 * time.Hour), limits{limit: 2000, known: true, reset: maxPause}},
		"a moment in milliseconds":  {"0", "1", moment(0) + "000", limits{limit: 1, known: true, reset: maxPause}},
		"Docker Hub's":              {"76;w=21600", "100;w=21600", "", limits{remaining: 76, limit: 100, known: true, window: 6 * time.Hour}},
		"with blanks":               {" 76 ; w=60", "100 ;w=60", "", limits{remaining: 76, limit: 100, known: true, window: time.Minute}},
		"a window of years":         {"0;w=999999999", "", "", limits{known: true, window: maxWindow}},
		"a window that is none":     {"0;w=-1", "1;w=x", "", limits{limit: 1, known: true}},
		"a limit alone":             {"", "100", "", limits{limit: 100}},
		"negative":                  {"-1", "-100", "-30", limits{}},
		"NaN":                       {"NaN", "nan", "NaN", limits{}},
		"a fraction":                {"0.5", "1e3", "0.5", limits{}},
		"infinite":                  {"Inf", "+Inf", "Infinity", limits{}},
		"the most there is":         {strconv.FormatInt(math.MaxInt64, 10), "", "", limits{remaining: math.MaxInt64, known: true}},
		"more than a number":        {"9223372036854775808", "18446744073709551616", "", limits{}},
		"a reset of all seconds":    {"0", "", strconv.FormatInt(math.MaxInt64, 10), limits{known: true, reset: maxPause}},
		"a reset of too many hours": {"0", "", "999999999", limits{known: true, reset: maxPause}},
		"garbage":                   {"lots", ";w=1", ",", limits{}},
		"very long":                 {"1" + strings.Repeat(";w=1", 100), "", "", limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			header.Set("RateLimit-Remaining", tt.remaining)
			header.Set("RateLimit-Limit", tt.limit)
			header.Set("RateLimit-Reset", tt.reset)
			if got := limitsOf(header, now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestPulls(t *testing.T) {
	for path, want := range map[string]bool{
		"/v2/a/manifests/1":            true,
		"/v2/a/blobs/sha256:00":        true,
		"/v2/manifests/tags/list":      false,
		"/v2/blobs/manifests/b/c/list": false,
		"/v2/":                         false,
		"/token":                       false,
		"":                             false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := countsAsPull(req); got != want {
			t.Errorf("GET %s is a pull: %t, want %t", path, got, want)
		}
		req.Method = http.MethodHead
		if countsAsPull(req) {
			t.Errorf("HEAD %s is a pull", path)
		}
	}
}

func FuzzLimitHeaders(f *testing.F) {
	for _, seed := range [][4]string{
		{"120", "5", "100", "30"},
		{"Sun, 01 Mar 2026 12:01:00 GMT", "76;w=21600", "100;w=21600", "1772366490"},
		{"-1", "NaN", "1e9, 10;w=1", "18446744073709551615"},
		{"0", "0;w=0;w=9999999999999999999", ",;,;w=", "0.5"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	now := newClock().Now()
	f.Fuzz(func(t *testing.T, after, remaining, limit, reset string) {
		header := http.Header{
			"Retry-After":         {after, after},
			"Ratelimit-Remaining": {remaining, limit},
			"Ratelimit-Limit":     {limit},
			"Ratelimit-Reset":     {reset},
		}
		named, said := retryAfter(header, now)
		if said && (named < minPause || named > maxPause) || !said && named != 0 {
			t.Errorf("Retry-After %q is a pause of %s, %t", after, named, said)
		}
		got := limitsOf(header, now)
		if got.remaining < 0 || got.limit < 0 || !got.known && got.remaining != 0 {
			t.Errorf("numbers out of bounds: %+v", got)
		}
		if got.reset < 0 || got.reset > maxPause || got.window < 0 || got.window > maxWindow {
			t.Errorf("times out of bounds: %+v", got)
		}
		var p pause
		p.observe(http.StatusTooManyRequests, named, got, now, now, whole)
		if left := p.left(now); left <= 0 || left > maxPause {
			t.Errorf("a 429 made a pause of %s", left)
		}
	})
}
