package registry

import (
	"context"
	"errors"
	"net/http"
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
			resp := &http.Response{Header: http.Header{}}
			resp.Header.Set("Retry-After", tt.header)
			got, said := retryAfter(resp, now)
			if got != tt.want || said != tt.said {
				t.Errorf("got %s, %t; want %s, %t", got, said, tt.want, tt.said)
			}
		})
	}
}

// go-containerregistry asked three times within four seconds of a 429.
func TestPauseIsKept(t *testing.T) {
	status, header := http.StatusTooManyRequests, "60"
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusOK {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(status)
			return
		}
		twoTags(w, r)
	}}))
	now := newClock()
	c := client(t, at(now))

	_, err := list(t, c, registry.repository("a"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != time.Minute {
		t.Errorf("RetryAfter is %s, want 1m", got)
	}
	registry.since()
	now.advance(59 * time.Second)
	_, err = list(t, c, registry.repository("b"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != time.Second {
		t.Errorf("RetryAfter is %s, want what is left: 1s", got)
	}
	if calls := registry.since(); len(calls) > 0 {
		t.Errorf("asked %q within the pause; it is the host's, not the repository's", calls)
	}

	now.advance(time.Second)
	status = http.StatusOK
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestPauseThatIsNotNamedDoubles(t *testing.T) {
	status := http.StatusTooManyRequests
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if status == http.StatusOK {
			twoTags(w, r)
			return
		}
		w.WriteHeader(status)
	}}))
	now := newClock()
	c := client(t, at(now))
	for _, step := range []struct {
		status int
		want   time.Duration
	}{
		{429, 30 * time.Second}, {429, time.Minute}, {429, 2 * time.Minute}, {503, 0}, {429, 4 * time.Minute},
		{429, 8 * time.Minute}, {429, maxUnnamedPause}, {429, maxUnnamedPause}, {200, 0}, {429, 30 * time.Second},
	} {
		status = step.status
		_, err := list(t, c, registry.repository("a"), Credential{})
		var got time.Duration
		if failed, ok := errors.AsType[*Error](err); ok {
			got = failed.RetryAfter
		}
		if got != step.want {
			t.Fatalf("status %d: RetryAfter is %s, want %s", step.status, got, step.want)
		}
		now.advance(got)
	}
}

func TestPaceOfAHostHonoursTheDeadline(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	c := client(t, func(o *Options) { o.Rate, o.Burst = 0.001, 2 })
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.Tags(ctx, registry.repository("a"), Credential{})
	wantKind(t, err, RateLimited) // at once: the turn would come in a quarter of an hour
}
