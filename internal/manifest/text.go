package manifest

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// text is a file's bytes and where its lines begin.
type text struct {
	data []byte
	// lines are the offsets of the lines. That of one that begins with a byte order mark,
	// where a document may begin, is behind it.
	lines []int
	// marks are the offsets of such marks but the one at the beginning.
	marks []int
	// otherBreaks says that lines also end otherwise than in a line feed.
	otherBreaks bool
}

func newText(data []byte) *text {
	t := &text{data: bytes.Clone(data)}
	start := 0
	if bytes.HasPrefix(data, byteOrderMark) {
		start = len(byteOrderMark)
	}
	t.lines = []int{start}
	for i := start; i < len(data); {
		switch data[i] {
		case '\n', '\r', 0xc2, 0xe2: // what a break can begin with
		default:
			i++
			continue
		}
		n := breakLen(data[i:])
		if n == 0 {
			i++
			continue
		}
		i += n
		t.otherBreaks = t.otherBreaks || data[i-1] != '\n'
		if bytes.HasPrefix(data[i:], byteOrderMark) && endsDocument(data[t.lines[len(t.lines)-1]:]) {
			t.marks = append(t.marks, i)
			i += len(byteOrderMark)
		}
		t.lines = append(t.lines, i)
	}
	return t
}

// breakLen returns the length of the line break that b begins with, 0 if
// none. YAML 1.1 knows more breaks than the line feed, and the parser counts
// them all.
func breakLen(b []byte) int {
	if bytes.HasPrefix(b, []byte("\r\n")) {
		return 2
	}
	switch r, size := utf8.DecodeRune(b); r {
	case '\n', '\r', '\u0085', '\u2028', '\u2029':
		return size
	}
	return 0
}

// spaceLen returns the length of the blank or break that b begins with.
func spaceLen(b []byte) int {
	if len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		return 1
	}
	return breakLen(b)
}

// endsDocument reports whether a line is a separator, behind which another document
// begins.
func endsDocument(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("..."))
}

// body is the file without its byte order mark.
func (t *text) body() []byte { return t.data[t.lines[0]:] }

// yaml is the file up to an offset, without the byte order marks that files have which were
// put one behind the other: kubectl reads each document by itself, and the parser would take
// a mark for text.
func (t *text) yaml(end int) []byte {
	start := t.lines[0]
	if len(t.marks) == 0 {
		return t.data[start:end]
	}
	var body []byte
	for _, mark := range t.marks {
		if mark >= end {
			break
		}
		body, start = append(body, t.data[start:mark]...), mark+len(byteOrderMark)
	}
	return append(body, t.data[start:max(start, end)]...)
}

// line returns the line of an offset, counted from 1.
func (t *text) line(offset int) int {
	return max(1, sort.SearchInts(t.lines, offset+1))
}

// column returns how many characters precede the offset on its line, plus 1.
func (t *text) column(offset int) int {
	start := t.lines[t.line(offset)-1]
	return 1 + utf8.RuneCount(t.data[start:offset])
}

// offset returns the place of a line and a column, both counted from 1, the
// column in characters. ok is false where there is none.
func (t *text) offset(line, column int) (offset int, ok bool) {
	if line < 1 || line > len(t.lines) {
		return 0, false
	}
	offset = t.lines[line-1]
	for ; column > 1; column-- {
		if offset >= len(t.data) {
			return 0, false
		}
		_, size := utf8.DecodeRune(t.data[offset:])
		offset += size
	}
	return offset, true
}

// lineEnd returns where the line of the offset ends, before its break.
func (t *text) lineEnd(offset int) int {
	for offset < len(t.data) && breakLen(t.data[offset:]) == 0 {
		offset++
	}
	return offset
}
