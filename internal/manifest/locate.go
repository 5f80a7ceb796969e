package manifest

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// span is the text of a scalar: with its quotes where it has some, without
// tag and anchor, and of a block scalar the lines below the indicator.
type span struct{ start, end int }

var (
	errNotFound = errors.New("its text is not where the parser says")
	errBlock    = errors.New("a block scalar with line breaks around its text")
)

// locate finds the text of a scalar or an alias from where the parser says
// that it begins. The parser does not say where it ends.
func (t *text) locate(n *yaml.Node) (span, error) {
	start, ok := t.offset(n.Line, n.Column)
	if !ok {
		return span{}, errNotFound
	}
	start = t.skipProperties(start)
	rest := t.data[start:]
	switch {
	case n.Kind == yaml.AliasNode:
		if !bytes.HasPrefix(rest, []byte("*"+n.Value)) {
			return span{}, errNotFound
		}
		return span{start, start + 1 + len(n.Value)}, nil
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return t.quotedSpan(start, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return t.quotedSpan(start, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return t.blockSpan(start, n.Value)
	}
	return t.match(start, n.Value)
}

// skipProperties returns where the content begins behind anchor and tag, which
// may be followed by a comment and stand on a line of their own.
func (t *text) skipProperties(at int) int {
	for at < len(t.data) && (t.data[at] == '&' || t.data[at] == '!') {
		for at < len(t.data) && spaceLen(t.data[at:]) == 0 {
			at++
		}
		at = t.skipSpace(at)
		for at < len(t.data) && t.data[at] == '#' {
			at = t.skipSpace(t.lineEnd(at))
		}
	}
	return at
}

func (t *text) skipSpace(at int) int {
	for at < len(t.data) {
		n := spaceLen(t.data[at:])
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

// quotedSpan goes to the closing quote. In double quotes a backslash hides the
// next character; in single ones two quotes are one, and reading them as an
// end and a beginning comes to the same.
func (t *text) quotedSpan(start int, quote byte) (span, error) {
	data := t.data
	if start >= len(data) || data[start] != quote {
		return span{}, errNotFound
	}
	for i := start + 1; i < len(data); i++ {
		switch {
		case quote == '"' && data[i] == '\\':
			i++
		case data[i] == quote && quote == '\'' && i+1 < len(data) && data[i+1] == quote:
			i++
		case data[i] == quote:
			return span{start, i + 1}, nil
		}
	}
	return span{}, errNotFound
}

// blockSpan finds the text below the indicator. Breaks around the text, as
// those that | and > keep without a minus, are not for a value of one line.
func (t *text) blockSpan(start int, value string) (span, error) {
	if start >= len(t.data) || (t.data[start] != '|' && t.data[start] != '>') {
		return span{}, errNotFound
	}
	if strings.TrimSpace(value) != value {
		return span{}, errBlock
	}
	return t.match(t.skipSpace(t.lineEnd(start)), value)
}

// match walks over the text that has been read as the value: the same
// characters, with other spaces and breaks where lines were folded.
func (t *text) match(start int, value string) (span, error) {
	at, rest := start, []byte(value)
	for {
		rest = skipSpaces(rest)
		if len(rest) == 0 {
			break
		}
		at = t.skipSpace(at)
		_, size := utf8.DecodeRune(rest)
		if !bytes.HasPrefix(t.data[at:], rest[:size]) {
			return span{}, errNotFound
		}
		at, rest = at+size, rest[size:]
	}
	if at == start {
		return span{}, errNotFound
	}
	return span{start, at}, nil
}

func skipSpaces(b []byte) []byte {
	for {
		n := spaceLen(b)
		if n == 0 {
			return b
		}
		b = b[n:]
	}
}
