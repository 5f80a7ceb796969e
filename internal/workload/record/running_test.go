package record

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
)

func TestRunning(t *testing.T) {
	digest, other := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	for name, test := range map[string]struct {
		image    string
		recorded Result
		want     Result
	}{
		"a tag":                                 {"app:1", Result{}, Result{Tag: "1"}},
		"a tag whose digest is recorded":        {"app:1", Result{Tag: "1", Digest: digest}, Result{Tag: "1", Digest: digest}},
		"a tag with its own digest":             {"app:1@" + other, Result{Tag: "1", Digest: digest}, Result{Tag: "1", Digest: other}},
		"another tag than the recorded one":     {"app:2", Result{Tag: "1", Digest: digest}, Result{Tag: "2"}},
		"nothing behind the name":               {"app", Result{}, Result{Tag: "latest"}},
		"nothing, and latest is recorded":       {"app", Result{Tag: "latest", Digest: digest}, Result{Tag: "latest", Digest: digest}},
		"a digest in the place of the tag":      {"app@" + other, Result{Tag: "1", Digest: digest}, Result{Tag: "1", Digest: other}},
		"a digest that a person wrote":          {"app@" + other, Result{Digest: other}, Result{Digest: other}},
		"a digest of which nothing is recorded": {"app@" + other, Result{}, Result{Digest: other}},
	} {
		t.Run(name, func(t *testing.T) {
			image, err := resolver.ParseReference(test.image)
			if err != nil {
				t.Fatal(err)
			}
			if got := Running(image, test.recorded); got != test.want {
				t.Errorf("runs %s, want %s", got, test.want)
			}
		})
	}
}
