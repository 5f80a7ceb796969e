package transport

import (
	"testing"
	"time"
)

// opened is a circuit after a failure.
func opened(now time.Time, jitter func() float64) *circuit {
	c := new(circuit)
	failing := c.begin(now)
	c.end(failing)
	c.fail(failing, now, true, jitter)
	return c
}

// Who leaves a probe tells nothing; the next one finds out.
func TestProbeThatIsLeftMakesRoomForAnother(t *testing.T) {
	now := newClock().Now()
	c := opened(now, whole)
	now = now.Add(firstOpen)
	probe := c.begin(now)
	if got := c.refuses(now); got != probeWait {
		t.Errorf("refuses for %s while a probe is out", got)
	}
	c.end(probe)
	if got := c.refuses(now); got != 0 {
		t.Errorf("refuses for %s with no probe out", got)
	}
}

func TestRequestsThatFailTogetherAreOneFailure(t *testing.T) {
	var c circuit
	now := newClock().Now()
	all := []ticket{c.begin(now), c.begin(now), c.begin(now), c.begin(now)}
	for i, each := range all {
		c.end(each)
		if opened := c.fail(each, now, true, whole); opened != (i == 0) {
			t.Errorf("failure %d: opened is %t", i, opened)
		}
	}
	if got := c.refuses(now); got != firstOpen {
		t.Errorf("open for %s, want %s", got, firstOpen)
	}
	now = now.Add(firstOpen)
	c.fail(all[0], now, true, whole)
	if got := c.refuses(now); got != 0 {
		t.Errorf("open for %s again, by a request from before", got)
	}
}

func TestCircuitOpensForAboutItsTime(t *testing.T) {
	now := newClock().Now()
	c := opened(now, func() float64 { return 0 })
	if got := c.refuses(now); got != 4*time.Second {
		t.Errorf("open for %s at the least, want 4s", got)
	}
}
