package workload

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keptOf is what Parse keeps of an object that was decoded whole.
func keptOf(value any, at place, template []string) any {
	switch value := value.(type) {
	case map[string]any:
		if at == inSlots {
			at = elsewhere
		}
		kept := map[string]any{}
		for key, inner := range value {
			next, rest := below(at, key, template)
			if next == nowhere || at == inMetadata && key == "managedFields" {
				continue
			}
			kept[key] = keptOf(inner, next, rest)
		}
		return kept
	case []any:
		within := elsewhere
		if at == inSlots {
			within = inSlot
		}
		kept := []any{}
		for _, inner := range value {
			kept = append(kept, keptOf(inner, within, nil))
		}
		return kept
	default:
		return value
	}
}

// sameAsDecoded compares what Parse makes of a text with what a decoder of all of it
// does.
func sameAsDecoded(t *testing.T, kind Kind, text []byte) {
	t.Helper()
	var root map[string]any
	want := json.Valid(text)
	root, err := parseAll(text)
	if want && err != nil {
		want = false // another value than an object, or a number that no type holds
	}
	got, err := Parse(kind, text)
	if want && err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !json.Valid(text) && err == nil {
		t.Fatalf("%s is parsed", text)
	}
	if !want || err != nil {
		return
	}
	if root == nil { // null
		if len(got.root) > 0 {
			t.Fatalf("%s: %v", text, got.root)
		}
		return
	}
	if diff := cmp.Diff(keptOf(root, inObject, kind.Template), any(got.root)); diff != "" {
		t.Errorf("%s (-decoded +parsed):\n%s", text, diff)
	}
	decoded := newObject(kind, root)
	if diff := cmp.Diff(decoded.Slots(), got.Slots()); diff != "" {
		t.Errorf("slots of %s (-decoded +parsed):\n%s", text, diff)
	}
	if diff := cmp.Diff(decoded.managedFields(), got.managedFields()); diff != "" {
		t.Errorf("managed fields of %s (-decoded +parsed):\n%s", text, diff)
	}
	if diff := cmp.Diff(decoded.WholeTemplate(), got.WholeTemplate()); diff != "" {
		t.Errorf("template of %s (-decoded +parsed):\n%s", text, diff)
	}
}

var parsed = map[string]string{
	"a Deployment": `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"},"managedFields":[{"manager":"kubectl","operation":"Apply","fieldsV1":{"f:spec":{}}}]},
		"spec":{"replicas":3,"template":{"metadata":{"annotations":{"a":"b"}},"spec":{"containers":[{"name":"web","image":"a/b:1","env":[{"name":"X","value":"]}\"{["}],"ports":[{"containerPort":8080}]}],
		"volumes":[{"name":"v","image":{"reference":"c/d:2","pullPolicy":"Always"}},{"name":"w","emptyDir":{}}],"dnsPolicy":"Default","nodeSelector":{"a":"b"},"affinity":{"nodeAffinity":{"x":[1,2.5,true,null]}}}}},"status":{"replicas":3}}`,
	"white space everywhere":                  " {\n\t\"spec\" : { \"template\" : { \"spec\" : { \"containers\" : [ { \"name\" : \"web\" , \"x\" : [ ] , \"image\" : \"a\" } , { } ] } } } }\r\n",
	"names and texts with escapes":            `{"metadata":{"n\u0061me":"\u0077eb\n\"","labels":{"ä":"\ud83d\ude00","bad":"\ud800"}},"spec":{"template":{"spec":{"containers":[{"n\u0061me":"web","skip\"":"\\","image":"a\/b"}]}}}}`,
	"bytes that are no UTF-8":                 "{\"metadata\":{\"name\":\"a\xff\",\"labels\":{\"\xfe\":\"x\"}}}",
	"numbers of all kinds":                    `{"spec":{"a":0,"b":-0,"c":1e3,"d":9223372036854775807,"e":9223372036854775808,"f":-1.5,"g":123456789012345678,"h":1E-2}}`,
	"fields that are written twice":           `{"metadata":{"name":"a","managedFields":[{"manager":"x"}]},"metadata":{"name":"b"},"spec":{"template":1,"template":{"spec":{"containers":[],"containers":[{"name":"a","name":"b","image":"c"}]}}}}`,
	"metadata that is null the second time":   `{"metadata":{"managedFields":[{"manager":"x"}]},"metadata":null}`,
	"values of other types":                   `{"metadata":[],"spec":{"template":{"spec":{"containers":{"name":"a","image":"b","x":1},"volumes":"none","initContainers":[[{"x":1}],1,null,"a",{"image":{"reference":["r"]}}]}}},"status":[[{}]]}`,
	"managed fields that are no list":         `{"metadata":{"managedFields":{"a":1}}}`,
	"fields that are empty":                   `{"":{"":""},"metadata":{},"spec":{}}`,
	"null":                                    `null`,
	"a list":                                  `[]`,
	"nothing":                                 ``,
	"half an object":                          `{"metadata":{"name":"a"`,
	"more than an object":                     `{}{}`,
	"what is not read and no JSON":            `{"status":{"a":tru}}`,
	"a control character in what is not read": "{\"status\":\"\x01\"}",
}

func TestParseKeepsWhatADecoderOfAllDoes(t *testing.T) {
	for name, text := range parsed {
		t.Run(name, func(t *testing.T) {
			for _, kind := range StandardKinds().All() {
				sameAsDecoded(t, kind, []byte(text))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range parsed {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range []Kind{standardKinds[0], {}} {
			sameAsDecoded(t, kind, text)
		}
	})
}

// What is remembered of an object, as its images are, must not keep all of it in memory.
func TestTextsOfAnObjectAreCopies(t *testing.T) {
	text := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"a/b:1"}]}}}}`)
	o, err := Parse(standardKinds[0], text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if image := o.Slots()[0].Image; image != "a/b:1" {
		t.Errorf("the image is %q once the text is gone", image)
	}
}
