package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// tagged is a registry of one repository whose tag 1.0 is the manifest with a digest, of
// which the header may tell another one.
func (s *shelf) tagged(t *testing.T, digest, header string) *fake {
	t.Helper()
	from := func(where map[string]string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, ok := where[r.PathValue("digest")]
			if !ok {
				http.NotFound(w, r)
				return
			}
			_, _ = fmt.Fprint(w, body)
		}
	}
	return newFake(t, open(map[string]http.HandlerFunc{
		"/v2/a/tags/list": says(http.StatusOK, `{"name":"a","tags":["1.0"]}`),
		"/v2/a/manifests/1.0": func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Docker-Content-Digest", header)
			}
			_, _ = fmt.Fprint(w, s.manifests[digest])
		},
		"/v2/a/manifests/{digest}": from(s.manifests),
		"/v2/a/blobs/{digest}":     from(s.blobs),
	}))
}

// shortened are the calls without the digests in them.
func shortened(calls []string) []string {
	for i, call := range calls {
		calls[i], _, _ = strings.Cut(call, "sha256:")
	}
	return calls
}

func TestManifestOfATag(t *testing.T) {
	const config = `{"os":"linux","architecture":"amd64"}`
	index := func(s *shelf) string { return s.index(listed(someDigest, "linux/amd64", "")) }
	single := func(s *shelf) string { return s.single(config, "") }
	tells := func(text string) func(string) string { return func(string) string { return text } }
	its := func(digest string) string { return digest }
	byTag, byDigest, blob := "GET /v2/a/manifests/1.0", "GET /v2/a/manifests/", "GET /v2/a/blobs/"
	for name, tt := range map[string]struct {
		put    func(s *shelf) string
		header func(digest string) string
		dated  bool
		// unknown: there is no digest. Unread: it has to be looked up by itself.
		unknown, unread Kind
		kind            Kind // of the image; "" for one for linux/amd64
		want            []string
	}{
		"an index takes one request":         {put: index, header: its, want: []string{byTag}},
		"an index without the header, too":   {put: index, header: tells(""), want: []string{byTag}},
		"and with one that tells no digest":  {put: index, header: tells("sha256:x"), want: []string{byTag}},
		"a single manifest takes two":        {put: single, header: its, want: []string{byTag, blob}},
		"what is no image has a digest":      {put: func(s *shelf) string { return s.index() }, header: its, kind: NotAnImage, want: []string{byTag}},
		"what makes no sense has one, too":   {put: func(s *shelf) string { return s.put(s.manifests, `{"schemaVersion":2}`) }, header: its, kind: BadAnswer, want: []string{byTag}},
		"a page of a proxy has none":         {put: func(s *shelf) string { return s.put(s.manifests, "<html>") }, header: tells(""), unknown: BadAnswer, want: []string{byTag}},
		"a digest of other content is asked": {put: index, header: tells(someDigest), unread: NotFound, want: []string{byTag, byDigest}},
		"a config that is not there": {
			put: func(s *shelf) string {
				digest := single(s)
				clear(s.blobs)
				return digest
			}, header: its, kind: NotFound, want: []string{byTag, blob},
		},
		"the date of an index is read from an image in it": {
			put:    func(s *shelf) string { return s.index(listed(single(s), "linux/amd64", "")) },
			header: its, dated: true, want: []string{byTag, byDigest, blob},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := tt.put(s)
			registry, c := s.tagged(t, digest, tt.header(digest)), client(t)
			repository := named(registry.repository("a"))
			manifest, err := c.Manifest(t.Context(), repository, "1.0", Credential{})
			switch {
			case tt.unknown != "":
				wantKind(t, err, tt.unknown)
			case err != nil:
				t.Fatal(err)
			case tt.unread != "":
				if manifest.IsRead() || manifest.Digest() != someDigest {
					t.Errorf("got %+v", manifest)
				}
				_, err := c.Image(t.Context(), repository, manifest.Digest(), Credential{}, tt.dated)
				wantKind(t, err, tt.unread)
			default:
				if !manifest.IsRead() || manifest.Digest() != digest {
					t.Errorf("got %+v, want digest %s", manifest, digest)
				}
				image, err := c.ImageOf(t.Context(), repository, manifest, Credential{}, tt.dated)
				if tt.kind != "" {
					wantKind(t, err, tt.kind)
				} else if diff := cmp.Diff(Image{Platforms: platforms(t, "linux/amd64")}, image); diff != "" || err != nil {
					t.Errorf("error %v, image (-want +got):\n%s", err, diff)
				}
			}
			if diff := cmp.Diff(tt.want, shortened(registry.since()[1:])); diff != "" { // behind the ping
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManifestOfATagThatIsNotThere(t *testing.T) {
	registry, c := newShelf().registry(t), client(t)
	_, err := c.Manifest(t.Context(), named(registry.repository("a")), "1.0", Credential{})
	wantKind(t, err, NotFound)
	registry.since()
	_, err = c.Manifest(t.Context(), named(registry.repository("a")), "../b", Credential{})
	wantKind(t, err, Blocked)
	if calls := registry.since(); calls != nil {
		t.Errorf("a tag that is none was asked for: %q", calls)
	}
}

// A mirror that has not got the tag, or shows a page, costs what it did for the digest,
// and is not asked for the image.
func TestManifestOfATagBehindMirrors(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"has not got it":  http.NotFound,
		"shows a page":    says(http.StatusOK, "<html>"),
		"wants a pause":   says(http.StatusTooManyRequests, ""),
		"is broken":       says(http.StatusInternalServerError, ""),
		"refuses to tell": says(http.StatusForbidden, ""),
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			digest := s.index(listed(someDigest, "linux/amd64", ""))
			registry := s.tagged(t, digest, digest)
			mirror := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/{digest}": answer}))
			c := client(t, obeying(mirrored(t, registry.host(), mirror.URL)))
			manifest, err := c.Manifest(t.Context(), named(registry.repository("a")), "1.0", Credential{})
			if err != nil || manifest.Digest() != digest {
				t.Fatalf("got %+v, %v", manifest, err)
			}
			if _, err := c.ImageOf(t.Context(), named(registry.repository("a")), manifest, Credential{}, false); err != nil {
				t.Fatal(err)
			}
			for host, f := range map[string]*fake{"mirror": mirror, "registry": registry} {
				if diff := cmp.Diff([]string{"GET /v2/", "GET /v2/a/manifests/1.0"}, f.since()); diff != "" {
					t.Errorf("requests of the %s (-want +got):\n%s", host, diff)
				}
			}
		})
	}
}

// What a candidate costs of which nothing is known, at a registry that gives tokens: each
// of these waits for the one before.
func TestRequestsOfAColdCandidate(t *testing.T) {
	service := &tokens{expires: 300}
	s := newShelf()
	index := s.index(listed(someDigest, "linux/amd64", ""))
	registry := newFake(t, service.serve(s.tagged(t, index, index).Config.Handler))
	c := client(t)
	user := auth.Basic("user", "pass")
	for _, step := range []struct {
		name string
		want []string
	}{
		{"first", []string{"GET /v2/", "GET /token Basic", "GET /v2/a/tags/list Bearer", "GET /v2/a/manifests/1.0 Bearer"}},
		{"again", []string{"GET /v2/a/tags/list Bearer", "GET /v2/a/manifests/1.0 Bearer"}},
	} {
		if _, err := list(t, c, registry.repository("a"), user); err != nil {
			t.Fatal(err)
		}
		manifest, err := c.Manifest(t.Context(), named(registry.repository("a")), "1.0", user)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ImageOf(t.Context(), named(registry.repository("a")), manifest, user, false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, registry.since()); diff != "" {
			t.Errorf("%s requests (-want +got):\n%s", step.name, diff)
		}
	}
}
