package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/manifest"
)

func parse(t *testing.T, text string) *manifest.Stream {
	t.Helper()
	s, err := manifest.Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func replace(t *testing.T, s *manifest.Stream, document int, path, value string) {
	t.Helper()
	elements := []any{}
	for key := range strings.SplitSeq(path, "/") {
		elements = append(elements, key)
	}
	if err := s.Documents()[document].Replace(elements, value); err != nil {
		t.Fatal(err)
	}
}

func rewritten(t *testing.T, s *manifest.Stream) string {
	t.Helper()
	out, kept, err := s.Bytes()
	if err != nil || len(kept) > 0 {
		t.Fatalf("kept %v, error %v", kept, err)
	}
	return string(out)
}

// What the files in testdata cannot show.
func TestBytesThatEditorsHide(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"Windows line ends":                {"a: b # c\r\nimage: nginx:1.2\r\nd: e\r\n", "a: b # c\r\nimage: nginx:1.3\r\nd: e\r\n"},
		"Windows line ends, block":         {"image: >-\r\n  nginx:1.2\r\nd: e\r\n", "image: >-\r\n  nginx:1.3\r\nd: e\r\n"},
		"Windows line ends, folded":        {"image:\r\n  nginx:1.2\r\n\r\nd: e\r\n", "image:\r\n  nginx:1.3\r\n\r\nd: e\r\n"},
		"old Macintosh line ends":          {"a: b\rimage: nginx:1.2\rd: e\r", "a: b\rimage: nginx:1.3\rd: e\r"},
		"a byte order mark":                {"\ufeffimage: nginx:1.2\n", "\ufeffimage: nginx:1.3\n"},
		"a byte order mark, JSON":          {"\ufeff{\"image\":\"nginx:1.2\"}", "\ufeff{\"image\":\"nginx:1.3\"}"},
		"no final line break":              {"a: b\nimage: nginx:1.2", "a: b\nimage: nginx:1.3"},
		"no final line break, block":       {"image: |-\n  nginx:1.2", "image: |-\n  nginx:1.3"},
		"no final line break, comment":     {"image: nginx:1.2 # c", "image: nginx:1.3 # c"},
		"wide characters before":           {"{\"ключ\": '日本😀e\u0301', image: nginx:1.2}", "{\"ключ\": '日本😀e\u0301', image: nginx:1.3}"},
		"wide characters and a tab":        {"{é: \"\t😀\",\timage:\tnginx:1.2\t}\n", "{é: \"\t😀\",\timage:\tnginx:1.3\t}\n"},
		"tabs around":                      {"image:\t\tnginx:1.2\t# c\t\n", "image:\t\tnginx:1.3\t# c\t\n"},
		"trailing spaces":                  {"image: nginx:1.2  \t \nb: c   \n", "image: nginx:1.3  \t \nb: c   \n"},
		"Unicode's line breaks":            {"a: \"x\u2028y\u2029z\u0085w\" # \u2028image: nginx:1.2\n", "a: \"x\u2028y\u2029z\u0085w\" # \u2028image: nginx:1.3\n"},
		"Unicode's line breaks in JSON":    {"{\"a\":\"x\u2028y\",\n\"image\":\"nginx:1.2\"}", "{\"a\":\"x\u2028y\",\n\"image\":\"nginx:1.3\"}"},
		"a backslash before the end quote": {"{a: \"\\\\\", image: \"nginx:1.2\\u0020\"}", "{a: \"\\\\\", image: \"nginx:1.3\"}"},
		"a mark before a later document":   {"a: b\n---\n\ufeffimage: nginx:1.2 # c\n", "a: b\n---\n\ufeffimage: nginx:1.3 # c\n"},
		"a mark before each document":      {"\ufeffa: b\r\n--- # c\r\n\ufeff# d\r\nimage: 'nginx:1.2'\r\n", "\ufeffa: b\r\n--- # c\r\n\ufeff# d\r\nimage: 'nginx:1.3'\r\n"},
		"a mark in a text":                 {"a: \"\ufeff\"\nb: |\n  c\n  \ufeffd\nimage: nginx:1.2\n", "a: \"\ufeff\"\nb: |\n  c\n  \ufeffd\nimage: nginx:1.3\n"},
		"quotes inside of single quotes":   {"image: 'it''s'''\n", "image: 'nginx:1.3'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, tc.in)
			if got := rewritten(t, s); got != tc.in {
				t.Errorf("without replacements: got %q, want %q", got, tc.in)
			}
			replace(t, s, len(s.Documents())-1, "image", "nginx:1.3")
			if got := rewritten(t, s); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// kubectl's reading counts, not the parser's: it is what would be created.
func TestValuesAreKubectls(t *testing.T) {
	for name, in := range map[string]string{
		"booleans of YAML 1.1":    "a: [yes, No, on, OFF, y, n, true, False, \"yes\", 'on', !!str on, !!bool yes]",
		"nothing":                 "a: [~, null, Null, ]\nb:\nc: ''\nd: !!null ~",
		"numbers":                 "a: [0, -1, +1, 0777, 0o17, 0x1F, 0b11, 1_000, 1., .5, .0_01, ._1, .5., 1e3, 1.0, 1.5, 1E400, 12e03, 9223372036854775807, 9223372036854775808, -0, 1e21]",
		"no numbers":              "a: [1:20, 2020-01-02, 1.2.3, -, +, ., 0x, 1-, 08, 0o9, _1, 1__0, \"1\", 12e, !!str 1]",
		"tags":                    "a: [!!int 1, !!float 1, !!float 1.5, !!binary aGk=, !foo bar, !!str , !<tag:yaml.org,2002:str> 1]",
		"keys":                    "1: a\n1.5: b\ntrue: c\non2: d\n'2': e\nno: f\n0x10: g\n2020-01-01: h\n1e7: i\n3.0: j\n-1e300: k",
		"aliases":                 "a: &a {b: &b [c]}\nd: *a\ne: *b\nf: [*b, *a]",
		"merge keys":              "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: {x: 3, <<: *a}\nd: {<<: {x: 4}, z: 5}",
		"lists of merge keys":     "a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nc: {<<: [*a, *b], w: 5}\nd: {<<: [*b, {x: 6}]}\ne: {<<: *a, <<: *b}",
		"nested merge keys":       "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}",
		"a quoted merge key":      "a: {\"<<\": {b: c}}",
		"folded text":             "a: b\n  c\n\n  d\ne: >\n  f\n  g\n\nh: |+\n  i\n\nj: \"k\n  l\\\n  m\"",
		"strings":                 "a: [\"\\x41\\u00e9\\n\", 'it''s']",
		"an anchor without alias": "a: &x\nb: &y c",
		"keys given again":        "a: {b: 1, c: 2}\nd: 1\na: {b: 3}\n'd': e\n",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := yaml.YAMLToJSON([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			s := parse(t, in)
			if diff := cmp.Diff(want, any(s.Documents()[0].Object)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentsOfLists(t *testing.T) {
	s := parse(t, `kind: Pod
---
# nothing
---
kind: PodList
apiVersion: v1
items:
- metadata: {name: a}

- kind: Job
---
kind: List
items: []
---
kind: List
items:
- kind: Pod
`)
	type document struct {
		Line   int
		Object map[string]any
	}
	var got []document
	for _, d := range s.Documents() {
		got = append(got, document{d.Line, d.Object})
	}
	want := []document{
		{1, map[string]any{"kind": "Pod"}},
		{8, map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "a"}}},
		{10, map[string]any{"kind": "Job"}},
		{17, map[string]any{"kind": "Pod"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFilesWithoutManifests(t *testing.T) {
	for name, in := range map[string]string{
		"empty": "", "a byte order mark": "\ufeff", "a line break": "\n", "a comment": "# c", "separators": "---\n---\n...\n", "null": "null\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, in)
			if n := len(s.Documents()); n != 0 {
				t.Errorf("got %d documents, want none", n)
			}
			if got := rewritten(t, s); got != in {
				t.Errorf("got %q, want %q", got, in)
			}
		})
	}
}

func TestReplaceAgain(t *testing.T) {
	const in = "image: \"nginx\\x3a1.2\"\n"
	s := parse(t, in)
	replace(t, s, 0, "image", "nginx:1.3")
	replace(t, s, 0, "image", "nginx:1.4")
	if got, want := rewritten(t, s), "image: \"nginx:1.4\"\n"; got != want {
		t.Errorf("the last value counts: got %q, want %q", got, want)
	}
	replace(t, s, 0, "image", "nginx:1.2")
	if got := rewritten(t, s); got != in {
		t.Errorf("the old value is no change: got %q, want %q", got, in)
	}
	if got := s.Documents()[0].Object["image"]; got != "nginx:1.2" {
		t.Errorf("the object has changed: %v", got)
	}
}

func TestReplaceRefusesValues(t *testing.T) {
	for name, value := range map[string]string{
		"empty": "", "a line break": "a\nb", "a control character": "a\x7f", "spaces around": " a", "not UTF-8": "a\xff", "an invisible character": "a\u200bb",
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, "image: a\n")
			if err := s.Documents()[0].Replace([]any{"image"}, value); err == nil {
				t.Errorf("%q is taken", value)
			}
		})
	}
}

// Odd values survive in every style, with quotes where they need some.
func TestOddValues(t *testing.T) {
	for name, value := range map[string]string{
		"a comment": "a #b", "a mapping": "a: b", "a list": "[a, b]", "an alias": "*a", "quotes": `it's "a"`, "a backslash": `a\n`,
		"a tag": "!a", "a number": "12", "a boolean": "off", "nothing": "~", "wide": "é😀", "a trailing colon": "a:", "a separator": "--- a", "a percent sign": "%a",
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, "plain: a\nsingle: 'a'\ndouble: \"a\"\nblock: >-\n  a\nflow: [a]\nanchor: &a b\nalias: *a\n")
			d := s.Documents()[0]
			for _, path := range [][]any{{"plain"}, {"single"}, {"double"}, {"block"}, {"flow", 0}, {"alias"}} {
				if err := d.Replace(path, value); err != nil {
					t.Fatal(err)
				}
			}
			var got map[string]any
			if err := yaml.Unmarshal([]byte(rewritten(t, s)), &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"plain": value, "single": value, "double": value, "block": value, "flow": []any{value}, "anchor": "b", "alias": value}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// kubectl and Helm take the last one, and charts that repeat a label are many.
func TestKeysThatAreGivenAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		in, want string
		warnings []string
	}{
		"a label of a chart": {
			"metadata:\n  labels:\n    app: a\n    app: a\nimage: nginx:1.2\n", "metadata:\n  labels:\n    app: a\n    app: a\nimage: nginx:1.3\n",
			[]string{`f:4: key "app" is given again; the last one counts, as for kubectl`},
		},
		"the image": {
			"image: nginx:1.1\nname: c\nimage: nginx:1.2\n", "image: nginx:1.1\nname: c\nimage: nginx:1.3\n",
			[]string{`f:3: key "image" is given again; the last one counts, as for kubectl`},
		},
		"JSON": {
			"{\n\"image\": \"nginx:1.1\",\n\"image\": \"nginx:1.2\"}", "{\n\"image\": \"nginx:1.1\",\n\"image\": \"nginx:1.3\"}",
			[]string{`f:3: key "image" is given again; the last one counts, as for kubectl`},
		},
		"very often": {
			strings.Repeat("a: b\n", 20) + "image: nginx:1.2\n", strings.Repeat("a: b\n", 20) + "image: nginx:1.3\n",
			append(slices.Repeat([]string{`key "a" is given again; the last one counts, as for kubectl`}, 10), "f: 9 keys more that are given again"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, tc.in)
			got := s.Warnings()
			if !slices.EqualFunc(got, tc.warnings, strings.HasSuffix) {
				t.Errorf("warnings: got %q, want %q", got, tc.warnings)
			}
			replace(t, s, 0, "image", "nginx:1.3")
			if got := rewritten(t, s); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
