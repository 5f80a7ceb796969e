package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxAliased bounds the values that aliases and merge keys add to a document:
// far more than any real one has, far less than fills the memory.
const maxAliased = 100_000

// expander turns a checked node into its value.
type expander struct {
	stream  *Stream
	aliased int // values made so far inside of aliases
	inside  int // aliases and merge keys around the current node
}

func (s *Stream) expand(n *yaml.Node) (any, error) {
	e := &expander{stream: s}
	v, err := e.value(n)
	return v, orNil(err)
}

func (e *expander) value(n *yaml.Node) (any, *SyntaxError) {
	if n.Kind == yaml.AliasNode {
		e.inside++
		defer func() { e.inside-- }()
		return e.value(n.Alias)
	}
	if e.inside > 0 {
		if e.aliased++; e.aliased > maxAliased {
			return nil, e.stream.fault(n.Line, "aliases stand for more than %d values", maxAliased)
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		return object, e.members(n, object)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, child := range n.Content {
			v, err := e.value(child)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if text, ok := plainText(n); ok {
		return text, nil
	}
	v, _ := scalarValue(n) // Checked before.
	return inJSON(v), nil
}

// members puts the mapping's members into the object. The last one of a name
// counts, be it merged or not: kubectl's parser takes merge keys in their
// turn, where others let the mapping's own members win.
func (e *expander) members(n *yaml.Node, object map[string]any) *SyntaxError {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			if err := e.merge(child, object); err != nil {
				return err
			}
			continue
		}
		v, err := e.value(child)
		if err != nil {
			return err
		}
		name, _ := keyText(key)
		object[name] = v
	}
	return nil
}

func (e *expander) merge(n *yaml.Node, object map[string]any) *SyntaxError {
	e.inside++
	defer func() { e.inside-- }()
	sources, _ := mergedMappings(n)
	for _, source := range sources {
		if e.aliased++; e.aliased > maxAliased {
			return e.stream.fault(n.Line, "aliases stand for more than %d values", maxAliased)
		}
		if err := e.members(source, object); err != nil {
			return err
		}
	}
	return nil
}

// memberNodes returns the node's members as the expanded value has them: for each
// name the node that gives the value, which may be an alias or stand in a
// merged mapping.
func memberNodes(n *yaml.Node) map[string]*yaml.Node {
	nodes := make(map[string]*yaml.Node, len(n.Content)/2)
	collectMembers(n, nodes)
	return nodes
}

func collectMembers(n *yaml.Node, nodes map[string]*yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			sources, _ := mergedMappings(n.Content[i+1])
			for _, source := range sources {
				collectMembers(source, nodes)
			}
			continue
		}
		name, _ := keyText(n.Content[i])
		nodes[name] = n.Content[i+1]
	}
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

// mergedMappings returns the mappings that a merge key takes, in the order in which
// they are laid over each other: in a list the first one wins.
func mergedMappings(n *yaml.Node) (sources []*yaml.Node, ok bool) {
	if source := aliasTarget(n); source.Kind == yaml.MappingNode {
		return []*yaml.Node{source}, true
	}
	if n.Kind == yaml.SequenceNode {
		for i := len(n.Content) - 1; i >= 0; i-- {
			source := aliasTarget(n.Content[i])
			if source.Kind != yaml.MappingNode {
				return nil, false
			}
			sources = append(sources, source)
		}
		return sources, true
	}
	return nil, false
}

// aliasTarget returns what an alias stands for, and any other node itself.
func aliasTarget(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// memberNode returns one of the member nodes, nil if there is none of the name.
func memberNode(n *yaml.Node, name string) *yaml.Node {
	for i := len(n.Content)&^1 - 2; i >= 0; i -= 2 { // the last one counts
		if isMerge(n.Content[i]) {
			sources, _ := mergedMappings(n.Content[i+1])
			for _, source := range slices.Backward(sources) {
				if found := memberNode(source, name); found != nil {
					return found
				}
			}
			continue
		}
		if key, ok := keyText(n.Content[i]); ok && key == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// findNode returns the node that gives the value at the path, nil if none.
func findNode(n *yaml.Node, path []any) *yaml.Node {
	for _, element := range path {
		n = aliasTarget(n)
		switch element := element.(type) {
		case string:
			if n.Kind != yaml.MappingNode {
				return nil
			}
			if n = memberNode(n, element); n == nil {
				return nil
			}
		case int:
			if n.Kind != yaml.SequenceNode || element < 0 || element >= len(n.Content) {
				return nil
			}
			n = n.Content[element]
		default:
			return nil
		}
	}
	return n
}
