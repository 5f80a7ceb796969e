package configfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
)

// Value is a node and the path that leads to it.
type Value struct {
	// Path is such as registries[0].hosts; empty is the file itself.
	Path string
	Node *yaml.Node
	// Veiled keeps its content out of messages: it is a secret, or stands where
	// one may have slipped to.
	Veiled bool
}

// key is the value below a key.
func (r *Reader) key(at Value, name string, node *yaml.Node) Value {
	path := name
	if at.Path != "" {
		path = at.Path + "." + name
	}
	return Value{Path: path, Node: node, Veiled: slices.Contains(r.format.Secret, name)}
}

// shown is the value as a message may have it. Whatever looks like a URL with a
// user, a query or a certificate may hold a secret where none belongs.
func (v Value) shown() string {
	text := v.Node.Value
	if v.Veiled || v.Node.Kind != yaml.ScalarNode || v.Node.ShortTag() == "!!null" ||
		strings.ContainsAny(text, "@?#") || strings.Contains(text, "-----") {
		return ""
	}
	return printable.Cut(text, maxShown)
}

// Fields are the keys that a mapping may have, each with what reads its value.
type Fields map[string]func(Value)

// Object reads a mapping and returns the values that were given, by key; nil
// where it is no mapping.
func (r *Reader) Object(at Value, known Fields) map[string]Value {
	if !at.Has("!!map") {
		r.wrong(at, "!!map", "a mapping with "+names(known))
		return nil
	}
	given := map[string]Value{}
	for i := 0; i+1 < len(at.Node.Content); i += 2 {
		key := at.Node.Content[i]
		read, ok := known[key.Value]
		if !ok || key.Kind != yaml.ScalarNode {
			r.unknown(at, key, known)
			continue
		}
		inner := r.key(at, key.Value, at.Node.Content[i+1])
		if first, again := given[key.Value]; again {
			r.Add(Fault{Line: key.Line, Path: inner.Path, Problem: fmt.Sprintf("given twice, first on line %d", first.Node.Line)})
			continue
		}
		given[key.Value] = inner
		read(inner)
	}
	return given
}

func (r *Reader) unknown(at Value, key *yaml.Node, known Fields) {
	if r.full() {
		return // before the search for what was meant
	}
	fault := Fault{Line: key.Line, Path: at.Path, Value: Value{Node: key}.shown(), Problem: "unknown key", Allowed: names(known)}
	meant := spelling.Nearest(key.Value, slices.Sorted(maps.Keys(known)))
	advice := ""
	if r.format.Advice != nil {
		advice = r.format.Advice(foldKey(key.Value))
	}
	switch {
	case advice != "":
		fault.Problem, fault.Allowed = advice, ""
	case meant != "":
		fault.Problem += "; did you mean " + meant + "?"
	case at.Veiled:
		fault.Value = "" // What stands where a key should be may be the password.
	}
	r.Add(fault)
}

func names(known Fields) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// List reads each item of a list and returns how many there are.
func (r *Reader) List(at Value, allowed string, item func(Value)) int {
	if !r.Is(at, "!!seq", allowed) {
		return 0
	}
	for i, node := range at.Node.Content {
		item(Value{Path: fmt.Sprintf("%s[%d]", at.Path, i), Node: node})
	}
	return len(at.Node.Content)
}

// Has reports whether a value is of a kind, by its short tag.
func (v Value) Has(tag string) bool {
	kind := yaml.ScalarNode
	switch tag {
	case "!!map":
		kind = yaml.MappingNode
	case "!!seq":
		kind = yaml.SequenceNode
	}
	return v.Node.Kind == kind && v.Node.ShortTag() == tag
}

// Is checks what kind a value has.
func (r *Reader) Is(at Value, tag, allowed string) bool {
	if !at.Has(tag) {
		r.wrong(at, tag, allowed)
		return false
	}
	return true
}

// wrong says what was given in place of the kind that is wanted.
func (r *Reader) wrong(at Value, wanted, allowed string) {
	problem := ""
	switch {
	case at.Node.ShortTag() == "!!null":
		problem = "nothing is given"
	case at.Node.Kind == yaml.MappingNode:
		problem = "a mapping is given"
	case at.Node.Kind == yaml.SequenceNode:
		problem = "a list is given"
	case at.shown() == "" && (wanted == "!!map" || wanted == "!!seq"):
		problem = "a single value is given"
	}
	r.Bad(at, problem, allowed)
}

// Set reads a value into its place; after a fault that is the zero value.
func Set[T any](to *T, read func(Value) T) func(Value) {
	return func(at Value) { *to = read(at) }
}

// Text reads a string that is not empty.
func (r *Reader) Text(at Value, allowed string) string {
	switch at.Node.ShortTag() {
	case "!!bool", "!!int", "!!float":
		r.Bad(at, "not a text; put it in quotes", allowed)
		return ""
	}
	if !r.Is(at, "!!str", allowed) {
		return ""
	}
	if at.Node.Value == "" {
		r.Bad(at, "empty", allowed)
	}
	return at.Node.Value
}

// Boolean reads true or false.
func (r *Reader) Boolean(at Value) bool {
	const allowed = "true, false"
	if !r.Is(at, "!!bool", allowed) {
		return false
	}
	yes := strings.EqualFold(at.Node.Value, "true")
	if !yes && !strings.EqualFold(at.Node.Value, "false") {
		r.Bad(at, "", allowed)
	}
	return yes
}

// Whole reads a whole number. Other bases and separators, which YAML would take,
// are refused: 010 is eight to some and ten to others.
func (r *Reader) Whole(most int) func(Value) int {
	allowed := fmt.Sprintf("a whole number from 1 to %d", most)
	return func(at Value) int {
		if !r.Is(at, "!!int", allowed) {
			return 0
		}
		n, err := strconv.Atoi(at.Node.Value)
		if err != nil || n < 1 || n > most || strconv.Itoa(n) != at.Node.Value {
			r.Bad(at, "", allowed)
			return 0
		}
		return n
	}
}

// Duration reads a duration from least to most; most of 0 is any.
func (r *Reader) Duration(least, most time.Duration, allowed string) func(Value) time.Duration {
	return func(at Value) time.Duration {
		if !r.Is(at, "!!str", allowed) {
			return 0
		}
		d, err := time.ParseDuration(at.Node.Value)
		if err != nil || d < least || most > 0 && d > most {
			r.Bad(at, "", allowed)
			return 0
		}
		return d
	}
}
