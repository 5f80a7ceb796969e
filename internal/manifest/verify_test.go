package manifest

import (
	"strings"
	"testing"
)

// Bytes has no result that reads differently from what was asked for, should a
// place have been taken for another.
func TestVerifyFindsOtherChanges(t *testing.T) {
	s, err := Parse("f", []byte("a: b\nc: d\n---\ne: f\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.docs[0].Replace([]any{"a"}, "x"); err != nil {
		t.Fatal(err)
	}
	wanted := s.wanted(nil)
	for name, tc := range map[string]struct{ out, want string }{
		"as wanted":          {"a: x\nc: d\n---\ne: f\n", ""},
		"another value":      {"a: x\nc: x\n---\ne: f\n", "more than the replaced values differs"},
		"not replaced":       {"a: b\nc: d\n---\ne: f\n", "more than the replaced values differs"},
		"a document is gone": {"a: x\nc: d\n", "more than the replaced values differs"},
		"no YAML any more":   {"a: x: y\n", "not YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.verify([]byte(tc.out), wanted)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// A node that stands elsewhere than the parser says is not rewritten.
func TestSpliceRefusesWrongPlaces(t *testing.T) {
	const in = "plain: a\nsingle: 'b'\ndouble: \"c\"\nblock: |-\n  d\nalias: [&a e, *a]\n"
	for _, shift := range []struct{ line, column int }{{1, 0}, {0, 2}, {0, 100}, {-1, 0}, {100, 0}} {
		s, err := Parse("f", []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range [][]any{{"plain"}, {"single"}, {"double"}, {"block"}, {"alias", 1}} {
			node := findNode(s.roots[0].node, path)
			node.Line, node.Column = node.Line+shift.line, node.Column+shift.column
			if pieces, err := s.piecesOf([]change{{node, "x", nil}}); err == nil {
				t.Errorf("%s, shifted by %v: got %q", pathText(path), shift, s.splice(pieces))
			}
		}
	}
}
