package workload

import (
	"encoding/json"
	"slices"
)

// maxHistory is how many results the state keeps of a container.
const maxHistory = 10

// maxState bounds what is read of a state: annotations are hostile input, and
// all annotations of an object together may have 256 KiB.
const maxState = 256 << 10

// Past is one result of a container's history.
type Past struct {
	// Result is the tag, with the digest where the resolution has one.
	Result string `json:"result"`
	// From is the source that the result answers.
	From string `json:"from"`
	// Repository is the one that the result's tag is of.
	Repository string `json:"repository"`
}

// ContainerState is what admission remembers of one container.
type ContainerState struct {
	// From is the source: the whole reference that the manifest names, as
	// last submitted.
	From string `json:"from"`
	// Results are the last results, oldest first.
	Results []Past `json:"results,omitempty"`
}

// State maps slot keys to what is remembered of them. It holds no time, so
// that the same answers give the same text.
type State map[string]ContainerState

// ParseState reads a state's annotation. What cannot be read counts as no
// state: it is anybody's to write.
func ParseState(s string) State {
	if s == "" || len(s) > maxState {
		return nil
	}
	var state State
	if err := json.Unmarshal([]byte(s), &state); err != nil {
		return nil
	}
	for key, c := range state {
		if len(c.Results) > maxHistory {
			c.Results = c.Results[len(c.Results)-maxHistory:]
			state[key] = c
		}
	}
	return state
}

// String writes the state as compact JSON with sorted keys; empty for none.
func (s State) String() string {
	if len(s) == 0 {
		return ""
	}
	data, err := json.Marshal(s)
	if err != nil { // strings and slices of strings always marshal
		return ""
	}
	return string(data)
}

// Last returns the newest result.
func (c ContainerState) Last() (Past, bool) {
	if len(c.Results) == 0 {
		return Past{}, false
	}
	return c.Results[len(c.Results)-1], true
}

// With returns the state after an answer: the source, and the result at the
// end of the history unless it is there already.
func (c ContainerState) With(p Past) ContainerState {
	next := ContainerState{From: p.From, Results: c.Results}
	if last, ok := c.Last(); ok && last.Result == p.Result && last.Repository == p.Repository {
		return next
	}
	next.Results = append(slices.Clone(c.Results), p)
	if n := len(next.Results); n > maxHistory {
		next.Results = next.Results[n-maxHistory:]
	}
	return next
}

// Equal reports whether both remember the same.
func (c ContainerState) Equal(other ContainerState) bool {
	return c.From == other.From && slices.Equal(c.Results, other.Results)
}

// StateText returns the object's state as it is written; empty without one.
func (o *Object) StateText() string { return text(o.Annotations()[AnnotationState]) }

// State returns what the object's state says.
func (o *Object) State() State { return ParseState(o.StateText()) }
