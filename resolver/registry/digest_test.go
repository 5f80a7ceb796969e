package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/garboard-dev/garboard/resolver/registry/document"
)

const someDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func sha256Of(body string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(body))) }

func digestHeader(digest string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if digest != "" {
			w.Header().Set("Docker-Content-Digest", digest)
		}
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"schemaVersion":2}`)
		}
	}
}

func TestDigest(t *testing.T) {
	head, both := 1, 2
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string // "hash" for that of the body
		calls   int
		kind    Kind
	}{
		"from the header":               {digestHeader(someDigest), someDigest, head, ""},
		"SHA-512":                       {digestHeader("sha512:" + strings.Repeat("ab", 64)), "sha512:" + strings.Repeat("ab", 64), head, ""},
		"no header: hashed":             {digestHeader(""), "hash", both, ""},
		"a header that is none: hashed": {digestHeader("sha256:xyz"), "hash", both, ""},
		"another algorithm: hashed":     {digestHeader("md5:0123456789abcdef0123456789abcdef"), "hash", both, ""},
		"no HEAD at all: hashed": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			digestHeader("")(w, r)
		}, "hash", both, ""},
		"HTML is no manifest":         {says(200, "<html>"), "", both, BadAnswer},
		"another JSON is no manifest": {says(200, `{"errors":[]}`), "", both, BadAnswer},
		"a manifest that is too long": {says(200, `{"schemaVersion":2,"x":"`+strings.Repeat("x", document.MaxManifest)+`"}`), "", both, TooLarge},
		"no such tag":                 {says(404, ``), "", head, NotFound},
		"may not":                     {says(403, ``), "", head, Unauthorized},
		"throttled":                   {says(429, ``), "", head, RateLimited},
		"quarantined (Harbor)":        {says(412, ``), "", head, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/1.0": tt.handler}))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got, err := client(t).Digest(ctx, named(registry.repository("a")), "1.0", Credential{})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "hash" {
				want = sha256Of(`{"schemaVersion":2}`)
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if calls := len(registry.since()) - 1; calls != tt.calls {
				t.Errorf("asked %d times beside the ping, want %d", calls, tt.calls)
			}
		})
	}
}

func TestDigestOfWhatIsNoTagIsNotAsked(t *testing.T) {
	registry := nowhere(t)
	c := client(t)
	for _, tag := range []string{"", "..", "a/b", "a b", "a?x=1", strings.Repeat("x", 129)} {
		_, err := c.Digest(t.Context(), named(registry.repository("a")), tag, Credential{})
		wantKind(t, err, Blocked)
	}
}

// A real image and a real index, in go-containerregistry's own registry.
func TestAgainstARealRegistry(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	server := httptest.NewServer(ggcr.New(ggcr.Logger(quiet)))
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	image, err := random.Image(16, 1)
	if err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(16, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tagOf(t, host+"/team/app:1.0.0"), image); err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tagOf(t, host+"/team/app:1.1.0"), index); err != nil {
		t.Fatal(err)
	}
	c := client(t, func(o *Options) { o.PageSize = 1 })

	tags, err := list(t, c, host+"/team/app", Credential{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0.0", "1.1.0"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	for tag, pushed := range map[string]interface{ Digest() (v1.Hash, error) }{"1.0.0": image, "1.1.0": index} {
		want, err := pushed.Digest()
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Digest(t.Context(), named(host+"/team/app"), tag, Credential{})
		if err != nil || got != want.String() {
			t.Errorf("digest of %s is %q, %v; want %q", tag, got, err, want)
		}
	}
	_, err = list(t, c, host+"/team/missing", Credential{})
	wantKind(t, err, NotFound)
}

func tagOf(t *testing.T, image string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(image)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}
