package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/manifest"
)

func TestJSON(t *testing.T) {
	one := parse(t, "kind: Pod\nspec:\n  image: nginx:1.2 # c\n  args: [a && b]\n")
	replace(t, one, 0, "spec/image", "nginx:1.3")
	shared := parse(t, "kind: PodList\napiVersion: v1\nitems:\n- a: &a {image: nginx:1.2}\n  b: *a\n")
	replace(t, shared, 0, "b/image", "nginx:1.3")

	const pod = `{
    "kind": "Pod",
    "spec": {
        "args": [
            "a && b"
        ],
        "image": "nginx:1.3"
    }
}
`
	const list = `{
    "apiVersion": "v1",
    "items": [
        {
            "kind": "Pod",
            "spec": {
                "args": [
                    "a && b"
                ],
                "image": "nginx:1.3"
            }
        },
        {
            "a": {
                "image": "nginx:1.2"
            },
            "apiVersion": "v1",
            "b": {
                "image": "nginx:1.3"
            },
            "kind": "Pod"
        }
    ],
    "kind": "List"
}
`
	const none = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [],\n    \"kind\": \"List\"\n}\n"
	for name, tc := range map[string]struct {
		streams []*manifest.Stream
		want    string
	}{
		"one manifest is an object":               {[]*manifest.Stream{one}, pod},
		"several are a list, anchors written out": {[]*manifest.Stream{one, shared}, list},
		"none are an empty list":                  {nil, none},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := manifest.JSON(tc.streams...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, want string }{
		"nothing": {"a\n", "a\n", ""},
		"a line with its surroundings": {
			"1\n2\n3\n4\nimage: a\n6\n7\n8\n9\n", "1\n2\n3\n4\nimage: b\n6\n7\n8\n9\n",
			"--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-image: a\n+image: b\n 6\n 7\n 8\n",
		},
		"several lines that become one": {
			"1\nimage: >-\n  a\n  b\n5\n", "1\nimage: >-\n  c\n5\n",
			"--- f\n+++ f\n@@ -1,5 +1,4 @@\n 1\n image: >-\n-  a\n-  b\n+  c\n 5\n",
		},
		"differences far from each other": {
			"a\n2\n3\n4\n5\n6\n7\n8\nb\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
			"--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-b\n+y\n",
		},
		"differences close to each other": {
			"a\n2\n3\n4\n5\n6\n7\nb\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
			"--- f\n+++ f\n@@ -1,8 +1,8 @@\n-a\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-b\n+y\n",
		},
		"everything": {"", "a\n", "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n"},
		"no final line break": {
			"1\nimage: a", "1\nimage: b",
			"--- f\n+++ f\n@@ -1,2 +1,2 @@\n 1\n-image: a\n\\ No newline at end of file\n+image: b\n\\ No newline at end of file\n",
		},
		"no final line break, elsewhere": {
			"image: a\n1", "image: b\n1",
			"--- f\n+++ f\n@@ -1,2 +1,2 @@\n-image: a\n+image: b\n 1\n\\ No newline at end of file\n",
		},
		"Windows line ends": {"image: a\r\n", "image: b\r\n", "--- f\n+++ f\n@@ -1 +1 @@\n-image: a\r\n+image: b\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := manifest.Diff("f", []byte(tc.before), []byte(tc.after))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	for name, tc := range map[string]struct {
		files []string
		want  string
	}{
		"one file stays":           {[]string{"\ufeffa: b"}, "\ufeffa: b"},
		"a separator is put":       {[]string{"a: b\n", "a: c\n"}, "a: b\n---\na: c\n"},
		"a line break, too":        {[]string{"a: b", "a: c"}, "a: b\n---\na: c"},
		"a separator is there":     {[]string{"a: b\n", "--- # x\na: c\n"}, "a: b\n--- # x\na: c\n"},
		"a byte order mark goes":   {[]string{"\ufeffa: b\n", "\ufeffa: c\n"}, "\ufeffa: b\n---\na: c\n"},
		"directives":               {[]string{"a: b\n", "%YAML 1.1\n---\na: c\n"}, "a: b\n...\n%YAML 1.1\n---\na: c\n"},
		"JSON needs no separator":  {[]string{`{"a": "b"}`, `{"a": "c"}`}, "{\"a\": \"b\"}\n{\"a\": \"c\"}"},
		"JSON and YAML do":         {[]string{`{"a": "b"}`, "a: c\n"}, "{\"a\": \"b\"}\n---\na: c\n"},
		"empty files count for no": {[]string{"", "a: b\n", "\n", "a: c\n"}, "a: b\n---\na: c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var files [][]byte
			for _, file := range tc.files {
				files = append(files, []byte(file))
			}
			got := string(manifest.Join(files...))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if last := tc.files[len(tc.files)-1]; len(tc.files) > 1 {
				documents := parse(t, got).Documents()
				if want := parse(t, last).Documents()[0].Object; len(documents) != 2 || !cmp.Equal(want, documents[1].Object) {
					t.Errorf("read again: got %v", documents)
				}
			}
		})
	}
}
