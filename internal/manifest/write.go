package manifest

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// bare is text that needs no quotes anywhere in YAML, flow collections
// included, and that no reader takes for a number, as 1:20 was one to some:
// it has a letter, and a colon in it is followed by more.
var bare = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/@+-]|:[A-Za-z0-9._/@+-])*$`)

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

func isBare(value string) bool {
	if !bare.MatchString(value) || !strings.ContainsAny(strings.ToLower(value), "abcdefghijklmnopqrstuvwxyz") {
		return false
	}
	v, err := plainValue(value)
	s, ok := v.(string)
	return err == nil && ok && s == value
}
