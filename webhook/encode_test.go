package webhook

import (
	"bytes"
	"encoding/json"
	"testing"

	"gomodules.xyz/jsonpatch/v2"
)

func TestAppendPatchWritesWhatMarshalDoes(t *testing.T) {
	for name, ops := range map[string][]jsonpatch.Operation{
		"an image":            {jsonpatch.NewOperation("replace", "/spec/template/spec/containers/0/image", "a/b:1")},
		"a text with escapes": {jsonpatch.NewOperation("add", "/metadata/annotations/a~1b", "{\"a\":\"<\u00e4\n\\\"}")},
		"an annotation that goes, and one that comes": {
			jsonpatch.NewOperation("remove", "/metadata/annotations/a", nil), jsonpatch.NewOperation("add", "/metadata/annotations/b", ""),
		},
		"annotations where there were none": {jsonpatch.NewOperation("add", "/metadata/annotations", map[string]string{"b": "2", "a": "\"1\"", "c<": ""})},
		"metadata where there was none": {
			jsonpatch.NewOperation("add", "/metadata", map[string]any{"annotations": map[string]string{"b": "2", "a": "1"}}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(ops)
			if err != nil {
				t.Fatal(err)
			}
			got, err := appendPatch(nil, ops)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %s, error %v, want %s", got, err, want)
			}
		})
	}
}
