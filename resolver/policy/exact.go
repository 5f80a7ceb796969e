package policy

import (
	"regexp/syntax"
	"strings"
)

// names reports a pattern that matches this text alone.
func (p *pattern) names(text string) bool { return text != "" && p.exact == text }

// exactText is the one text that a regexp matches, as in ^1\.2$; empty where
// there are more.
func exactText(expression string) string {
	if strings.ContainsAny(expression, "*+?{[|") || strings.Contains(strings.ToLower(expression), `\p`) {
		return "" // and need not be read again
	}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	parts := flattened(nil, tree)
	if len(parts) < 3 || parts[0].Op != syntax.OpBeginText || parts[len(parts)-1].Op != syntax.OpEndText {
		return ""
	}
	var text []rune
	for _, part := range parts[1 : len(parts)-1] {
		if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
			return ""
		}
		text = append(text, part.Rune...)
	}
	return string(text)
}

// flattened takes groups and sequences apart.
func flattened(parts []*syntax.Regexp, tree *syntax.Regexp) []*syntax.Regexp {
	if tree.Op != syntax.OpCapture && tree.Op != syntax.OpConcat {
		return append(parts, tree)
	}
	for _, sub := range tree.Sub {
		parts = flattened(parts, sub)
	}
	return parts
}
