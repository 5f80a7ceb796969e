package document

import (
	"fmt"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	long := "https://example.com/" + strings.Repeat("x", maxTold)
	for name, tt := range map[string]struct {
		body string
		want Links
	}{
		"all three": {
			`{"org.opencontainers.image.source":"https://example.com/app","org.opencontainers.image.revision":"4f2c","org.opencontainers.image.url":"https://example.com"}`,
			Links{"https://example.com/app", "4f2c", "https://example.com"},
		},
		"none":                              {`{"org.opencontainers.image.title":"app"}`, Links{}},
		"null":                              {`null`, Links{}},
		"a number and an object":            {`{"org.opencontainers.image.source":1,"org.opencontainers.image.url":{"a":"b"}}`, Links{}},
		"too long, which is not cut":        {fmt.Sprintf(`{"org.opencontainers.image.source":%q,"org.opencontainers.image.revision":"4f2c"}`, long), Links{Revision: "4f2c"}},
		"what is no address is still told":  {`{"org.opencontainers.image.source":"javascript:alert(1)"}`, Links{Source: "javascript:alert(1)"}},
		"of one that stands twice the last": {`{"org.opencontainers.image.url":"a","org.opencontainers.image.url":"b"}`, Links{URL: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ReadLinks([]byte(`{"annotations":` + tt.body + `}`)); err != nil || got != tt.want {
				t.Errorf("annotations: got %+v, error %v, want %+v", got, err, tt.want)
			}
			if got, err := ReadConfigLinks([]byte(`{"config":{"Labels":` + tt.body + `}}`)); err != nil || got != tt.want {
				t.Errorf("labels: got %+v, error %v, want %+v", got, err, tt.want)
			}
		})
	}
	if _, err := ReadLinks([]byte(`[]`)); err == nil {
		t.Error("an array is a manifest")
	}
	if got := (Links{Source: "a"}).Or(Links{Source: "b", Revision: "c", URL: "d"}); got != (Links{"a", "c", "d"}) {
		t.Errorf("got %+v", got)
	}
}

func TestSize(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want int64
	}{
		"config and layers":            {`{"config":{"size":10},"layers":[{"size":1000},{"size":200}]}`, 1210},
		"no layers":                    {`{"config":{"size":10},"layers":[]}`, 10},
		"none is told":                 {`{"config":{},"layers":[{}]}`, 0},
		"a size below nothing":         {`{"config":{"size":10},"layers":[{"size":-1}]}`, 0},
		"a size that is a word":        {`{"config":{"size":10},"layers":[{"size":"much"}]}`, 0},
		"a size with a fraction":       {`{"config":{"size":10.5},"layers":[]}`, 0},
		"more than there can be":       {`{"config":{"size":9223372036854775807},"layers":[{"size":1}]}`, 0},
		"a number that is no int64":    {`{"config":{"size":92233720368547758070},"layers":[]}`, 0},
		"as much as there can be":      {`{"config":{"size":9223372036854775806},"layers":[{"size":1}]}`, 9223372036854775807},
		"sizes of other things do not": {`{"config":{"size":1},"layers":[],"manifests":[{"size":5}]}`, 1},
	} {
		if got, err := ReadSize([]byte(tt.body)); err != nil || got != tt.want {
			t.Errorf("%s: got %d, error %v, want %d", name, got, err, tt.want)
		}
	}
	if _, err := ReadSize([]byte(`{"layers":[` + strings.Repeat(`{},`, MaxEntries) + `{}]}`)); err == nil {
		t.Error("there is no bound on layers")
	}
}
