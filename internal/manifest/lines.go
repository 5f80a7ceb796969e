package manifest

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// onlyLinesDiffer reports whether it is plain from the bytes of the result that nothing
// but the replaced values reads differently. Then the file need not be read again, which
// takes as long as to read it first. It is plain where each replaced text is all that a line
// gives to its key, `key: text` with at most a comment behind it: what the parser has
// read before is the same, and behind the text it is where it was before, at the end of
// a line. The lines themselves are read again.
func (s *Stream) onlyLinesDiffer(out []byte, pieces []piece) bool {
	if s.text.otherBreaks {
		return false
	}
	var lines []byte
	before, end, at := s.text.data, 0, 0
	for _, p := range pieces {
		unchanged := before[end:p.start]
		if !s.fillsLine(&p) || !bytes.HasPrefix(out[at:], unchanged) {
			return false
		}
		at += len(unchanged)
		lines = appendMember(lines, out, at)
		if !bytes.HasPrefix(out[at:], []byte(p.text)) {
			return false
		}
		at, end = at+len(p.text), p.end
	}
	return bytes.Equal(out[at:], before[end:]) && readAs(lines, pieces)
}

// fillsLine reports whether the old text is all that its line gives to its key, in a way
// that is read the same whatever else the file holds, and whether the new text is of the same
// kind.
func (s *Stream) fillsLine(p *piece) bool {
	if p.key == nil || !isPlainKey(p.key) || p.node.Anchor != "" || !isBare(p.value) {
		return false
	}
	quote := ""
	switch p.node.Style {
	case 0:
	case yaml.DoubleQuotedStyle:
		quote = `"`
	case yaml.SingleQuotedStyle:
		quote = "'"
	default:
		return false
	}
	start, lineEnd := s.text.lines[p.node.Line-1], s.text.lineEnd(p.start)
	if p.start < start || p.end > lineEnd {
		return false
	}
	line := s.text.data[start:lineEnd]
	before, text, behind := line[:p.start-start], line[p.start-start:p.end-start], line[p.end-start:]
	key, ok := strings.CutSuffix(strings.TrimRight(string(before), " "), ":")
	if !ok || strings.TrimLeft(key, " -") != p.key.Value || len(key)+1 == len(before) {
		return false
	}
	comment := bytes.TrimLeft(behind, " ")
	return string(text) == quote+p.node.Value+quote && p.text == quote+p.value+quote &&
		(len(comment) == 0 || comment[0] == '#' && len(comment) < len(behind))
}

// isPlainKey reports whether a key is a word without quotes, tag and anchor.
func isPlainKey(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Style == 0 && key.Anchor == "" && isBare(key.Value)
}

// appendMember adds the line of an offset as an item of a list, without what precedes
// its key.
func appendMember(lines, data []byte, at int) []byte {
	start := bytes.LastIndexByte(data[:at], '\n') + 1
	line, _, _ := bytes.Cut(data[start:], []byte("\n"))
	lines = append(lines, "- "...)
	lines = append(lines, bytes.TrimLeft(bytes.TrimSuffix(line, []byte("\r")), " -\ufeff")...)
	return append(lines, '\n')
}

// readAs reports whether the lines are read as the keys of the pieces, each with its new
// value.
func readAs(lines []byte, pieces []piece) bool {
	documents, err := decodeYAML(lines)
	if err != nil || len(documents) != 1 || len(documents[0].Content[0].Content) != len(pieces) {
		return false
	}
	for i, item := range documents[0].Content[0].Content {
		if item.Kind != yaml.MappingNode || len(item.Content) != 2 || item.Content[0].Value != pieces[i].key.Value {
			return false
		}
		if text, ok := textOf(item.Content[1]); !ok || text != pieces[i].value {
			return false
		}
	}
	return true
}
