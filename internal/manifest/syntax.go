package manifest

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// SyntaxError says why a file is no stream of manifests.
type SyntaxError struct {
	// File is the name that Parse was given.
	File string
	// Line is where, counted from 1.
	Line int
	// Reason is one clause.
	Reason string
}

// Error gives file, line and reason, as compilers do.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
}

func (s *Stream) fault(line int, format string, args ...any) *SyntaxError {
	reason := fmt.Sprintf(format, args...)
	return &SyntaxError{File: s.name, Line: line, Reason: reason + s.wayOut(line, reason)}
}

// wayOut ends the reason for a line with what to do about it, where that is known.
func (s *Stream) wayOut(line int, reason string) string {
	text := s.lineText(line)
	switch {
	case strings.Contains(text, "{{"), strings.Contains(text, "{%"), strings.Contains(text, "<%"):
		return "; a template has to be filled in first, as by helm template"
	case strings.HasSuffix(reason, "found unknown escape character"):
		return `; \ is written as it is in single quotes, and as \\ in double ones`
	case strings.HasPrefix(strings.TrimLeft(text, " "), "\t"):
		return "; YAML is indented with blanks, not with tabs"
	default:
		return ""
	}
}

// lineText is a line by its number; empty where there is none.
func (s *Stream) lineText(line int) string {
	lines := s.text.lines
	if line < 1 || line > len(lines) {
		return ""
	}
	end := len(s.text.data)
	if line < len(lines) {
		end = lines[line]
	}
	return string(s.text.data[lines[line-1]:end])
}

// orNil keeps a nil *SyntaxError from becoming an error that is not nil.
func orNil(err *SyntaxError) error {
	if err == nil {
		return nil
	}
	return err
}

// checkText refuses what has no characters to find places in. The parser
// takes UTF-16 too, and counts in bytes of its own then.
func (s *Stream) checkText() error {
	data := s.text.data
	if utf8.Valid(data) {
		return nil
	}
	offset := 0
	for {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size <= 1 {
			return s.fault(s.text.line(offset), "not UTF-8 text")
		}
		offset += size
	}
}

// yamlFault finds the line of the parser's error. What the parser names is
// often where the surrounding mapping begins, or nothing, so it is asked
// again: the line is the first one whose presence gives the error.
func (s *Stream) yamlFault(err error) *SyntaxError {
	lines := s.text.lines
	fails := func(n int) bool {
		end := len(s.text.data)
		if n+1 < len(lines) {
			end = lines[n+1]
		}
		_, again := decodeYAML(s.text.yaml(end))
		return again != nil && again.Error() == err.Error()
	}
	line := 1 + sort.Search(len(lines)-1, fails)
	return s.fault(line, "not YAML: %s", problem(err))
}

// problem returns the parser's words without the places that they begin with.
func problem(err error) string {
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(words, "line "); ok {
		if _, after, found := strings.Cut(rest, ": "); found {
			return after
		}
	}
	return words
}
