package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// oracle is a cloud in memory. In a synctest bubble time is its own, so what
// takes hours takes none, and every goroutine has its say before it passes.
type oracle struct {
	life  time.Duration
	takes time.Duration
	fails error
	asked atomic.Int64
}

func (o *oracle) ask(ctx context.Context) (grant[string], error) {
	n := o.asked.Add(1)
	if err := pass(ctx, o.takes); err != nil {
		return grant[string]{}, err
	}
	if o.fails != nil {
		return grant[string]{}, o.fails
	}
	return grant[string]{value: fmt.Sprintf("token %d", n), expires: time.Now().Add(o.life)}, nil
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *oracle) cell() *cell[string] {
	return newCell(pace{now: time.Now, timeout: 10 * time.Second, patience: 2 * time.Second}, o.ask)
}

func (o *oracle) wantAsked(t *testing.T, want int64, when string) {
	t.Helper()
	synctest.Wait()
	if got := o.asked.Load(); got != want {
		t.Errorf("%s: the cloud was asked %d times, want %d", when, got, want)
	}
}

func wantToken(t *testing.T, c *cell[string], want string) {
	t.Helper()
	if got, err := c.get(t.Context()); got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestCellAsksOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: time.Hour, takes: time.Second}
		c := cloud.cell()

		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { wantToken(t, c, "token 1") })
		}
		all.Wait()

		cloud.wantAsked(t, 1, "a thousand callers")
	})
}

func TestCellRenewsAheadBesideTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: time.Hour, takes: time.Second}
		c := cloud.cell()
		wantToken(t, c, "token 1")

		_ = pass(t.Context(), 47*time.Minute)
		wantToken(t, c, "token 1")
		cloud.wantAsked(t, 1, "before 80 % of the life")

		_ = pass(t.Context(), 2*time.Minute)
		began := time.Now()
		for range 1000 {
			wantToken(t, c, "token 1")
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("callers waited %v for a renewal, want 0", waited)
		}
		cloud.wantAsked(t, 2, "after 80 % of the life")

		_ = pass(t.Context(), 2*time.Second)
		wantToken(t, c, "token 2")
		cloud.wantAsked(t, 2, "after the renewal")
	})
}

func TestCellGivesNoTokenThatEndsTooSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: time.Hour}
		c := cloud.cell()
		wantToken(t, c, "token 1")
		cloud.fails = errors.New("away")

		_ = pass(t.Context(), 59*time.Minute-time.Second)
		wantToken(t, c, "token 1") // A failed renewal is no one's matter while the token holds.
		_ = pass(t.Context(), time.Second)
		if got, err := c.get(t.Context()); !errors.Is(err, cloud.fails) || got != "" {
			t.Errorf("a minute before the end: got %q, %v; want the failure", got, err)
		}
	})
}

func TestCellBacksOffAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: time.Hour, fails: errors.New("no identity here")}
		c := cloud.cell()
		pauses := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute}
		for i, pause := range pauses {
			for range 100 {
				if _, err := c.get(t.Context()); !errors.Is(err, cloud.fails) {
					t.Fatalf("got %v, want the failure", err)
				}
			}
			cloud.wantAsked(t, int64(i+1), "within the pause")
			_ = pass(t.Context(), pause-time.Second)
			_, _ = c.get(t.Context())
			cloud.wantAsked(t, int64(i+1), "a second before the pause ends")
			_ = pass(t.Context(), time.Second)
		}

		cloud.fails = nil
		wantToken(t, c, "token 8")
		cloud.fails = errors.New("away again")
		_ = pass(t.Context(), time.Hour)
		_, _ = c.get(t.Context())
		_ = pass(t.Context(), 30*time.Second)
		_, _ = c.get(t.Context())
		cloud.wantAsked(t, 10, "a failure after a success counts as the first")
	})
}

func TestCellHoldsNobodyForACloudThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{takes: time.Hour}
		c := cloud.cell()

		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		wantFailure(t, short, c, 300*time.Millisecond, "until the caller's own deadline")
		wantFailure(t, t.Context(), c, 1700*time.Millisecond, "until the patience ends, which began with the question")
		wantFailure(t, t.Context(), c, 0, "no time, once the patience has ended")
		cloud.wantAsked(t, 1, "while the question is open")

		_ = pass(t.Context(), 8*time.Second+time.Millisecond)
		wantFailure(t, t.Context(), c, 0, "no time, once the question has failed")
		cloud.wantAsked(t, 1, "within the pause after it")
	})
}

func TestCellOutlivesItsFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: time.Hour, takes: time.Second}
		c := cloud.cell()

		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = c.get(ctx) }()
		synctest.Wait()
		cancel()

		wantToken(t, c, "token 1")
		cloud.wantAsked(t, 1, "after the first caller left")
	})
}

func TestCellTakesATokenThatIsOverForAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &oracle{life: 0}
		c := cloud.cell()
		for range 10 {
			if got, err := c.get(t.Context()); !errors.Is(err, errExpired) || got != "" {
				t.Errorf("got %q, %v; want %v", got, err, errExpired)
			}
		}
		cloud.wantAsked(t, 1, "a token that has ended when it comes")
	})
}

func wantFailure(t *testing.T, ctx context.Context, c *cell[string], wait time.Duration, why string) {
	t.Helper()
	began := time.Now()
	if got, err := c.get(ctx); !errors.Is(err, context.DeadlineExceeded) || got != "" {
		t.Errorf("%s: got %q, %v; want a deadline", why, got, err)
	}
	if waited := time.Since(began); waited != wait {
		t.Errorf("waited %v, want %v: %s", waited, wait, why)
	}
}
