package manifest

import (
	"strings"
	"testing"
)

// replaceAll gives all texts of "image" keys the value, and returns the pieces.
func replaceAll(t *testing.T, s *Stream, value string) []piece {
	t.Helper()
	var changes []change
	for _, d := range s.Documents() {
		for _, path := range texts(d.Object) {
			if path[len(path)-1] == "image" {
				if err := d.Replace(path, value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, r := range s.roots {
		values, _ := s.chooseValues(r)
		changes = append(changes, textsToRewrite(r, values)...)
	}
	pieces, err := s.piecesOf(changes)
	if err != nil || len(pieces) == 0 {
		t.Fatalf("pieces %v, error %v", pieces, err)
	}
	return pieces
}

// A file is read again but where its bytes show enough. Either way the result is the same,
// so what is looked at is which way it takes.
func TestFilesThatNeedNotBeReadAgain(t *testing.T) {
	const value = "nginx:1.3"
	for name, tc := range map[string]struct {
		in   string
		want bool
	}{
		"a line":                       {"image: nginx:1.2\n", true},
		"lines of several documents":   {"---\nimage: nginx:1.2\n---\nspec:\n  image: nginx:1.2\n", true},
		"an item's first key":          {"containers:\n- image: nginx:1.2\n  name: x\n- - image: nginx:1.2\n", true},
		"with a comment":               {"image: nginx:1.2  # 'c\n", true},
		"with spaces":                  {"image:   nginx:1.2   \n", true},
		"with quotes":                  {"image: \"nginx:1.2\" # c\n", true},
		"with single quotes":           {"image: 'nginx:1.2'", true},
		"with Windows line ends":       {"image: nginx:1.2\r\na: b\r\n", true},
		"behind a byte order mark":     {"\ufeffimage: nginx:1.2\n", true},
		"beside other styles":          {"image: nginx:1.2\na: >\n  image: nginx:1.2\nb: {c: [d]}\n", true},
		"in a flow mapping":            {"{image: nginx:1.2}\n", false},
		"in lines of a flow mapping":   {"a: {\n  image: nginx:1.2\n }\n", false},
		"in JSON":                      {"{\"image\": \"nginx:1.2\"}", false},
		"below a flow sequence's item": {"a: [image: nginx:1.2]\n", false},
		"folded":                       {"image:\n  nginx:1.2\n", false},
		"with an escape":               {"image: \"nginx:1\\x2e2\"\n", false},
		"on two lines":                 {"image: \"a\n  b\"\n", false},
		"a block scalar":               {"image: >-\n  nginx:1.2\n", false},
		"with a tag":                   {"image: !!str nginx:1.2\n", false},
		"with an anchor":               {"image: &a nginx:1.2\nb: *a\n", false},
		"with a tab":                   {"image: nginx:1.2\t# c\n", false},
		"behind a tab":                 {"image:\tnginx:1.2\n", false},
		"a quoted key":                 {"\"image\": nginx:1.2\n", false},
		"a key with an anchor":         {"&a image: nginx:1.2\n", false},
		"a question mark's key":        {"? image\n: nginx:1.2\n", false},
		"other line breaks":            {"a: \"b\u2028\"\nimage: nginx:1.2\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Parse("f", []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			pieces := replaceAll(t, s, value)
			out := s.splice(pieces)
			if got := s.onlyLinesDiffer(out, pieces); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			if err := s.verify(out, s.wanted(nil)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A new text that does not read as itself everywhere is not judged by bytes.
func TestValuesThatAreReadAgain(t *testing.T) {
	for _, value := range []string{"a: b", "a #b", "12", "off", "é", "'a'", "a\\", "[a]"} {
		for _, in := range []string{"image: a\n", "image: 'a'\n", "image: \"a\"\n"} {
			s, err := Parse("f", []byte(in))
			if err != nil {
				t.Fatal(err)
			}
			pieces := replaceAll(t, s, value)
			if s.onlyLinesDiffer(s.splice(pieces), pieces) {
				t.Errorf("%q with %q", in, value)
			}
		}
	}
}

// Should a replacement go wrong, its bytes do not pass.
func TestWrongResultsAreFoundByTheirBytes(t *testing.T) {
	const in = "a: b # nginx:1.2\nspec:\n- image: nginx:1.2 # c\n- image: 'nginx:1.2'\nlast: x\n"
	const good = "a: b # nginx:1.2\nspec:\n- image: nginx:1.3 # c\n- image: 'nginx:1.3'\nlast: x\n"
	s, err := Parse("f", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	pieces := replaceAll(t, s, "nginx:1.3")
	if !s.onlyLinesDiffer([]byte(good), pieces) {
		t.Fatal("the right result does not pass")
	}
	for name, change := range map[string][2]string{
		"the text before":        {"a: b", "a: c"},
		"a comment":              {"# c", "# d"},
		"the text between":       {"\n- image: '", "\n-  image: '"},
		"the text behind":        {"last: x", "last: y"},
		"more behind":            {"last: x\n", "last: x\nmore: y\n"},
		"less behind":            {"last: x\n", ""},
		"another value":          {"nginx:1.3 #", "nginx:1.4 #"},
		"a value that is longer": {"nginx:1.3 #", "nginx:1.3.1 #"},
		"the old value":          {"nginx:1.3 #", "nginx:1.2 #"},
		"a quote is gone":        {"nginx:1.3'", "nginx:1.3"},
		"a space is gone":        {"nginx:1.3 #", "nginx:1.3#"},
		"all":                    {good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Replace(good, change[0], change[1], 1)
			if wrong == good || s.onlyLinesDiffer([]byte(wrong), pieces) {
				t.Errorf("%q passes", wrong)
			}
		})
	}
	t.Run("a node that is taken for another of the same text", func(t *testing.T) {
		shifted := append([]piece{}, pieces...)
		node := *shifted[0].node
		node.Line, node.Column = 1, 8
		shifted[0].node, shifted[0].span = &node, span{7, 16}
		if s.onlyLinesDiffer(s.splice(shifted), shifted) {
			t.Error("it passes")
		}
	})
	t.Run("a new text that is rendered wrong", func(t *testing.T) {
		wrong := append([]piece{}, pieces...)
		wrong[0].text = "nginx:1.4"
		if s.onlyLinesDiffer(s.splice(wrong), wrong) {
			t.Error("it passes")
		}
	})
}

// Lines are read by the parser once more, and so is what precedes a wrong key or value.
func TestLinesAreReadAgain(t *testing.T) {
	s, err := Parse("f", []byte("image: nginx:1.2\n"))
	if err != nil {
		t.Fatal(err)
	}
	pieces := replaceAll(t, s, "nginx:1.3")
	for lines, want := range map[string]bool{
		"- image: nginx:1.3\n":                     true,
		"- image: 'nginx:1.3' # c\n":               true,
		"- image: nginx:1.2\n":                     false,
		"- name: nginx:1.3\n":                      false,
		"- image: nginx:1.3\n- image: nginx:1.3\n": false,
		"- image: nginx:1.3\n  a: b\n":             false,
		"- image: [nginx:1.3]\n":                   false,
		"- image: nginx:1.3: x\n":                  false,
		"- image: nginx:1.3\n---\n- image: x\n":    false,
		"image: nginx:1.3\n":                       false,
		"- image\n":                                false,
		"":                                         false,
	} {
		if got := readAs([]byte(lines), pieces); got != want {
			t.Errorf("%q: got %v, want %v", lines, got, want)
		}
	}
}
