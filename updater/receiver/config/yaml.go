package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/keelson-dev/keelson/internal/spelling"
	registryconfig "github.com/keelson-dev/keelson/resolver/registry/config"
)

const (
	// maxSize is what a ConfigMap or Secret may hold.
	maxSize = 1 << 20
	// maxSecret is more than any key or token has.
	maxSecret = 64 << 10
	// maxFaults and maxShown bound what is said.
	maxFaults = 100
	maxShown  = 80
)

const (
	mapTag  = "!!map"
	seqTag  = "!!seq"
	strTag  = "!!str"
	boolTag = "!!bool"
)

const wholeFile = "one YAML mapping with apiVersion: " + APIVersion + " and kind: " + Kind

// reader goes through one file and gathers what is wrong with it.
type reader struct {
	name, dir string
	faults    registryconfig.Faults
	// read is what the files named had, by their path.
	read map[string][]byte
}

// value is a node and the path that leads to it.
type value struct {
	path string
	node *yaml.Node
	// veiled keeps its content out of messages.
	veiled bool
}

// fields are the keys that a mapping may have, each with what reads its value.
type fields map[string]func(value)

// document is the one mapping of the file.
func (r *reader) document(data []byte) (value, bool) {
	fail := func(line int, problem, allowed string) (value, bool) {
		r.add(registryconfig.Fault{Line: max(1, line), Problem: problem, Allowed: allowed})
		return value{}, false
	}
	switch {
	case len(data) > maxSize:
		return fail(1, fmt.Sprintf("the file has %d bytes", len(data)), fmt.Sprintf("up to %d", maxSize))
	case !utf8.Valid(data):
		return fail(1, "not UTF-8 text", wholeFile)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return fail(1, "the file is empty", wholeFile)
	case err != nil:
		line := 1
		if _, none := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); none != nil {
			line = 1
		}
		return fail(line, "not YAML", wholeFile)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return fail(second.Line, "something follows the first document", wholeFile)
	}
	if root := document.Content[0]; root.Kind == yaml.MappingNode {
		return value{node: root}, true
	}
	return fail(document.Content[0].Line, "no mapping", wholeFile)
}

// object reads a mapping and returns the values that were given, by key; nil
// where it is no mapping.
func (r *reader) object(at value, known fields) map[string]value {
	names := slices.Sorted(maps.Keys(known))
	if !r.is(at, mapTag, "a mapping with "+strings.Join(names, ", ")) {
		return nil
	}
	given := map[string]value{}
	for i := 0; i+1 < len(at.node.Content); i += 2 {
		key, node := at.node.Content[i], at.node.Content[i+1]
		path := strings.TrimPrefix(at.path+"."+key.Value, ".")
		read, ok := known[key.Value]
		if !ok || key.Kind != yaml.ScalarNode {
			fault := registryconfig.Fault{Line: key.Line, Path: at.path, Value: shown(key), Problem: "unknown key", Allowed: strings.Join(names, ", ")}
			if meant := spelling.Nearest(key.Value, names); meant != "" {
				fault.Problem += "; did you mean " + meant + "?"
			}
			r.add(fault)
			continue
		}
		if first, again := given[key.Value]; again {
			r.add(registryconfig.Fault{Line: key.Line, Path: path, Problem: fmt.Sprintf("given twice, first on line %d", first.node.Line)})
			continue
		}
		// Who takes a name of a file for the secret itself must not find it in a log.
		inner := value{path: path, node: node, veiled: strings.HasSuffix(key.Value, "File")}
		given[key.Value] = inner
		read(inner)
	}
	return given
}

func (r *reader) list(at value, allowed string) []value {
	if !r.is(at, seqTag, allowed) {
		return nil
	}
	items := make([]value, 0, len(at.node.Content))
	for i, node := range at.node.Content {
		items = append(items, value{path: fmt.Sprintf("%s[%d]", at.path, i), node: node})
	}
	return items
}

