package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize is what a ConfigMap or Secret may hold; maxDepth is twice what a
// format needs. Up to maxSearch the line of a syntax error is searched for.
const (
	maxSize   = 1 << 20
	maxDepth  = 16
	maxSearch = 128 << 10
)

// document is the one document of the file, found to be free of what makes YAML
// dangerous; false where there is none.
func (r *Reader) document(data []byte) (Value, bool) {
	wholeFile := "one YAML mapping with apiVersion: " + r.format.APIVersion + " and kind: " + r.format.Kind
	if len(data) > maxSize {
		r.Add(Fault{Line: 1, Problem: fmt.Sprintf("the file has %d bytes", len(data)), Allowed: fmt.Sprintf("up to %d", maxSize)})
		return Value{}, false
	}
	if line := notText(data); line > 0 {
		r.Add(Fault{Line: line, Problem: "not UTF-8 text"})
		return Value{}, false
	}
	documents, err := decodeDocuments(data)
	switch {
	case err != nil:
		r.Add(Fault{Line: errorLine(data, err), Problem: "not YAML: " + words(err)})
		return Value{}, false
	case len(documents) == 0, empty(documents[0]):
		r.Add(Fault{Line: 1, Problem: "the file is empty", Allowed: wholeFile})
		return Value{}, false
	case len(documents) > 1:
		r.Add(Fault{Line: max(1, documents[1].Line), Problem: "a second document begins here", Allowed: wholeFile})
		return Value{}, false
	}
	root := documents[0].Content[0]
	if root.Kind != yaml.MappingNode {
		// It is not known what it is, so it is not shown: it may be a password file.
		r.Add(Fault{Line: root.Line, Problem: "no mapping", Allowed: wholeFile})
		return Value{}, false
	}
	return Value{Node: root}, r.tame(root, 0)
}

// decodeDocuments reads the documents of a file, no more than two. It expands nothing:
// an alias is a node like others.
func decodeDocuments(data []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var documents []*yaml.Node
	for len(documents) < 2 {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		documents = append(documents, &node)
	}
	return documents, nil
}

func empty(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null"
}

// tame refuses anchors, aliases and depth, wherever they stand, under unknown
// keys too.
func (r *Reader) tame(node *yaml.Node, depth int) bool {
	if depth > maxDepth {
		r.Add(Fault{Line: node.Line, Problem: fmt.Sprintf("nested deeper than %d levels", maxDepth)})
		return false
	}
	good := true
	if node.Anchor != "" || node.Kind == yaml.AliasNode {
		r.Add(Fault{Line: node.Line, Problem: noAnchors})
		good = false
	}
	for _, inner := range node.Content {
		good = r.tame(inner, depth+1) && good
	}
	return good
}

const noAnchors = "anchors and aliases (& and *) have no place here; put a text that begins with one in quotes"

// notText is the line of the first byte that is no UTF-8; 0 where all is.
func notText(data []byte) int {
	line := 1
	for len(data) > 0 {
		char, size := utf8.DecodeRune(data)
		switch {
		case char == utf8.RuneError && size <= 1:
			return line
		case char == '\n':
			line++
		}
		data = data[size:]
	}
	return 0
}

// errorLine is the line of a parser's error. What the parser names is often
// where the surrounding mapping begins, or nothing; so it is asked again: the
// line is the first one up to which the file gives the error. A large file may
// take the parser a second each time, so there its word is taken.
func errorLine(data []byte, err error) int {
	if len(data) > maxSearch {
		var line int
		if _, bad := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); bad != nil {
			return 1
		}
		return min(max(1, line), 1+bytes.Count(data, []byte("\n")))
	}
	var ends []int
	for line := range bytes.Lines(data) {
		end := len(line)
		if len(ends) > 0 {
			end += ends[len(ends)-1]
		}
		ends = append(ends, end)
	}
	found := sort.Search(len(ends), func(i int) bool {
		_, again := decodeDocuments(data[:ends[i]])
		return again != nil && again.Error() == err.Error()
	})
	return min(found+1, len(ends))
}

// words are the parser's, without the place, which it knows less well. An
// unknown alias is put in ours: an unquoted password may look like one, and the
// parser repeats it.
func words(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if _, after, found := strings.Cut(rest, ": "); found {
			text = after
		}
	}
	if strings.Contains(text, "anchor") {
		return noAnchors
	}
	return text
}
