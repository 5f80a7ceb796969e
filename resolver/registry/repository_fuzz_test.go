package registry

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzRepository(f *testing.F) {
	for _, seed := range []string{"nginx", "EXAMPLE.com:5000/a/b", "x.io/a/../b", "[::1]/a", "A/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseRepository(text)
		if err != nil {
			return
		}
		again, err := ParseRepository(parsed.String())
		if err != nil {
			t.Fatalf("%q is canonical %q, which does not parse: %v", text, parsed, err)
		}
		if diff := cmp.Diff(parsed, again); diff != "" {
			t.Errorf("%q (-once +twice):\n%s", text, diff)
		}
		if strings.Contains(parsed.Path, "..") && strings.Contains("/"+parsed.Path+"/", "/../") {
			t.Errorf("path %q", parsed.Path)
		}
	})
}
