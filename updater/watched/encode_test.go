package watched

import (
	"encoding/json"
	"reflect"
	"testing"

	apijson "k8s.io/apimachinery/pkg/util/json"
)

// FuzzEncode: what is decoded is what was encoded, whatever a writer of workloads puts into
// one, and equal values have one text.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{
		`{"metadata":{"name":"web","labels":{"a":"b"}},"spec":{"replicas":3,"paused":false,"x":null,"y":1.5,"z":[]}}`,
		`[]`, `""`, `null`, `-9223372036854775808`, `{"":{"":[true,"\u0000ä"]}}`, `"metadata"`, `{"Progressing":"Progressing"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var value, again any
		if apijson.Unmarshal(text, &value) != nil || apijson.Unmarshal(text, &again) != nil {
			t.Skip()
		}
		encoded, err := encode(value)
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(encoded); !reflect.DeepEqual(got, value) {
			was, _ := json.Marshal(value)
			is, _ := json.Marshal(got)
			t.Errorf("got %s, want %s", is, was)
		}
		if second, err := encode(again); err != nil || second != encoded {
			t.Errorf("encoded again: %q, %v; want %q", second, err, encoded)
		}
	})
}

func TestEncodeRefusesWhatIsNoDecodedJSON(t *testing.T) {
	if text, err := encode(map[string]any{"a": []any{int32(1)}}); err == nil {
		t.Errorf("got %q and no error", text)
	}
}

func TestEveryCommonWordHasANumberOfItsOwn(t *testing.T) {
	if len(words) > 256-int(firstWord) {
		t.Fatalf("got %d words, want at most %d", len(words), 256-int(firstWord))
	}
	if len(numbers) != len(words) {
		t.Errorf("got %d words and %d numbers: one is listed twice", len(words), len(numbers))
	}
}
