package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// renderScalar writes the value in the style of the node it replaces; an alias is
// replaced by bare text. Quotes are put around text that would not be text
// without.
func renderScalar(n *yaml.Node, value string) string {
	switch {
	case n.Kind == yaml.AliasNode:
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return strconv.Quote(value)
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return value
	}
	if isBare(value) {
		return value
	}
	return strconv.Quote(value)
}

// isBare reports whether text needs no quotes anywhere in YAML, flow collections included,
// and is taken for a number by no reader, as 1:20 was by some: it has a letter, and a colon in
// it is followed by more.
func isBare(value string) bool {
	letters := 0
	for i := range len(value) {
		switch c := value[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letters++
		case '0' <= c && c <= '9':
		case i == 0:
			return false
		case c == ':' && i+1 < len(value) && value[i+1] != ':':
		case strings.IndexByte("._/@+-", c) >= 0:
		default:
			return false
		}
	}
	if letters == 0 {
		return false
	}
	text, err := plainValue(value)
	return err == nil && text == any(value)
}
