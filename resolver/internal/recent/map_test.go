package recent

import (
	"testing"
	"time"
)

func TestMap(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := New[string, *int](2, time.Hour, func() time.Time { return now })
	made := 0
	get := func(key string) *int {
		return m.Get(key, func() *int {
			made++
			return new(int)
		})
	}

	a := get("a")
	if get("a") != a || made != 1 {
		t.Errorf("made %d values for one key", made)
	}
	get("b")
	get("a") // b is now the longest unused
	get("c")
	if m.Len() != 2 || get("a") != a {
		t.Error("what was used lately was dropped")
	}
	if get("b"); made != 4 {
		t.Errorf("made %d values, want a fourth for b, which was dropped", made)
	}

	now = now.Add(time.Hour - time.Nanosecond)
	get("b")
	if m.Len() != 2 {
		t.Errorf("%d entries just before the idle time, want 2", m.Len())
	}
	now = now.Add(time.Nanosecond)
	get("b")
	if m.Len() != 1 {
		t.Errorf("%d entries after the idle time, want the used one", m.Len())
	}
}

func TestPeekIsNoUse(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := New[string, int](2, time.Hour, func() time.Time { return now })
	if _, ok := m.Peek("a"); ok || m.Len() != 0 {
		t.Error("there is what was not put in")
	}
	m.Get("a", func() int { return 1 })
	m.Get("b", func() int { return 2 })
	if got, ok := m.Peek("a"); got != 1 || !ok {
		t.Errorf("got %d, %v", got, ok)
	}
	m.Get("c", func() int { return 3 })
	if _, ok := m.Peek("a"); ok {
		t.Error("a peek kept what was used longest ago")
	}
	now = now.Add(time.Hour)
	if _, ok := m.Peek("c"); ok {
		t.Error("there is what was not used for an hour")
	}
}
