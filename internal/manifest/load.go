package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds nesting in JSON; the YAML parser has the same bound.
const maxDepth = 10000

// loadYAML reads the file's documents.
func (s *Stream) loadYAML() ([]*yaml.Node, *SyntaxError) {
	nodes, err := decodeYAML(s.text.yaml(len(s.text.data)))
	if err != nil {
		return nil, s.yamlFault(err)
	}
	return nodes, nil
}

func decodeYAML(data []byte) ([]*yaml.Node, error) {
	var nodes []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nodes, nil
		}
		if err != nil {
			return nil, err
		}
		if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
			nodes = append(nodes, &node)
		}
	}
}

// jsonReader reads JSON into the nodes that YAML would give.
type jsonReader struct {
	stream  *Stream
	decoder *json.Decoder
}

var errDepth = errors.New("exceeded max depth")

// loadJSON reads the file as JSON values, one after the other.
func (s *Stream) loadJSON() ([]*yaml.Node, *SyntaxError) {
	r := &jsonReader{stream: s, decoder: json.NewDecoder(bytes.NewReader(s.text.body()))}
	r.decoder.UseNumber()
	var nodes []*yaml.Node
	for {
		node, err := r.value(0)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nodes, nil
		}
		if err != nil {
			return nil, r.fault(err)
		}
		nodes = append(nodes, &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{node}})
	}
}

func (r *jsonReader) fault(err error) *SyntaxError {
	offset := r.decoder.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = max(offset, syntax.Offset)
	}
	line := r.stream.text.line(r.offset(offset))
	return r.stream.fault(line, "not JSON: %v", err)
}

// offset turns the decoder's offset into the file's.
func (r *jsonReader) offset(decoded int64) int {
	t := r.stream.text
	return min(t.lines[0]+int(decoded), len(t.data))
}

// value reads one value. io.EOF means that there is none; inside of a value
// the end of the file is io.ErrUnexpectedEOF.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	start := r.next()
	token, err := r.decoder.Token()
	if err != nil {
		return nil, inside(err, depth)
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	t := r.stream.text
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: t.line(start), Column: t.column(start)}
	switch token := token.(type) {
	case json.Delim:
		node.Kind, node.Style = yaml.SequenceNode, yaml.FlowStyle
		if token == '{' {
			node.Kind = yaml.MappingNode
		}
		return node, r.content(node, depth)
	case string:
		node.Style, node.Tag, node.Value = yaml.DoubleQuotedStyle, "!!str", token
	default:
		node.Value = string(t.data[start:r.offset(r.decoder.InputOffset())])
	}
	return node, nil
}

// content reads the values of an object or an array, and its end. The decoder
// gives an object's keys as strings, and refuses any other key.
func (r *jsonReader) content(node *yaml.Node, depth int) error {
	for r.decoder.More() {
		child, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		node.Content = append(node.Content, child)
	}
	_, err := r.decoder.Token()
	return inside(err, depth+1)
}

func inside(err error, depth int) error {
	if depth > 0 && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next returns where the next token begins.
func (r *jsonReader) next() int {
	data := r.stream.text.data
	at := r.offset(r.decoder.InputOffset())
	for at < len(data) && bytes.IndexByte([]byte(" \t\r\n,:"), data[at]) >= 0 {
		at++
	}
	return at
}