// is checks what kind a value has. An alias has none: what it stands for is
// written out here.
func (r *reader) is(at value, tag, allowed string) bool {
	kind := yaml.ScalarNode
	switch tag {
	case mapTag:
		kind = yaml.MappingNode
	case seqTag:
		kind = yaml.SequenceNode
	}
	if at.node.Kind == kind && at.node.ShortTag() == tag {
		return true
	}
	problem := ""
	switch at.node.Kind {
	case yaml.MappingNode:
		problem = "a mapping is given"
	case yaml.SequenceNode:
		problem = "a list is given"
	case yaml.AliasNode:
		problem = "aliases (*) have no place here"
	default:
		switch at.node.ShortTag() {
		case "!!null":
			problem = "nothing is given"
		case boolTag, "!!int", "!!float":
			problem = "not a text; put it in quotes"
		}
	}
	r.bad(at, problem, allowed)
	return false
}

// text reads a string that is not empty.
func (r *reader) text(at value, allowed string) string {
	if !r.is(at, strTag, allowed) {
		return ""
	}
	if at.node.Value == "" {
		r.bad(at, "empty", allowed)
	}
	return at.node.Value
}

func (r *reader) exactly(at value, want string) {
	if got := r.text(at, want); got != "" && got != want {
		r.bad(at, "", want)
	}
}

func (r *reader) matching(at value, form *regexp.Regexp, allowed string) string {
	text := r.text(at, allowed)
	if text != "" && !form.MatchString(text) {
		r.bad(at, "", allowed)
		return ""
	}
	return text
}

// yes reads what has to be said explicitly, and has no other value.
func (r *reader) yes(at value) bool {
	if at.node.ShortTag() == boolTag && strings.EqualFold(at.node.Value, "true") {
		return true
	}
	r.bad(at, "", "true")
	return false
}

// secret reads the file that a value names.
func (r *reader) secret(at value, least int, allowed string) Secret {
	name := r.text(at, allowed)
	if name == "" {
		return ""
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.dir, name)
	}
	data, err := readFile(name, maxSecret)
	r.read[name] = data
	text := strings.TrimSpace(string(data))
	switch {
	case errors.Is(err, os.ErrNotExist):
		r.bad(at, "no such file", allowed)
	case err != nil:
		r.bad(at, "the file cannot be read", allowed)
	case len(text) < least:
		r.bad(at, fmt.Sprintf("the file holds %d bytes", len(text)), allowed)
	case strings.ContainsAny(text, "\r\n"):
		r.bad(at, "the file has several lines", "one secret a file; list the sender twice to take an old and a new one")
	default:
		return Secret(text)
	}
	return ""
}

// readFile reads a regular file of a bounded size. Links are followed: volumes
// of the kubelet consist of them. A pipe or device would never end.
func readFile(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("reading %q: not a regular file of up to %d bytes", name, most)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, most))
}

// need asks for a key. A value that is no mapping has its fault already.
func (r *reader) need(at value, given map[string]value, key, allowed string) {
	if _, ok := given[key]; !ok && given != nil {
		r.add(registryconfig.Fault{Line: at.node.Line, Path: strings.TrimPrefix(at.path+"."+key, "."), Problem: "required", Allowed: allowed})
	}
}

// bad notes what is wrong with a value.
func (r *reader) bad(at value, problem, allowed string) {
	fault := registryconfig.Fault{Line: at.node.Line, Path: at.path, Problem: problem, Allowed: allowed}
	if !at.veiled {
		fault.Value = shown(at.node)
	}
	r.add(fault)
}

func (r *reader) add(f registryconfig.Fault) {
	if len(r.faults) < maxFaults {
		f.File = r.name
		r.faults = append(r.faults, f)
	}
}

func (r *reader) sorted() registryconfig.Faults {
	slices.SortStableFunc(r.faults, func(a, b registryconfig.Fault) int { return cmp.Compare(a.Line, b.Line) })
	return r.faults
}

// shown is a scalar as a message may have it.
func shown(node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" {
		return ""
	}
	if runes := []rune(node.Value[:min(len(node.Value), 4*maxShown)]); len(runes) > maxShown || len(node.Value) > 4*maxShown {
		return string(runes[:min(len(runes), maxShown-1)]) + "…"
	}
	return node.Value
}
