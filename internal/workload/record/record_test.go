package record_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestParseRecord(t *testing.T) {
	tests := map[string]struct {
		text string
		want record.Record
	}{
		"nothing":                             {"", nil},
		"one container":                       {"web=1.2.7", record.Record{"web": {Tag: "1.2.7"}}},
		"a digest":                            {"web=1.2.7@" + digest, record.Record{"web": {Tag: "1.2.7", Digest: digest}}},
		"a digest alone":                      {"web=@" + digest, record.Record{"web": {Digest: digest}}},
		"a volume":                            {"volume/web=1", record.Record{"volume/web": {Tag: "1"}}},
		"several, with blanks":                {" web = 1 , job=2", record.Record{"web": {Tag: "1"}, "job": {Tag: "2"}}},
		"of two for one the last":             {"web=1,web=2", record.Record{"web": {Tag: "2"}}},
		"entries that say nothing":            {",,web,=1,job=,web=1", record.Record{"web": {Tag: "1"}}},
		"a tag that is none":                  {"web=1 2,job=-1,a=1=2,b=\x1b,c=" + strings.Repeat("1", 129), record.Record{}},
		"a digest that is none":               {"web=1@,job=1@sha256,a=1@sha256:a@b,b=1@SHA256:a,c=1@sha256:a\n.", record.Record{}},
		"as long as there may be":             {"web=1," + strings.Repeat(",", 128<<10-6), record.Record{"web": {Tag: "1"}}},
		"longer than anything we write":       {"web=1," + strings.Repeat(",", 128<<10), nil},
		"no text that was ever a record":      {`{"web":"1"}`, record.Record{}},
		"the longest tag and a sha512 digest": {"web=" + strings.Repeat("1", 128) + "@sha512:" + strings.Repeat("a", 128), record.Record{"web": {Tag: strings.Repeat("1", 128), Digest: "sha512:" + strings.Repeat("a", 128)}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, record.ParseRecord(test.text)); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResultsAgree(t *testing.T) {
	tests := map[string]struct {
		a, b string
		want bool
	}{
		"the same tag":                      {"1", "1", true},
		"another tag":                       {"1", "2", false},
		"the same digest":                   {"1@sha256:a", "1@sha256:a", true},
		"another digest":                    {"1@sha256:a", "1@sha256:b", false},
		"a digest on one side":              {"1@sha256:a", "1", true},
		"another tag with the same digest":  {"1@sha256:a", "2@sha256:a", false},
		"a digest alone, and with its tag":  {"@sha256:a", "1@sha256:a", false},
		"a digest alone, and the same tool": {"@sha256:a", "@sha256:a", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, okA := record.ParseResult(test.a)
			b, okB := record.ParseResult(test.b)
			if !okA || !okB {
				t.Fatal("got no results")
			}
			if a.Agrees(b) != test.want || b.Agrees(a) != test.want {
				t.Errorf("got %v and %v, want %v", a.Agrees(b), b.Agrees(a), test.want)
			}
		})
	}
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// slotKeys returns up to n different keys, in any order.
func slotKeys(r *rand.Rand, n int) []string {
	all := make([]string, 0, n)
	for i := range n {
		all = append(all, pick(r, "web", "job", "volume/web")+fmt.Sprint(i))
	}
	r.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// The text of a record and a state must not depend on the order of a map:
// another text is another pod template, and rolls the Pods.
func TestRecordTextIsOfTheRecordAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		names := slotKeys(r, r.IntN(20))
		results, again := record.Record{}, record.Record{}
		for _, key := range names {
			results[key] = record.Result{Tag: pick(r, "1.2.3", "latest", "v1_a-b"), Digest: pick(r, "", digest)}
		}
		for i := len(names) - 1; i >= 0; i-- {
			again[names[i]] = results[names[i]]
		}
		text := results.String()
		if text != again.String() {
			t.Fatalf("got %q and %q of one record", text, again)
		}
		parsed := record.ParseRecord(text)
		if diff := cmp.Diff(results, parsed, emptyIsNil); diff != "" {
			t.Fatalf("record of %q (-want +got):\n%s", text, diff)
		}
	}
}
