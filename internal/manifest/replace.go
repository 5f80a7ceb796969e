package manifest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Replace gives the text at the path the value, in what Bytes and JSON return
// later. The path's elements are strings for keys and ints for indexes. The
// value is one line of printable text. An error means that nothing is
// replaced: there is no text at the path, or it cannot be rewritten in place.
func (d *Document) Replace(path []any, value string) error {
	whole := append(append([]any{}, d.prefix...), path...)
	site := findNode(d.root.node, whole)
	if site == nil {
		return fmt.Errorf("replacing %s: nothing there", pathText(path))
	}
	old, ok := textOf(site)
	if !ok {
		return d.refused(site, path, errors.New("not text"))
	}
	if err := checkValue(value); err != nil {
		return d.refused(site, path, err)
	}
	if _, err := d.stream.text.locate(site); err != nil {
		return d.refused(site, path, err)
	}
	d.forget(whole)
	if value != old {
		d.edits = append(d.edits, edit{path: whole, site: site, value: value})
	}
	return nil
}

func (d *Document) refused(site *yaml.Node, path []any, err error) error {
	return fmt.Errorf("replacing %s at %s:%d: %w", pathText(path), d.stream.name, site.Line, err)
}

// forget drops an earlier replacement of the same text.
func (d *Document) forget(path []any) {
	pointer := pointerTo(path)
	for i, e := range d.edits {
		if pointerTo(e.path) == pointer {
			d.edits = append(d.edits[:i], d.edits[i+1:]...)
			return
		}
	}
}

// textOf returns the text that a node gives; ok is false where it gives
// something else.
func textOf(n *yaml.Node) (s string, ok bool) {
	n = aliasTarget(n)
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	if text, ok := plainText(n); ok {
		return text, true
	}
	v, err := scalarValue(n)
	if err != nil {
		return "", false
	}
	s, ok = v.(string)
	return s, ok && s == n.Value
}

// checkValue refuses what one of the styles of YAML cannot carry unchanged.
func checkValue(value string) error {
	if value == "" {
		return errors.New("the new value is empty")
	}
	if strings.TrimSpace(value) != value {
		return errors.New("the new value has spaces around it")
	}
	for _, r := range value {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return fmt.Errorf("the new value has the character %U", r)
		}
	}
	return nil
}

// pathText writes a path as people do: spec.containers[0].image.
func pathText(path []any) string {
	var b strings.Builder
	for _, element := range path {
		switch element := element.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", element)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, element)
		}
	}
	return b.String()
}

// pointerTo makes a path comparable. No key can be taken for an index: at one
// place there is either a mapping or a list.
func pointerTo(path []any) string {
	var pointer []byte
	for _, element := range path {
		pointer = appendPointer(pointer, element)
	}
	return string(pointer)
}

func appendPointer(pointer []byte, element any) []byte {
	switch element := element.(type) {
	case string:
		return strconv.AppendQuote(append(pointer, '/'), element)
	case int:
		return strconv.AppendInt(append(pointer, '/'), int64(element), 10)
	}
	return pointer
}
