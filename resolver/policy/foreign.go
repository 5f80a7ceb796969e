package policy

import (
	"fmt"
	"regexp/syntax"
	"unicode"
)

// foreignRune is a character that a regexp cannot match without and that no tag has, as the
// backslash of ^\\d+$: in quotes that keep it, the text of other tools. It is false where a
// tag may match.
func foreignRune(tree *syntax.Regexp) (rune, bool) {
	switch tree.Op {
	case syntax.OpLiteral:
		for _, r := range tree.Rune {
			if !inTags(r, tree.Flags&syntax.FoldCase != 0) {
				return r, true
			}
		}
	case syntax.OpCharClass:
		if len(tree.Rune) > 0 && !classInTags(tree.Rune) {
			return tree.Rune[0], true
		}
	case syntax.OpAlternate:
		return foreignToAll(tree.Sub)
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		return foreignToOne(tree.Sub)
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return foreignToOne(tree.Sub)
		}
	}
	return 0, false
}

func foreignToOne(parts []*syntax.Regexp) (rune, bool) {
	for _, part := range parts {
		if r, foreign := foreignRune(part); foreign {
			return r, true
		}
	}
	return 0, false
}

func foreignToAll(parts []*syntax.Regexp) (first rune, all bool) {
	for i, part := range parts {
		r, foreign := foreignRune(part)
		if !foreign {
			return 0, false
		}
		if i == 0 {
			first = r
		}
	}
	return first, len(parts) > 0
}

func inTags(r rune, anyCase bool) bool {
	if r < unicode.MaxASCII && tagCharacter[r] {
		return true
	}
	if anyCase {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if inTags(other, false) {
				return true
			}
		}
	}
	return false
}

// classInTags reports whether one of the ranges, each its first and last, has a tag's
// character.
func classInTags(ranges []rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= min(ranges[i+1], unicode.MaxASCII); r++ {
			if inTags(r, false) {
				return true
			}
		}
	}
	return false
}

// ofTags refuses a regexp that no tag can match.
func (c *compiled) ofTags() error {
	if c.foreign == 0 {
		return nil
	}
	return fmt.Errorf("it matches nothing without %q, which is in no tag; allowed: a regular expression for letters, digits, '.', '_' and '-'", c.foreign)
}
