package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// checker refuses documents whose meaning is in doubt. Behind it, every alias
// leads to a node of the same document outside of itself, every key is text, and every
// merge key takes mappings. A key that is given more than once as text is no doubt: the last
// one counts for kubectl and Helm, and charts are full of them.
type checker struct {
	stream *Stream
	seen   map[*yaml.Node]bool // anchors so far; true while inside of the node
	merges bool
}

// check also returns whether the document has anchors or merge keys.
func (s *Stream) check(node *yaml.Node) (shares bool, err error) {
	c := &checker{stream: s, seen: map[*yaml.Node]bool{}}
	err = orNil(c.node(node))
	return c.merges || len(c.seen) > 0, err
}

func (c *checker) node(n *yaml.Node) *SyntaxError {
	if n.Anchor != "" {
		c.seen[n] = true
		defer func() { c.seen[n] = false }()
	}
	switch n.Kind {
	case yaml.AliasNode:
		return c.alias(n)
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.SequenceNode:
		for _, child := range n.Content {
			if err := c.node(child); err != nil {
				return err
			}
		}
	case yaml.ScalarNode:
		if _, ok := plainText(n); ok {
			return nil
		}
		if _, err := scalarValue(n); err != nil {
			return c.stream.fault(n.Line, "%v", err)
		}
	}
	return nil
}

// alias refuses anchors of earlier documents, which the parser still knows
// and which mean nothing to kubectl, and anchors around the alias itself.
func (c *checker) alias(n *yaml.Node) *SyntaxError {
	around, known := c.seen[n.Alias]
	if !known {
		return c.stream.fault(n.Line, "no anchor %q in this document", n.Value)
	}
	if around {
		return c.stream.fault(n.Line, "anchor %q contains itself", n.Value)
	}
	return nil
}

func (c *checker) mapping(n *yaml.Node) *SyntaxError {
	keys, numbers := newNames(len(n.Content)/2), map[string]bool(nil)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		for _, child := range []*yaml.Node{key, value} {
			if err := c.node(child); err != nil {
				return err
			}
		}
		if isMerge(key) {
			c.merges = true
			if _, ok := mergedMappings(value); !ok {
				return c.stream.fault(value.Line, "what a merge key takes is a mapping, or a list of them")
			}
			continue
		}
		name, ok := keyText(key)
		if !ok {
			return c.stream.fault(key.Line, "a key is text, a number or a boolean, which this is not")
		}
		if key.ShortTag() != "!!str" {
			if numbers == nil {
				numbers = map[string]bool{}
			}
			numbers[name] = true
		}
		switch known := !keys.add(name); {
		case known && numbers[name]: // kubectl takes 1 or "1", by chance
			return c.stream.fault(key.Line, "key %q is given again, and is not text each time", name)
		case known:
			c.stream.repeats(key.Line, name)
		}
	}
	return nil
}

// fewNames are fewer than a set of them is worth.
const fewNames = 12

// names are the keys of one mapping.
type names struct {
	few  [fewNames]string
	n    int
	many map[string]bool
}

func newNames(most int) *names {
	if most <= fewNames {
		return &names{}
	}
	return &names{many: make(map[string]bool, most)}
}

// add reports whether the name is new.
func (k *names) add(name string) bool {
	if k.many != nil {
		known := k.many[name]
		k.many[name] = true
		return !known
	}
	if slices.Contains(k.few[:k.n], name) {
		return false
	}
	k.few[k.n] = name
	k.n++
	return true
}
