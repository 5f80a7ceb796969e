package registries

import (
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// clock is one that a test sets, so that none waits for an interval to pass.
type clock = clocktesting.FakeClock

// newClock starts at the real time, by which registries date their tokens.
func newClock() *clock { return clocktesting.NewFakeClock(time.Now()) }
