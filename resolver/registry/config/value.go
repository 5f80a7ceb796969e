package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/keelson-dev/keelson/internal/spelling"
)

// value is a node and the path that leads to it.
type value struct {
	path string
	node *yaml.Node
	// veiled keeps its content out of messages: it is a secret, or stands where
	// one may have slipped to.
	veiled bool
}

func (v value) key(name string, node *yaml.Node) value {
	path := name
	if v.path != "" {
		path = v.path + "." + name
	}
	veiled := false
	switch name {
	case "credentials", "username", "password", "identityToken", "token":
		veiled = true
	}
	return value{path: path, node: node, veiled: veiled}
}

// shown is the value as a message may have it. Whatever looks like a URL with a
// user, a query or a certificate may hold a secret where none belongs.
func (v value) shown() string {
	text := v.node.Value
	if v.veiled || v.node.Kind != yaml.ScalarNode || v.node.ShortTag() == "!!null" ||
		strings.ContainsAny(text, "@?#") || strings.Contains(text, "-----") {
		return ""
	}
	return cut(text, maxShown)
}

// fields are the keys that a mapping may have, each with what reads its value.
type fields map[string]func(value)

// object reads a mapping and returns the values that were given, by key; nil
// where it is no mapping.
func (r *reader) object(at value, known fields) map[string]value {
	if !at.has("!!map") {
		r.wrong(at, "!!map", "a mapping with "+names(known))
		return nil
	}
	given := map[string]value{}
	for i := 0; i+1 < len(at.node.Content); i += 2 {
		key := at.node.Content[i]
		read, ok := known[key.Value]
		if !ok || key.Kind != yaml.ScalarNode {
			r.unknown(at, key, known)
			continue
		}
		inner := at.key(key.Value, at.node.Content[i+1])
		if first, again := given[key.Value]; again {
			r.add(Fault{Line: key.Line, Path: inner.path, Problem: fmt.Sprintf("given twice, first on line %d", first.node.Line)})
			continue
		}
		given[key.Value] = inner
		read(inner)
	}
	return given
}

func (r *reader) unknown(at value, key *yaml.Node, known fields) {
	if r.full() {
		return // before the search for what was meant
	}
	fault := Fault{Line: key.Line, Path: at.path, Value: value{node: key}.shown(), Problem: "unknown key", Allowed: names(known)}
	meant := spelling.Nearest(key.Value, slices.Sorted(maps.Keys(known)))
	switch name := plain(key.Value); {
	case name == "skipverify" || name == "insecureskipverify":
		fault.Problem, fault.Allowed = "certificates are always verified; give the CA instead, as ca", ""
	case meant != "":
		fault.Problem += "; did you mean " + meant + "?"
	case at.veiled:
		fault.Value = "" // What stands where a key should be may be the password.
	}
	r.add(fault)
}

func names(known fields) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// list reads each item of a list and returns how many there are.
func (r *reader) list(at value, allowed string, item func(value)) int {
	if !r.is(at, "!!seq", allowed) {
		return 0
	}
	for i, node := range at.node.Content {
		item(value{path: fmt.Sprintf("%s[%d]", at.path, i), node: node})
	}
	return len(at.node.Content)
}

// has reports whether a value is of a kind, by its short tag.
func (v value) has(tag string) bool {
	kind := yaml.ScalarNode
	switch tag {
	case "!!map":
		kind = yaml.MappingNode
	case "!!seq":
		kind = yaml.SequenceNode
	}
	return v.node.Kind == kind && v.node.ShortTag() == tag
}

// is checks what kind a value has.
func (r *reader) is(at value, tag, allowed string) bool {
	if !at.has(tag) {
		r.wrong(at, tag, allowed)
		return false
	}
	return true
}

// wrong says what was given in place of the kind that is wanted.
func (r *reader) wrong(at value, wanted, allowed string) {
	problem := ""
	switch {
	case at.node.ShortTag() == "!!null":
		problem = "nothing is given"
	case at.node.Kind == yaml.MappingNode:
		problem = "a mapping is given"
	case at.node.Kind == yaml.SequenceNode:
		problem = "a list is given"
	case at.shown() == "" && (wanted == "!!map" || wanted == "!!seq"):
		problem = "a single value is given"
	}
	r.bad(at, problem, allowed)
}

// set reads a value into its place; after a fault that is the zero value.
func set[T any](to *T, read func(value) T) func(value) {
	return func(at value) { *to = read(at) }
}

// text reads a string that is not empty.
func (r *reader) text(at value, allowed string) string {
	switch at.node.ShortTag() {
	case "!!bool", "!!int", "!!float":
		r.bad(at, "not a text; put it in quotes", allowed)
		return ""
	}
	if !r.is(at, "!!str", allowed) {
		return ""
	}
	if at.node.Value == "" {
		r.bad(at, "empty", allowed)
	}
	return at.node.Value
}

func (r *reader) boolean(at value) bool {
	const allowed = "true, false"
	if !r.is(at, "!!bool", allowed) {
		return false
	}
	yes := strings.EqualFold(at.node.Value, "true")
	if !yes && !strings.EqualFold(at.node.Value, "false") {
		r.bad(at, "", allowed)
	}
	return yes
}

// whole reads a whole number. Other bases and separators, which YAML would take,
// are refused: 010 is eight to some and ten to others.
func (r *reader) whole(most int) func(value) int {
	allowed := fmt.Sprintf("a whole number from 1 to %d", most)
	return func(at value) int {
		if !r.is(at, "!!int", allowed) {
			return 0
		}
		n, err := strconv.Atoi(at.node.Value)
		if err != nil || n < 1 || n > most || strconv.Itoa(n) != at.node.Value {
			r.bad(at, "", allowed)
			return 0
		}
		return n
	}
}

func (r *reader) rate(at value) float64 {
	const allowed = "a number above 0"
	if !at.has("!!int") && !r.is(at, "!!float", allowed) {
		return 0
	}
	n, err := strconv.ParseFloat(at.node.Value, 64)
	if err != nil || !(n > 0) || math.IsInf(n, 0) {
		r.bad(at, "", allowed)
		return 0
	}
	return n
}

func (r *reader) duration(at value) time.Duration {
	const allowed = "a duration of 1s or more, such as 5m or 1h30m"
	if !r.is(at, "!!str", allowed) {
		return 0
	}
	d, err := time.ParseDuration(at.node.Value)
	if err != nil || d < time.Second {
		r.bad(at, "", allowed)
		return 0
	}
	return d
}
