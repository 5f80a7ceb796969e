package transport

import (
	"net/http"
	"testing"
	"time"
)

// Four requests under way would make a pause of four minutes.
func TestRequestsThatAreLimitedTogetherDoubleNothing(t *testing.T) {
	var p pause
	now := newClock().Now()
	for range 4 {
		p.observe(http.StatusTooManyRequests, 0, limits{}, now, now, whole)
	}
	if got := p.left(now); got != firstPause {
		t.Errorf("pause of %s, want %s", got, firstPause)
	}
}

func TestPauseIsNotMadeShorter(t *testing.T) {
	var p pause
	now := newClock().Now()
	p.observe(http.StatusTooManyRequests, time.Minute, limits{}, now, now, whole)
	p.observe(http.StatusTooManyRequests, time.Second, limits{}, now, now, whole)
	if got := p.left(now); got != time.Minute {
		t.Errorf("%s are left, want 1m", got)
	}
}
