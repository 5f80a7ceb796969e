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
	if len(s) <= n && isPrintableASCII(s) {
		return s // as nearly all names and images are: nothing is copied
	}
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

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
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

// Replace cuts a text to at most n characters, with U+FFFD in place of what does not
// print.
func Replace(s string, n int) string {
	return Cut(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s), n)
}

// OneLine cuts a text to at most n characters, without what cannot be seen, and with
// blanks in place of line ends.
func OneLine(text string, n int) string {
	text = text[:min(len(text), 4*n+4)] // no more than four bytes each
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text))
	if len(runes) > n {
		runes = append(runes[:n-1], '…')
	}
	return string(runes)
}

// Count is a number with its noun: "1 vote", "2 votes". The plural of the noun ends in
// an s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Digest cuts a digest to its algorithm and at most n digits, which is enough to tell two
// apart.
func Digest(digest string, n int) string {
	algorithm, digits, ok := strings.Cut(digest, ":")
	if !ok || len(digits) <= n {
		return digest
	}
	return algorithm + ":" + digits[:n]
}
