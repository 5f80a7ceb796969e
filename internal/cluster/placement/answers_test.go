package placement

import (
	"errors"
	"testing"
)

func TestAnswersAreBounded(t *testing.T) {
	numbered := func(i int) key { return key{byte(i), byte(i >> 8)} }
	kept := newAnswers(10)
	kept.put(key{}, answer{err: errors.New("often used")})
	for i := 1; i <= 1000; i++ {
		kept.put(numbered(i), answer{})
		if _, ok := kept.get(key{}); !ok {
			t.Fatalf("an answer that is in use was dropped after %d others", i)
		}
		if got := len(kept.young) + len(kept.old); got > 10 {
			t.Fatalf("got %d answers, want at most 10", got)
		}
	}
	if _, ok := kept.get(numbered(1000)); !ok {
		t.Error("the last answer was dropped")
	}
	if _, ok := kept.get(numbered(900)); ok {
		t.Error("an answer that nobody used was kept")
	}
}

func TestKeysOfPlacements(t *testing.T) {
	arm := map[string]any{"nodeSelector": map[string]any{"a": "1", "b": "2"}}
	same := map[string]any{"nodeSelector": map[string]any{"b": "2", "a": "1"}}
	other := map[string]any{"nodeSelector": map[string]any{"a": "1", "b": "3"}}
	of := func(fields map[string]any) key {
		k, err := keyOf(fields)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if of(arm) != of(same) || of(arm) == of(other) || of(arm) == of(nil) {
		t.Error("keys do not stand for placements")
	}
	var unreadable *UnreadableError
	if _, err := keyOf(map[string]any{"a": func() {}}); !errors.As(err, &unreadable) {
		t.Errorf("got %v for what is no JSON, want an UnreadableError", err)
	}
}
