package record

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload"
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
	// Stored is the image that was stored in place of the result, where another
	// webhook has made another one of it: the repository, with tag and digest as
	// they are written. Read it by StoredAs.
	Stored string `json:"stored,omitempty"`
}

// StoredAs is the image that was stored. Where it is a bare digest, the result
// tells the tag.
func (p Past) StoredAs() (repository string, r Result, ok bool) {
	if p.Stored == "" {
		r, ok = ParseResult(p.Result)
		return p.Repository, r, ok
	}
	name, digest, _ := strings.Cut(p.Stored, "@")
	r.Digest = digest
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, r.Tag = name[:colon], name[colon+1:]
	}
	r, ok = ParseResult(r.String())
	return name, r, ok && name != ""
}

// Written is an image as Stored keeps it.
func Written(repository string, r Result) string {
	if r.Tag == "" {
		return repository + r.String()
	}
	return repository + ":" + r.String()
}

// answers reports whether both are the same answer, whatever became of it.
func (p Past) answers(other Past) bool {
	p.Stored = other.Stored
	return p == other
}

// ContainerState is what admission remembers of one container.
type ContainerState struct {
	// From is the source: the whole reference that the manifest names, as
	// last submitted.
	From string `json:"from"`
	// Results are the last results, oldest first.
	Results []Past `json:"results,omitempty"`
	// Healthy is the last result that was healthy when the updater moved the
	// container on from it: what a way back returns to. It is empty where another
	// writer has moved the container since, or where the updater did not know.
	Healthy string `json:"healthy,omitempty"`
	// Mirrors are the other names of repositories that forgotten results were stored
	// under: an undo may bring back a template of any age.
	Mirrors []Mirror `json:"mirrors,omitempty"`
}

// Mirror is one way in which another webhook rewrites images.
type Mirror struct {
	// Repository is the answer's, and Stored the one that was stored in its place.
	Repository string `json:"repository"`
	Stored     string `json:"stored"`
}

// maxMirrors is how many the state keeps of a container.
const maxMirrors = 4

// State maps slot keys to what is remembered of them. It holds no time, so
// that the same answers give the same text.
type State map[string]ContainerState

// ParseState reads a state's annotation. What cannot be read counts as no
// state: every writer of the workload may write it.
func ParseState(s string) State {
	if s == "" || len(s) > maxState {
		return nil
	}
	var state State
	if err := json.Unmarshal([]byte(s), &state); err != nil || len(state) == 0 {
		return nil
	}
	return state.newest(maxHistory)
}

// maxStateText is what a state is kept below, since an object whose annotations
// have more than 256 KiB is refused: more containers than any Pod has in
// practice give up their oldest results.
const maxStateText = 64 << 10

// String writes the state as compact JSON with sorted keys; empty for none.
func (s State) String() string {
	text, _ := s.Within(maxState)
	return text
}

// Within is String, of no more than so many bytes: the oldest results go first. fits
// is false where not even the last ones are within.
func (s State) Within(most int) (text string, fits bool) {
	if len(s) == 0 {
		return "", true
	}
	var data []byte
	for keep := maxHistory; ; keep-- {
		data = s.appendNewest(data[:0], keep)
		if len(data) <= min(most, maxStateText) || keep == 1 {
			return string(data), len(data) <= most
		}
	}
}

// appendNewest writes the state with the n newest results of each container as JSON.
func (s State) appendNewest(to []byte, n int) []byte {
	to = slices.Grow(to, 256*len(s))
	to = append(to, '{')
	for i, key := range workload.SortedKeys(s) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(workload.AppendJSON(to, key), ':')
		to = s[key].newest(n).append(to)
	}
	return append(to, '}')
}

// append writes what is remembered of one container as JSON.
func (c ContainerState) append(to []byte) []byte {
	to = appendField(to, '{', "from", c.From)
	to = appendList(to, "results", c.Results, func(to []byte, p Past) []byte {
		to = appendField(to, '{', "result", p.Result)
		to = appendField(to, ',', "from", p.From)
		to = appendField(to, ',', "repository", p.Repository)
		if p.Stored != "" {
			to = appendField(to, ',', "stored", p.Stored)
		}
		return append(to, '}')
	})
	if c.Healthy != "" {
		to = appendField(to, ',', "healthy", c.Healthy)
	}
	to = appendList(to, "mirrors", c.Mirrors, func(to []byte, m Mirror) []byte {
		to = appendField(to, '{', "repository", m.Repository)
		return append(appendField(to, ',', "stored", m.Stored), '}')
	})
	return append(to, '}')
}

