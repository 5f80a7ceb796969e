package resolver

import (
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	for image, want := range map[string]Reference{
		"nginx":                          {"nginx", repo("docker.io/library/nginx"), "", ""},
		"nginx:1.27":                     {"nginx", repo("docker.io/library/nginx"), "1.27", ""},
		"library/nginx:1.27":             {"library/nginx", repo("docker.io/library/nginx"), "1.27", ""},
		"docker.io/nginx":                {"docker.io/nginx", repo("docker.io/library/nginx"), "", ""},
		"index.docker.io/team/app:1":     {"index.docker.io/team/app", repo("docker.io/team/app"), "1", ""},
		"registry-1.docker.io/a/b:1":     {"registry-1.docker.io/a/b", repo("registry-1.docker.io/a/b"), "1", ""},
		"team/app@" + digest:             {"team/app", repo("docker.io/team/app"), "", digest},
		"ghcr.io/team/app:1.2@" + digest: {"ghcr.io/team/app", repo("ghcr.io/team/app"), "1.2", digest},
		"GHCR.io/team/app:v1":            {"GHCR.io/team/app", repo("ghcr.io/team/app"), "v1", ""},
		"localhost:5000/app:5000":        {"localhost:5000/app", repo("localhost:5000/app"), "5000", ""},
		"localhost/app":                  {"localhost/app", repo("localhost/app"), "", ""},
		"[::1]:5000/app:1":               {"[::1]:5000/app", repo("[::1]:5000/app"), "1", ""},
	} {
		t.Run(image, func(t *testing.T) {
			got, err := ParseReference(image)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got.String() != image {
				t.Errorf("written back as %q", got)
			}
		})
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for _, image := range []string{
		"", ":1", "@sha256:" + strings.Repeat("0", 64), "x//y:1", "/a", "a/b/", "x.io/a/../b", "Nginx", "nginx:", "nginx:.x",
		"nginx:-x", "nginx:" + strings.Repeat("x", 129), "nginx@sha256:00", "nginx@", "a b", "a\n", "TEAM/app",
		"https://x.io/a", "user@x.io/a", "x.io:0443/a", "x.io:00/a", "127.0.0.1:05000/a:1", "[2001:db8:0::1]/a", "[::ffff:a00:1]:5000/a", strings.Repeat("0a", 32), strings.Repeat("a/", 600) + "b",
	} {
		if got, err := ParseReference(image); err == nil {
			t.Errorf("%q: got %+v, want an error", image, got)
		}
	}
}

func TestWithKeepsTheSpelling(t *testing.T) {
	r, err := ParseReference("GHCR.io/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ tag, digest, want string }{
		{"2", "", "GHCR.io/team/app:2"},
		{"2", "sha256:x", "GHCR.io/team/app:2@sha256:x"},
		{"", "sha256:x", "GHCR.io/team/app@sha256:x"},
		{"", "", "GHCR.io/team/app"},
	} {
		if got := r.With(tt.tag, tt.digest); got != tt.want {
			t.Errorf("With(%q, %q) = %q, want %q", tt.tag, tt.digest, got, tt.want)
		}
	}
	if got := (Reference{}).TagOrLatest(); got != "latest" {
		t.Errorf("missing tag means %q", got)
	}
}

func FuzzReference(f *testing.F) {
	for _, seed := range []string{"nginx", "a.b:5000/c:d@sha256:" + strings.Repeat("0", 64), "A/b", "x.io/a/../b:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, image string) {
		if plain, ok := parsePlainReference(image); ok {
			if whole, err := parseAnyReference(image); err != nil || whole != plain {
				t.Fatalf("%q is read as %+v, and by the library as %+v: %v", image, plain, whole, err)
			}
		}
		parsed, err := ParseReference(image)
		if err != nil {
			return
		}
		if parsed.String() != image {
			t.Errorf("%q is written back as %q", image, parsed)
		}
		moved, err := ParseReference(parsed.With("other", ""))
		if err != nil {
			t.Fatalf("%q with another tag: %v", image, err)
		}
		if moved.Repository != parsed.Repository {
			t.Errorf("%q moved from %s to %s", image, parsed.Repository, moved.Repository)
		}
	})
}
