package manifest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	k8sjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

func FuzzReplace(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, 0)
	}
	f.Fuzz(func(t *testing.T, text string, nth int) {
		s, err := Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		same, kept, err := s.Bytes()
		if err != nil || len(kept) > 0 || string(same) != text {
			t.Fatalf("without replacements: got %q, %v, %v", same, kept, err)
		}
		if !strings.Contains(text, "---") && !oddities.MatchString(text) && len(s.roots) == 1 {
			agree(t, text, s.roots[0].value)
		}
		count := 0
		for _, d := range s.Documents() {
			for i, path := range texts(d.Object) {
				if nth != 0 && (i%7 != nth%7) {
					continue
				}
				if err := d.Replace(path, fmt.Sprintf("example.com/app:v%d", nth)); err != nil {
					t.Log(err)
					continue
				}
				count++
			}
		}
		if count == 0 {
			return
		}
		if _, err := JSON(s); err != nil {
			t.Fatal(err)
		}
		out, kept, err := s.Bytes()
		if err == nil { // also where the bytes have shown it
			err = s.verify(out, s.wanted(kept))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func agree(t *testing.T, text string, value any) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Skipf("kubectl refuses: %v", err)
	}
	var want any
	if err := k8sjson.Unmarshal(data, &want); err != nil {
		t.Skip(err)
	}
	if diff := cmp.Diff(want, value); diff != "" {
		t.Fatalf("value (-sigs.k8s.io/yaml +got):\n%s", diff)
	}
}

func texts(v any) [][]any {
	var paths [][]any
	switch v := v.(type) {
	case string:
		return [][]any{nil}
	case []any:
		for i, e := range v {
			for _, p := range texts(e) {
				paths = append(paths, append([]any{i}, p...))
			}
		}
	case map[string]any:
		for k, e := range v {
			for _, p := range texts(e) {
				paths = append(paths, append([]any{k}, p...))
			}
		}
	}
	return paths
}

// What is read otherwise than by kubectl, knowingly: the tag ! (text, whatever
// it looks like), which the parser drops, and signs inside of binary numbers.
var oddities = regexp.MustCompile(`!([^!a-z<]|$)|0b_*[+-]`)

var seeds = []string{
	"a: b\n", "a: 'x y' # c\nb: \"q\\\"w\"\n", "{a: b, c: [d, 'e', \"f\"]}", "{\"a\": \"b\\ud83d\\ude00\"}\n{\"c\": [1, 2.5, null]}",
	"a: &x nginx:1.2\nb: *x\nc: [*x]\n", "a: &x {b: c}\nd:\n  <<: *x\n  e: f\n",
	"a: >-\n  nginx:1\nb: |\n  foo\nc: |2-\n    x\n", "a: !!str b\nc: !!str &q d\ne: &w !!str\n  # c\n  f\n",
	"%YAML 1.1\n---\na: b\n...\n---\nc: d\n--- {e: f}\n--- # c\ng: h", "a: b\n c\n\n d\ne: yes\nf: 0777\ng: 2020-01-02\nh: .5\n",
	"kind: List\nitems:\n- a: b\n- c: d\n", "\xef\xbb\xbfa: é b\r\nö: \"x\"\r\n", "? a\n: b\n? c\n: - d\n  - e\n", "a:\n- b\n- - c\n  - d: e\n    f: g\n",
	"- a: b\n", "\ta: b", "a: \"\\\n  x\"\n", "a: b: c", "a: [b", "a: b\na: c\n", "yes: 1\n1.5: 2\nnull: 3\n", "a: *b\n", "a: &a [*a]\n",
	"a: &a {x: y}\nb: {x: z, <<: *a}\nc: {<<: [*a, {x: q}], w: e}\n", "a: b #c\n#d\n\n# e\nb:\n  # f\n  - c # g\n  # h\n",
	"a: \u2028b\u0085c: d\n", "a: 0o17\nb: 0b11\nc: 1_000\nd: 1e3\ne: 1.0\nf: +1\ng: 12e03\nh: 1:20\n",
}