func appendField(to []byte, before byte, name, value string) []byte {
	to = append(append(append(to, before, '"'), name...), '"', ':')
	return workload.AppendJSON(to, value)
}

// appendList writes a list that is not the first field; nothing where it is empty.
func appendList[T any](to []byte, name string, items []T, item func(to []byte, item T) []byte) []byte {
	if len(items) == 0 {
		return to
	}
	to = append(append(append(to, ',', '"'), name...), '"', ':', '[')
	for i := range items {
		if i > 0 {
			to = append(to, ',')
		}
		to = item(to, items[i])
	}
	return append(to, ']')
}

// newest returns the state with the n newest results of each container.
func (s State) newest(n int) State {
	kept := make(State, len(s))
	for key, c := range s {
		kept[key] = c.newest(n)
	}
	return kept
}

// newest returns the state with the n newest results. What the others tell of mirrors is
// kept.
func (c ContainerState) newest(n int) ContainerState {
	forgotten := c.Results[:max(0, len(c.Results)-n)]
	c.Results = c.Results[len(forgotten):]
	for _, p := range forgotten {
		at, _, ok := p.StoredAs()
		seen := Mirror{p.Repository, at}
		if !ok || at == p.Repository || slices.Contains(c.Mirrors, seen) {
			continue
		}
		c.Mirrors = append(slices.Clone(c.Mirrors), seen)
	}
	c.Mirrors = c.Mirrors[max(0, len(c.Mirrors)-maxMirrors):]
	return c
}

// Last returns the newest result.
func (c ContainerState) Last() (Past, bool) {
	if len(c.Results) == 0 {
		return Past{}, false
	}
	return c.Results[len(c.Results)-1], true
}

// With returns the state after an answer: the source, and the result at the
// end of the history unless it is there already. One result that answers
// another source is there again: a source that comes back is known by it. What
// was stored in place of the same answer is kept until something else is. The stored
// image is what the request found in place of the last result, empty where it is that
// result: it is noted when another one follows.
func (c ContainerState) With(source string, p Past, stored string) ContainerState {
	next := ContainerState{From: source, Results: c.Results, Healthy: c.Healthy, Mirrors: c.Mirrors}
	if last, ok := c.Last(); ok && last.answers(p) {
		if p.Stored != "" {
			return next.AsStored(p.Stored)
		}
		return next
	}
	next.Results = append(slices.Clone(c.seen(stored).Results), p)
	return next.newest(maxHistory)
}

// seen returns the state with what is stored in place of its last result, where nothing
// is noted yet: admission is not always called again after another webhook.
func (c ContainerState) seen(stored string) ContainerState {
	if last, ok := c.Last(); !ok || stored == "" || last.Stored != "" {
		return c
	}
	return c.AsStored(stored)
}

// AsStored returns the state with what was stored in place of its last result;
// empty where that is the result itself.
func (c ContainerState) AsStored(image string) ContainerState {
	if last, ok := c.Last(); !ok || last.Stored == image {
		return c
	}
	c.Results = slices.Clone(c.Results)
	c.Results[len(c.Results)-1].Stored = image
	return c
}

// TagOf is the tag of a digest that is stored without one: that of the last answer,
// where another webhook has put the digest in its place. It is empty for a digest that
// a person has written.
func (c ContainerState) TagOf(digest string) string {
	last, _ := c.Last()
	result, ok := ParseResult(last.Result)
	_, stored, known := last.StoredAs()
	// Nothing is known of what was stored where admission is not called again.
	if !ok || !known || stored.Digest != digest && stored.Digest != "" {
		return ""
	}
	return result.Tag
}

// Equal reports whether both remember the same source, results and mirrors.
func (c ContainerState) Equal(other ContainerState) bool {
	return c.From == other.From && slices.Equal(c.Results, other.Results) && slices.Equal(c.Mirrors, other.Mirrors)
}

// StateOf returns what the object's state says.
func StateOf(o *workload.Object) State { return ParseState(o.StateText()) }
