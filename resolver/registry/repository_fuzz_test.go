package registry

import (
	"strings"
	"testing"
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
		if parsed != again {
			t.Errorf("%q is %q, and that is %q", text, parsed, again)
		}
		if parsed.Host()+"/"+parsed.Path() != parsed.String() || strings.Contains("/"+parsed.Path()+"/", "/../") {
			t.Errorf("%q: host %q and path %q", text, parsed.Host(), parsed.Path())
		}
	})
}
