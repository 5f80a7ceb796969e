// Package manifest reads streams of Kubernetes manifests, YAML or JSON, and
// replaces scalars in them where they stand: comments, quotes, order,
// separators and all else stay byte for byte.
//
// Values are read as kubectl reads them (YAML 1.1 as sigs.k8s.io/yaml has it:
// a bare yes is true), positions come from go.yaml.in/yaml/v3. A document is
// everything between two separators; the places in it are named by the paths
// of its expanded value, so an alias is a place of its own.
package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Stream is one file: its bytes, and the documents in it.
type Stream struct {
	name  string
	text  *text
	roots []*root
	docs  []*Document
	// repeated tells of keys that are given again, the first ones of more.
	repeated []string
	more     int
}

// root is one document of the file, which may be a list of manifests.
type root struct {
	node   *yaml.Node
	value  map[string]any
	docs   []*Document
	shares bool // anchors or merge keys: a text may stand for several places, or for none
}

// Document is one manifest: a document of the file, or an item of a list.
type Document struct {
	// Object is the manifest's value: map[string]any, []any, string, int64,
	// float64, bool and nil. Replace does not change it, nor may the caller.
	Object map[string]any
	// Line is where the manifest begins, counted from 1.
	Line int

	stream *Stream
	root   *root
	prefix []any // leads from the root to the manifest
	edits  []edit
}

// edit is one replacement; its path starts at the root.
type edit struct {
	path  []any
	site  *yaml.Node
	value string
}

// Parse reads the documents of a file; name stands in messages. Documents
// without content are skipped, and a list (of kind List, or another that ends
// in it, with items) gives one Document an item. An error is a *SyntaxError,
// and nothing is returned then.
func Parse(name string, data []byte) (*Stream, error) {
	s := &Stream{name: name, text: newText(data)}
	nodes, err := s.load()
	if err != nil {
		return nil, err
	}
	for _, node := range nodes {
		if err := s.add(node); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Name returns the name that Parse was given.
func (s *Stream) Name() string { return s.name }

// Source returns the file as it was given to Parse.
func (s *Stream) Source() []byte { return bytes.Clone(s.text.data) }

// Documents returns the manifests, in order.
func (s *Stream) Documents() []*Document { return s.docs }

// maxRepeated is how many keys that are given again are told of by their names.
const maxRepeated = 10

// repeats notes that a mapping gives a key again.
func (s *Stream) repeats(line int, key string) {
	if len(s.repeated) == maxRepeated {
		s.more++
		return
	}
	s.repeated = append(s.repeated, fmt.Sprintf("%s:%d: key %q is given again; the last one counts, as for kubectl",
		s.name, line, printable.Escape(key, maxShownKey)))
}

// maxShownKey is how much of a key is shown.
const maxShownKey = 253

// Warnings tells what the file has that other readers refuse, a line each.
func (s *Stream) Warnings() []string {
	if s.more == 0 {
		return s.repeated
	}
	return append(slices.Clone(s.repeated), fmt.Sprintf("%s: %s more that are given again", s.name, printable.Count(s.more, "key")))
}

// looksJSON finds a brace and a quote, or a closing brace.
var looksJSON = regexp.MustCompile(`^[ \t\r\n]*\{[ \t\r\n]*["}]`)

// load reads the nodes: JSON first where the file looks like it, as kubectl
// does, because YAML lacks some of JSON (pairs of surrogates, objects one
// after the other).
func (s *Stream) load() ([]*yaml.Node, error) {
	if err := s.checkText(); err != nil {
		return nil, err
	}
	if !looksJSON.Match(s.text.body()) {
		nodes, err := s.loadYAML()
		return nodes, orNil(err)
	}
	nodes, jsonErr := s.loadJSON()
	if jsonErr == nil {
		return nodes, nil
	}
	nodes, yamlErr := s.loadYAML()
	if yamlErr == nil {
		return nodes, nil
	}
	// The file is meant to be what was understood further.
	if yamlErr.Line > jsonErr.Line {
		return nil, yamlErr
	}
	return nil, jsonErr
}

// add takes one document of the file.
func (s *Stream) add(document *yaml.Node) error {
	node := document.Content[0]
	shares, err := s.check(node)
	if err != nil {
		return err
	}
	v, err := s.expand(node)
	if err != nil || v == nil {
		return err
	}
	value, ok := v.(map[string]any)
	if !ok {
		return s.fault(node.Line, "a manifest is a mapping, which this is not")
	}
	r := &root{node: node, value: value, shares: shares}
	if err := s.addManifest(r, value, nil); err != nil {
		return err
	}
	s.roots = append(s.roots, r)
	return nil
}

// addManifest adds a manifest, or the items of a list. What has kind and
// version of its own in neither gets those of a typed list (PodList), as in
// kubectl.
func (s *Stream) addManifest(r *root, object map[string]any, prefix []any) error {
	kind, _ := object["kind"].(string)
	items, isList := object["items"].([]any)
	if !isList || !strings.HasSuffix(kind, "List") {
		d := &Document{Object: object, Line: findNode(r.node, prefix).Line, stream: s, root: r, prefix: prefix}
		r.docs, s.docs = append(r.docs, d), append(s.docs, d)
		return nil
	}
	for i, item := range items {
		path := append(append([]any{}, prefix...), "items", i)
		m, ok := item.(map[string]any)
		if !ok {
			return s.fault(findNode(r.node, path).Line, "an item of a list is a mapping, which this is not")
		}
		if err := s.addManifest(r, typedItem(object, m), path); err != nil {
			return err
		}
	}
	return nil
}

// typedItem returns the item with the kind and the version that its list
// implies.
func typedItem(list, item map[string]any) map[string]any {
	kind := strings.TrimSuffix(list["kind"].(string), "List")
	if kind == "" || item["kind"] != nil || item["apiVersion"] != nil {
		return item
	}
	typed := map[string]any{"kind": kind, "apiVersion": list["apiVersion"]}
	for key, value := range item {
		typed[key] = value
	}
	return typed
}
