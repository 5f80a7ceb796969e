package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/manifest"
)

func TestSyntaxErrorsNameTheLine(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"a tab as indentation":             {"a:\n  b: c\n\td: e\n", "f:3: not YAML: found a tab character that violates indentation; YAML is indented with blanks, not with tabs"},
		"a tab in front of a key":          {"a:\n\tb: c\n", "f:2: not YAML: found character that cannot start any token; YAML is indented with blanks, not with tabs"},
		"a tab elsewhere":                  {"a: b\tc\nd\n", "f:2: not YAML: could not find expected ':'"},
		"a regexp in double quotes":        {"a: b\nc: \"^\\d+$\"\n", `f:2: not YAML: found unknown escape character; \ is written as it is in single quotes, and as \\ in double ones`},
		"a template of Helm as a value":    {"a: b\nname: {{ .Release.Name }}\nc: d\n", "f:2: a key is text, a number or a boolean, which this is not; a template has to be filled in first, as by helm template"},
		"a template of Helm and more":      {"a: b\nc: {{ .Values.image }}:1.2\n", "f:2: not YAML: did not find expected key; a template has to be filled in first, as by helm template"},
		"a block of Jinja":                 {"{% if on %}\na: b\n{% endif %}\n", "f:1: not YAML: found character that cannot start any token; a template has to be filled in first, as by helm template"},
		"a condition of Helm":              {"{{- if .Values.on }}\na: b\n{{- end }}\n", "f:1: not YAML: did not find expected node content; a template has to be filled in first, as by helm template"},
		"a document behind an end":         {"a: b\n...\nc: d\n", "f:3: not YAML: did not find expected <document start>"},
		"objects of JSON below a comment":  {"# c\n{\"a\": 1}\n{\"b\": 2}\n", "f:3: not YAML: did not find expected <document start>"},
		"a key indented too little":        {"spec:\n  containers:\n  - name: a\n    image: b\n   foo: bar\nx: y\n", "f:5: not YAML: did not find expected key"},
		"a key indented too much":          {"a: b\nc: d\n  e: f\ng: h\n", "f:3: not YAML: mapping values are not allowed in this context"},
		"a key without a colon":            {"a: b\nc\nd: e\n", "f:2: not YAML: could not find expected ':'"},
		"a quote that is not closed":       {"a: b\nc: \"d\ne: f\n", "f:2: not YAML: found unexpected end of stream"},
		"a bracket that is not closed":     {"a: b\nc: [d,\ne: f\n", "f:3: not YAML: did not find expected ',' or ']'"},
		"a second document":                {"a: b\n---\nc: d\n---\n- e: f\n g: h\n", "f:6: not YAML: did not find expected '-' indicator"},
		"an unknown anchor":                {"a: b\nc: *d\n", "f:2: not YAML: unknown anchor 'd' referenced"},
		"an anchor of another document":    {"a: &d b\n---\nc: *d\n", `f:3: no anchor "d" in this document`},
		"an anchor that contains itself":   {"a: &d\n  b: *d\n", `f:2: anchor "d" contains itself`},
		"a key that is a mapping":          {"a: b\n? {c: d}\n: e\n", "f:2: a key is text, a number or a boolean, which this is not"},
		"a number and text as a key":       {"1: a\n\"1\": b\n", `f:2: key "1" is given again, and is not text each time`},
		"text and a number as a key":       {"\"1\": a\n1: b\n", `f:2: key "1" is given again, and is not text each time`},
		"a merge key that takes text":      {"a: b\n<<: c\n", "f:2: what a merge key takes is a mapping, or a list of them"},
		"text":                             {"# c\nhello\n", "f:2: a manifest is a mapping, which this is not"},
		"a list":                           {"- a: b\n", "f:1: a manifest is a mapping, which this is not"},
		"a list with an item of text":      {"kind: List\nitems:\n- a: b\n- c\n", "f:4: an item of a list is a mapping, which this is not"},
		"not UTF-8":                        {"a: b\nc: \xff\n", "f:2: not UTF-8 text"},
		"UTF-16":                           {"\xff\xfea\x00:\x00 \x00b\x00", "f:1: not UTF-8 text"},
		"a control character":              {"a: b\nc: \x01\n", "f:2: not YAML: control characters are not allowed"},
		"no number":                        {"a: b\nc: .inf\n", "f:2: .inf is no number in JSON"},
		"a tag that does not fit":          {"a: !!int b\n", `f:1: !!int is given "b"`},
		"base64 that is none":              {"a: !!binary '*'\n", "f:1: !!binary is given what is no base64"},
		"JSON without a comma":             {"{\n  \"a\": 1\n  \"b\": 2\n}\n", "f:3: not JSON: invalid character '\"' after object key:value pair"},
		"JSON that ends too early":         {"{\n  \"a\": [1,\n", "f:2: not JSON: unexpected EOF"},
		"JSON with a broken second object": {"{\"a\": 1}\n{\"b\": 2\n\"c\"}\n", "f:3: not JSON: invalid character '\"' after object key:value pair"},
		"a flow mapping that is no JSON":   {"{a: b,\n c: [d\n}\n", "f:2: not YAML: did not find expected ',' or ']'"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(tc.in))
			var syntax *manifest.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if got := err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// Without bounds, a page of text asks for more memory than there is.
func TestBombsAreRefused(t *testing.T) {
	bomb := func(link string) string {
		var b strings.Builder
		b.WriteString("a0: &a0 {x: y}\n")
		for i := 1; i < 30; i++ {
			prev := "*a" + string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10))
			if i == 1 {
				prev = "*a0"
			}
			b.WriteString("k" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ": &a" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + " ")
			b.WriteString(strings.ReplaceAll(link, "X", prev) + "\n")
		}
		return b.String()
	}
	for name, in := range map[string]string{
		"of lists":          bomb("[X, X, X, X]"),
		"of mappings":       bomb("{a: X, b: X, c: X}"),
		"of merge keys":     bomb("{<<: [X, X, X]}"),
		"of flow lists":     "a: " + strings.Repeat("[", 100000),
		"of flow mappings":  strings.Repeat("{a: ", 100000),
		"of JSON":           strings.Repeat(`{"a":`, 100000),
		"of block lists":    strings.Repeat("- ", 100000) + "a",
		"of explicit keys":  strings.Repeat("? ", 100000) + "a",
		"of closed JSON":    strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000),
		"of merged anchors": "a: &a {b: c}\nd:\n" + strings.Repeat("- {<<: ["+strings.Repeat("*a, ", 1000)+"*a]}\n", 200),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse("f", []byte(in))
			var syntax *manifest.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
		})
	}
}
