package registry

import (
	"strings"
	"testing"

	"github.com/distribution/reference"
)

func FuzzRepository(f *testing.F) {
	for _, seed := range []string{"nginx", "EXAMPLE.com:5000/a/b", "x.io/a/../b", "[::1]/a", "A/b", "a.io/b-c/d_e.f", "docker.io/a", "localhost/a", "a.io:/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if plain, ok := PlainRepository(text); ok {
			named, err := reference.ParseNormalizedNamed(text)
			if err != nil || !reference.IsNameOnly(named) {
				t.Fatalf("%q is read as %q, and by the library as %v: %v", text, plain, named, err)
			}
			if whole, err := NewRepository(named); err != nil || whole != plain {
				t.Fatalf("%q is read as %q, and by the library as %q: %v", text, plain, whole, err)
			}
		}
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
