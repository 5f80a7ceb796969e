package record_test

import (
	"encoding/json"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// The state is written without reflection, and reads as what encoding/json would write:
// other versions of Garboard read it.
func TestStateIsWrittenAsJSONOfItsFields(t *testing.T) {
	past := record.Past{Result: "1.2.7@sha256:00", From: "r.example.com/app:1.2.0", Repository: "r.example.com/app"}
	mirrored := past
	mirrored.Stored = "m.example.com/app:1.2.7"
	for name, state := range map[string]record.State{
		"a source alone": {"web": {From: "app:1"}},
		"results":        {"web": {From: "app:1", Results: []record.Past{past, mirrored}}, "job": {From: "job:1", Results: []record.Past{past}}},
		"all fields": {"volume/v": {
			From: "app:1", Results: []record.Past{mirrored}, Healthy: "1.2.0",
			Mirrors: []record.Mirror{{Repository: "a", Stored: "b"}, {Repository: "c", Stored: "d"}},
		}},
		"texts with escapes": {"a\"b\\": {From: "<\u00e4\n>&", Healthy: "\u2028"}, "": {}},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(state)
			if err != nil {
				t.Fatal(err)
			}
			if got := state.String(); got != string(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
