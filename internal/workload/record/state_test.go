package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

var emptyIsNil = cmpopts.EquateEmpty()

func past(results ...string) []record.Past {
	var all []record.Past
	for _, result := range results {
		all = append(all, record.Past{Result: result, From: "a/web:1.2.0", Repository: "docker.io/a/web"})
	}
	return all
}

func TestParseState(t *testing.T) {
	full := `{"web":{"from":"a/web:1.2.0","results":[{"result":"1.2.7","from":"a/web:1.2.0","repository":"docker.io/a/web"}]}}`
	eleven, _ := json.Marshal(record.State{"web": {Results: past(strings.Split("1,2,3,4,5,6,7,8,9,10,11", ",")...)}})
	tests := map[string]struct {
		text string
		want record.State
	}{
		"nothing":                      {"", nil},
		"null":                         {"null", nil},
		"no containers":                {"{}", nil},
		"one container":                {full, record.State{"web": {From: "a/web:1.2.0", Results: past("1.2.7")}}},
		"a source alone":               {`{"web":{"from":"a/web:1.2.0"}}`, record.State{"web": {From: "a/web:1.2.0"}}},
		"fields of a coming version":   {`{"web":{"from":"a","hold":"1"}}`, record.State{"web": {From: "a"}}},
		"more results than are kept":   {string(eleven), record.State{"web": {Results: past(strings.Split("2,3,4,5,6,7,8,9,10,11", ",")...)}}},
		"no JSON":                      {"web=1", nil},
		"cut off":                      {full[:len(full)-1], nil},
		"something behind it":          {full + "x", nil},
		"a list":                       {"[]", nil},
		"a text for a container":       {`{"web":"1.2.7"}`, nil},
		"a map for results":            {`{"web":{"results":{}}}`, nil},
		"a number for a source":        {`{"job":{"from":"a"},"web":{"from":1}}`, nil},
		"nested very deeply":           {strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), nil},
		"longer than annotations are":  {`{"web":{"from":"` + strings.Repeat("a", 256<<10) + `"}}`, nil},
		"null for a container":         {`{"web":null}`, record.State{"web": {}}},
		"of two for one the last":      {`{"web":{"from":"a"},"web":{"from":"b"}}`, record.State{"web": {From: "b"}}},
		"control characters, no UTF-8": {"{\"web\":{\"from\":\"\\u0000\xff\"}}", record.State{"web": {From: "\x00\ufffd"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, record.ParseState(test.text)); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStateOfAnObject(t *testing.T) {
	o := workloadtest.Deployment(t, keys{"garboard.dev/state": `{"web":{"from":"a"}}`}, nil)
	if diff := cmp.Diff(record.State{"web": {From: "a"}}, record.StateOf(o)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if got := record.StateOf(workloadtest.Deployment(t, keys{"garboard.dev/state": 1}, keys{"garboard.dev/state": `{"web":{"from":"a"}}`})); got != nil {
		t.Errorf("got %v, want nothing of a label or a number", got)
	}
}

func TestHistory(t *testing.T) {
	answer := func(result, from string) record.Past {
		return record.Past{Result: result, From: from, Repository: "docker.io/a/web"}
	}
	tests := map[string]struct {
		before record.ContainerState
		answer record.Past
		want   record.ContainerState
	}{
		"the first answer": {
			record.ContainerState{}, answer("1.2.7", "a/web:1.2.0"),
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0")}},
		},
		"another answer": {
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0")}}, answer("1.2.8", "a/web:1.2.0"),
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0"), answer("1.2.8", "a/web:1.2.0")}},
		},
		"the same answer": {
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0")}}, answer("1.2.7", "a/web:1.2.0"),
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0")}},
		},
		"the same answer to another source": {
			record.ContainerState{From: "a/web:1.2.0", Results: []record.Past{answer("1.2.7", "a/web:1.2.0")}}, answer("1.2.7", "a/web:1.2.5"),
			record.ContainerState{From: "a/web:1.2.5", Results: []record.Past{answer("1.2.7", "a/web:1.2.0"), answer("1.2.7", "a/web:1.2.5")}},
		},
		"the tenth answer falls off": {
			record.ContainerState{Results: past(strings.Split("0,1,2,3,4,5,6,7,8,9", ",")...)}, past("10")[0],
			record.ContainerState{From: "a/web:1.2.0", Results: past(strings.Split("1,2,3,4,5,6,7,8,9,10", ",")...)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			was, _ := json.Marshal(test.before)
			got := test.before.With(test.answer.From, test.answer, "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if !got.Equal(test.want) || got.Equal(test.before) != cmp.Equal(got, test.before) {
				t.Error("Equal disagrees with the difference")
			}
			if last, ok := got.Last(); !ok || last.Result != test.answer.Result {
				t.Errorf("got the last result %v", last)
			}
			if now, _ := json.Marshal(test.before); !bytes.Equal(now, was) {
				t.Errorf("the state before became %s, was %s", now, was)
			}
		})
	}
	if last, ok := (record.ContainerState{}).Last(); ok {
		t.Errorf("got the last result %v of none", last)
	}
}

func randomState(r *rand.Rand, containers int) (record.State, []string) {
	state, names := record.State{}, slotKeys(r, containers)
	for _, key := range names {
		c := record.ContainerState{From: "a/web:1"}
		for range r.IntN(12) {
			c = c.With(pick(r, "a/web:1", "b/web:2@"+digest), record.Past{
				Result: fmt.Sprint(r.IntN(5)), From: pick(r, "a/web:1", "b/web:2@"+digest, "\u2028<&>\n\"é"),
				Repository: pick(r, "docker.io/a/web", "example.com:5000/b/web"),
				Stored:     pick(r, "", "mirror.example.com/a/web:1", "a/web@"+digest),
			}, pick(r, "", "mirror.example.com/a/web:2"))
		}
		state[key] = c
	}
	return state, names
}

func TestStateTextIsOfTheStateAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		state, names := randomState(r, r.IntN(12))
		again := record.State{}
		for i := len(names) - 1; i >= 0; i-- {
			again[names[i]] = state[names[i]]
		}
		text := state.String()
		if text != again.String() {
			t.Fatalf("got %q and %q of one state", text, again)
		}
		if diff := cmp.Diff(state, record.ParseState(text), emptyIsNil); diff != "" {
			t.Fatalf("state of %q (-want +got):\n%s", text, diff)
		}
	}
}

// An object whose annotations are too large is refused by the API server, and
// it would be our own state that made them so.
func TestAStateThatGrowsTooLargeGivesUpItsOldestResults(t *testing.T) {
	state := record.State{}
	for i := range 120 {
		state[fmt.Sprint("container", i)] = record.ContainerState{
			From: "a/web:1.2.0", Results: past(strings.Split("0,1,2,3,4,5,6,7,8,9", ",")...),
		}
	}
	text := state.String()
	if len(text) > 64<<10 {
		t.Fatalf("got %d bytes, want at most 64 KiB", len(text))
	}
	parsed := record.ParseState(text)
	for key, c := range state {
		kept := parsed[key].Results
		if parsed[key].From != c.From || len(kept) == 0 || !cmp.Equal(kept, c.Results[len(c.Results)-len(kept):]) {
			t.Fatalf("got %v of %s, want its newest results", parsed[key], key)
		}
	}
	if again := parsed.String(); again != text {
		t.Error("the text changes when it is read and written again")
	}
}

// What another webhook has stored in the place of a result is told apart from it, and
// a digest in the place of a tag has that tag.
func TestStoredInPlaceOfAResult(t *testing.T) {
	const other = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for name, test := range map[string]struct {
		result, stored string
		repository     string
		is             record.Result
		bad            bool
		tag            string // of the digest
	}{
		"nothing else":                  {result: "1.2.7", repository: "docker.io/a/web", is: record.Result{Tag: "1.2.7"}, tag: "1.2.7"},
		"nothing else, with its digest": {result: "1.2.7@" + digest, repository: "docker.io/a/web", is: record.Result{Tag: "1.2.7", Digest: digest}, tag: "1.2.7"},
		"another digest was answered":   {result: "1.2.7@" + other, repository: "docker.io/a/web", is: record.Result{Tag: "1.2.7", Digest: other}},
		"a person's digest":             {result: "@" + digest, repository: "docker.io/a/web", is: record.Result{Digest: digest}},
		"a mirror":                      {result: "1.2.7", stored: "example.com:5000/a/web:1.2.7", repository: "example.com:5000/a/web", is: record.Result{Tag: "1.2.7"}, tag: "1.2.7"},
		"a mirror and a digest": {
			result: "1.2.7", stored: "example.com:5000/a/web:1.2.7@" + digest, repository: "example.com:5000/a/web", is: record.Result{Tag: "1.2.7", Digest: digest}, tag: "1.2.7",
		},
		"a digest":                {result: "1.2.7", stored: "docker.io/a/web@" + digest, repository: "docker.io/a/web", is: record.Result{Digest: digest}, tag: "1.2.7"},
		"another digest":          {result: "1.2.7", stored: "docker.io/a/web@" + other, repository: "docker.io/a/web", is: record.Result{Digest: other}},
		"no tag":                  {result: "1.2.7", stored: "example.com:5000/a/web", repository: "example.com:5000/a/web", bad: true},
		"a bad tag":               {result: "1.2.7", stored: "example.com/a/web:-", repository: "example.com/a/web", is: record.Result{}, bad: true},
		"a bad digest":            {result: "1.2.7", stored: "example.com/a/web@x", repository: "example.com/a/web", is: record.Result{}, bad: true},
		"no repository":           {result: "1.2.7", stored: ":1.2.7", is: record.Result{Tag: "1.2.7"}, bad: true},
		"a result that is no tag": {result: "", stored: "docker.io/a/web@" + digest, repository: "docker.io/a/web", is: record.Result{Digest: digest}},
	} {
		t.Run(name, func(t *testing.T) {
			p := record.Past{Result: test.result, From: "a/web:1.2.0", Repository: "docker.io/a/web", Stored: test.stored}
			repository, is, ok := p.StoredAs()
			if repository != test.repository || is != test.is || ok == test.bad {
				t.Errorf("got %q, %v, %t", repository, is, ok)
			}
			if test.stored != "" && ok && record.Written(repository, is) != test.stored {
				t.Errorf("written again it is %q", record.Written(repository, is))
			}
			state := record.ContainerState{From: p.From, Results: []record.Past{p}}
			if got := state.TagOf(digest); got != test.tag {
				t.Errorf("the digest has the tag %q, want %q", got, test.tag)
			}
		})
	}
}

// The same answer to the same source is the last one still, whatever was stored.
func TestSameAnswerKeepsWhatWasStored(t *testing.T) {
	answer := past("1.2.7")[0]
	state := record.ContainerState{}.With(answer.From, answer, "").AsStored("example.com/a/web:1.2.7")
	again := state.With(answer.From, answer, "")
	if !again.Equal(state) || len(again.Results) != 1 {
		t.Errorf("got %v, want %v", again, state)
	}
	answer.Stored = "other.example.com/a/web:1.2.7"
	if next := state.With(answer.From, answer, ""); len(next.Results) != 1 || next.Results[0] != answer || state.Results[0] == answer {
		t.Errorf("got %v of %v", next, state)
	}
	answer = past("1.2.8")[0]
	if next := state.With(answer.From, answer, ""); len(next.Results) != 2 || next.Results[1] != answer {
		t.Errorf("got %v", next)
	}
}

// An undo may bring back a template whose answer the history has forgotten: by which
// name that was stored is remembered longer.
func TestMirrorsAreRememberedLongerThanResults(t *testing.T) {
	var state record.ContainerState
	answer := func(n int, stored, found string) {
		p := record.Past{Result: fmt.Sprintf("1.2.%d", n), From: "a/web:1.2.0", Repository: "docker.io/a/web", Stored: stored}
		state = state.With(p.From, p, found)
	}
	answer(0, "mirror.example.com/a/web:1.2.0", "")
	answer(1, "", "")
	answer(2, "", "other.example.com/a/web:1.2.1") // what the request found in place of 1.2.1
	answer(3, "docker.io/a/web@"+digest, "")       // no mirror
	for n := range 12 {
		answer(4+n, "", "")
	}
	want := []record.Mirror{
		{Repository: "docker.io/a/web", Stored: "mirror.example.com/a/web"}, {Repository: "docker.io/a/web", Stored: "other.example.com/a/web"},
	}
	if len(state.Results) != 10 || !slices.Equal(state.Mirrors, want) {
		t.Errorf("of %d results it remembers the mirrors %v", len(state.Results), state.Mirrors)
	}
	for n := range 30 { // anybody may write a state
		answer(20+n, fmt.Sprintf("m%d.example.com/a/web:1.2.%d", n, 20+n), "")
	}
	if len(state.Mirrors) != 4 || state.Mirrors[3].Stored != "m19.example.com/a/web" {
		t.Errorf("it remembers the mirrors %v", state.Mirrors)
	}
	read := record.ParseState(record.State{"web": state}.String())["web"]
	if !read.Equal(state) {
		t.Errorf("%v is read as %v", state, read)
	}
}
