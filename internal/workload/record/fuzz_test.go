package record_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{"", "web=1.2.7", "web=1@sha256:a,volume/web=@sha256:b", " a = 1 ,,=,a=1=2", "\u0085a\u00a0=1", "a=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		results := record.ParseRecord(text)
		written := results.String()
		if len(written) > len(text) {
			t.Errorf("got %d bytes of %d", len(written), len(text))
		}
		if diff := cmp.Diff(results, record.ParseRecord(written), emptyIsNil); diff != "" {
			t.Errorf("record of %q (-want +got):\n%s", written, diff)
		}
	})
}

func FuzzParseState(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", `{"web":{"from":"a","results":[{"result":"1","from":"a","repository":"b"}]}}`,
		`{"web":{"results":[]}}`, `{"a":{"FROM":"\u0000\ud800"}}`, `{"web":[]}`, `{"":{}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		state := record.ParseState(text)
		for key, c := range state {
			if len(c.Results) > 10 {
				t.Errorf("got %d results of %q", len(c.Results), key)
			}
		}
		written := state.String()
		if len(written) > 64<<10 {
			return // gives up results
		}
		if diff := cmp.Diff(state, record.ParseState(written), emptyIsNil); diff != "" {
			t.Errorf("state of %q (-want +got):\n%s", written, diff)
		}
	})
}
