package record_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// Annotations outlive the program that wrote them: testdata/annotations.json was written
// by commit 8a00bfba273e, and never changes. A version that reads it otherwise
// forgets what runs, moves back to what was left, or takes a hold for none.
func TestAnnotationsOfAnEarlierVersionAreRead(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	text, err := os.ReadFile("testdata/annotations.json")
	if err != nil {
		t.Fatal(err)
	}
	var wrote struct{ State, Record, Holds, Bump string }
	if err := json.Unmarshal(text, &wrote); err != nil {
		t.Fatal(err)
	}
	state := record.ParseState(wrote.State)
	bump := record.ParseBump(wrote.Bump)
	for name, test := range map[string]struct{ got, want any }{
		"the state": {state, record.State{
			"web": {From: "example.com/app:1.2.0", Healthy: "1.2.6", Results: []record.Past{
				{Result: "1.2.6", From: "example.com/app:1.2.0", Repository: "example.com/app"},
				{Result: "1.2.7@" + digest, From: "example.com/app:1.2.0", Repository: "example.com/app", Stored: "mirror.example.com/app:1.2.7@" + digest},
			}},
			"init:job": {From: "busybox"},
		}},
		"the record": {record.ParseRecord(wrote.Record), record.Record{"web": {Tag: "1.2.7", Digest: digest}, "init:job": {Tag: "1.36"}, "pin": {Digest: digest}}},
		"the holds":  {record.ParseRecord(wrote.Holds), record.Record{"web": {Tag: "1.2.8"}}},
		"the bump": {bump, record.Bump{
			Targets: record.Record{"web": {Tag: "1.2.8"}}, Back: record.Record{"job": {Tag: "1.0"}}, Healthy: record.Record{"web": {Tag: "1.2.7"}},
		}},
		// What is written anew after an upgrade would differ on every workload, and the
		// version before would find its own again after a way back.
		"the state, written again":  {state.String(), wrote.State},
		"the record, written again": {record.ParseRecord(wrote.Record).String(), wrote.Record},
		"the bump, written again":   {bump.String(), wrote.Bump},
	} {
		if diff := cmp.Diff(test.want, test.got, emptyIsNil); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
