package workload_test

import (
	"encoding/json"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
)

func TestAppendJSONWritesWhatMarshalDoes(t *testing.T) {
	for name, text := range map[string]string{
		"an image": "r.example.com/app:1.2.7", "nothing": "", "quotes": `{"a":"\b"}`, "what HTML reads": "<a>&",
		"a line end": "a\nb", "letters": "äß€😀", "no UTF-8": "a\xff", "DEL": "\x7f", "a line separator": "\u2028",
	} {
		t.Run(name, func(t *testing.T) {
			want, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := workload.AppendJSON([]byte("x:"), text); string(got) != "x:"+string(want) {
				t.Errorf("got %s, want x:%s", got, want)
			}
		})
	}
}
