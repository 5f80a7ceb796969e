package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// SharedError is a replacement that Bytes left out, because the text also stands for
// other places: it is in a mapping that has an anchor, and not all places that
// use it are to have the same value.
type SharedError struct {
	// File and Line are where the text is.
	File string
	Line int
	// Document and Path are the place, Value what it was to have.
	Document *Document
	Path     []any
	Value    string
}

// Error says what was left out and why.
func (k *SharedError) Error() string {
	return fmt.Sprintf("%s:%d: %s cannot become %s in place: other places share the text through an anchor",
		k.File, k.Line, pathText(k.Path), k.Value)
}

// change is a node whose text is rewritten.
type change struct {
	node  *yaml.Node
	value string
	// key is the node's, if block mappings alone lead to it; nil otherwise.
	key *yaml.Node
}

// piece is the new text of a change, and the place of the old one.
type piece struct {
	span
	change
	text string
}

// Bytes returns the stream with the replacements, all else byte for byte. What
// it could not replace in place without changing other values is in kept, in
// order. The result is found to read differently in the replaced values alone, by
// reading it again where that is not plain from its bytes; otherwise there is an error
// and no result.
func (s *Stream) Bytes() (out []byte, kept []*SharedError, err error) {
	changes := make([]change, 0, len(s.docs))
	for _, r := range s.roots {
		values, left := s.chooseValues(r)
		kept = append(kept, left...)
		changes = append(changes, textsToRewrite(r, values)...)
	}
	if len(changes) == 0 {
		return bytes.Clone(s.text.data), kept, nil
	}
	pieces, err := s.piecesOf(changes)
	if err != nil {
		return nil, nil, err
	}
	out = s.splice(pieces)
	if s.onlyLinesDiffer(out, pieces) {
		return out, kept, nil
	}
	if err := s.verify(out, s.wanted(kept)); err != nil {
		return nil, nil, err
	}
	return out, kept, nil
}

// chooseValues decides which nodes get a new value: those that all their places
// agree on.
func (s *Stream) chooseValues(r *root) (values map[*yaml.Node]string, kept []*SharedError) {
	values = map[*yaml.Node]string{}
	for _, d := range r.docs {
		for _, e := range d.edits {
			values[e.site] = e.value
		}
	}
	if len(values) == 0 || !r.shares {
		return values, nil
	}
	wanted := map[string]string{}
	for _, d := range r.docs {
		for _, e := range d.edits {
			wanted[pointerTo(e.path)] = e.value
		}
	}
	disputed := map[*yaml.Node]bool{}
	visitScalars(r.node, nil, func(pointer []byte, n *yaml.Node) {
		if value, changes := values[n]; changes && wanted[string(pointer)] != value {
			disputed[n] = true
		}
	})
	for _, d := range r.docs {
		for _, e := range d.edits {
			if disputed[e.site] {
				kept = append(kept, &SharedError{s.name, e.site.Line, d, e.path[len(d.prefix):], e.value})
				delete(values, e.site)
			}
		}
	}
	return values, kept
}

// visitScalars calls f for each scalar of the expanded value with the node that gives
// it.
func visitScalars(n *yaml.Node, pointer []byte, f func(pointer []byte, n *yaml.Node)) {
	switch node := aliasTarget(n); node.Kind {
	case yaml.MappingNode:
		for name, child := range memberNodes(node) {
			visitScalars(child, appendPointer(pointer, name), f)
		}
	case yaml.SequenceNode:
		for i, child := range node.Content {
			visitScalars(child, appendPointer(pointer, i), f)
		}
	case yaml.ScalarNode:
		f(pointer, n)
	}
}

// textsToRewrite returns the texts to rewrite. Where a scalar with an anchor changes,
// its aliases follow; those that are to differ from it are written out.
func textsToRewrite(r *root, values map[*yaml.Node]string) []change {
	if len(values) == 0 {
		return nil
	}
	w := &rewriter{values: values}
	w.visit(r.node, nil, true)
	return w.changes
}

// rewriter finds the nodes of a document that have to be rewritten.
type rewriter struct {
	values  map[*yaml.Node]string
	changes []change
}

// visit takes a node, the key that it is the value of, and whether it is in no flow
// collection.
func (w *rewriter) visit(n, key *yaml.Node, block bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if value, ok := w.values[n]; ok {
			w.changes = append(w.changes, change{n, value, key})
		}
	case yaml.AliasNode:
		value, stands := after(n, w.values), after(n.Alias, w.values)
		if n.Alias.Kind == yaml.ScalarNode && value != stands {
			w.changes = append(w.changes, change{n, value, nil})
		}
	}
	block = block && n.Style&yaml.FlowStyle == 0
	for i, child := range n.Content {
		var key *yaml.Node
		if block && n.Kind == yaml.MappingNode && i%2 == 1 {
			key = n.Content[i-1]
		}
		w.visit(child, key, block)
	}
}

// after returns the text of a node with the new values.
func after(n *yaml.Node, values map[*yaml.Node]string) string {
	if value, ok := values[n]; ok {
		return value
	}
	return aliasTarget(n).Value
}

// piecesOf finds the places of the changes, in the order of the file.
func (s *Stream) piecesOf(changes []change) ([]piece, error) {
	pieces := make([]piece, 0, len(changes))
	for _, c := range changes {
		at, err := s.text.locate(c.node)
		if err != nil {
			return nil, fmt.Errorf("rewriting %s:%d: %w", s.name, c.node.Line, err)
		}
		pieces = append(pieces, piece{at, c, renderScalar(c.node, c.value)})
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.start, b.start) })
	end := 0
	for _, p := range pieces {
		if p.start < end {
			return nil, fmt.Errorf("rewriting %s:%d: %w", s.name, s.text.line(p.start), errNotFound)
		}
		end = p.end
	}
	return pieces, nil
}

// splice puts the new texts where the old ones are.
func (s *Stream) splice(pieces []piece) []byte {
	size := len(s.text.data)
	for _, p := range pieces {
		size += len(p.text)
	}
	out, end := make([]byte, 0, size), 0
	for _, p := range pieces {
		out = append(append(out, s.text.data[end:p.start]...), p.text...)
		end = p.end
	}
	return append(out, s.text.data[end:]...)
}

// verify reads the result as any other program will.
func (s *Stream) verify(out []byte, wanted []any) error {
	again, err := Parse(s.name, out)
	if err != nil {
		return fmt.Errorf("checking the rewritten text: %w", err)
	}
	got := make([]any, len(again.roots))
	for i, r := range again.roots {
		got[i] = r.value
	}
	if !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("checking the rewritten text of %s: more than the replaced values differs", s.name)
	}
	return nil
}
