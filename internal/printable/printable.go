// Package printable makes text of others fit for a line of a message, a log or a
// terminal.
package printable

import (
	"strconv"
	"strings"
	"unicode"
)

// Escape cuts a text to at most n characters, escaping what does not print.
func Escape(s string, n int) string {
	var b strings.Builder
	// No more than four bytes a character: what is beyond is cut in any case.
	for _, r := range s[:min(len(s), 4*n+4)] {
		if strconv.IsGraphic(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return Cut(b.String(), n)
}

// Cut shortens a text to at most n characters.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s[:min(len(s), 4*n+4)])
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// Replace keeps a text that quotes somebody's input on one line, and bounded.
func Replace(s string, n int) string {
	return Cut(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s), n)
}
