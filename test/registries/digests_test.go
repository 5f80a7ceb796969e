package registries

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
)

// What can be wrong with what a tag points at. The image is pinned to it, and
// some workloads look into it for platforms.
func TestDigestsAsAUserSeesThem(t *testing.T) {
	backend := distribution(t, read{})
	push(t, backend+"/a/b", []string{"1.0.0"})
	push(t, backend+"/a/b", []string{"1.0.1"})
	const (
		unread     = "stays at 1.0.0: digest of the chosen tag could not be read"
		unreadable = "stays at 1.0.0: 1.0.1: digest of the chosen tag could not be read: "
	)
	pin := []string{"garboard.dev/pin", "digest"}
	look := append([]string{"garboard.dev/platforms", "linux/arm64"}, pin...)
	none := "sha256:" + strings.Repeat("0", 64)

	for name, test := range map[string]struct {
		head, get, list http.HandlerFunc // of 1.0.1; nil is the registry's own
		content         http.HandlerFunc // whatever is asked for with GET
		annotations     []string
		why             string // of the move, or of the stay
		stays           bool
		tag             string // that is pinned; 1.0.1 where it is not said
		requests        map[string]int
	}{
		"a HEAD with digest": {
			annotations: pin, why: "policy patch", requests: map[string]int{digest: 1},
		},
		"a HEAD without digest: what GET gives is hashed": {
			head: says(200, "", ""), annotations: pin, why: "policy patch", requests: map[string]int{digest: 1, content: 1},
		},
		"a HEAD with a digest of no meaning: the same": {
			head: headed("Docker-Content-Digest", "sha256:x", says(200, "", "")), annotations: pin, why: "policy patch",
			requests: map[string]int{digest: 1, content: 1},
		},
		"a HEAD that is not allowed: the same": {
			head: says(405, "", ""), annotations: pin, why: "policy patch", requests: map[string]int{digest: 1, content: 1},
		},
		"no digest, and HTML": {
			head: says(200, "", ""), get: says(200, "text/html", maintenance), annotations: pin, why: unread, stays: true,
			requests: map[string]int{digest: 1, content: 1},
		},
		"a HEAD that fails": {
			head: says(500, "", ""), annotations: pin, why: unread, stays: true, requests: map[string]int{digest: 1},
		},
		"a tag that is listed and has no manifest: the next lower": {
			list: lists(`"1.0.0","1.0.1","1.0.2"`), annotations: pin, why: "policy patch; 1.0.2: listed, but has no manifest",
			requests: map[string]int{digest: 2},
		},
		"the only newer one has none: what runs is pinned": {
			head: http.NotFound, annotations: pin, tag: "1.0.0", why: "policy patch; 1.0.1: listed, but has no manifest",
			requests: map[string]int{digest: 2},
		},
		"a GET whose digest is not there: the same": {
			get: headed("Docker-Content-Digest", none, says(200, "", "")), annotations: look, tag: "1.0.0",
			why: "policy patch; 1.0.1: listed, but has no manifest", requests: map[string]int{content: 2, digest: 1},
		},
		"a GET of other content than its digest is of": {
			content: headed("Docker-Content-Digest", none, says(200, "", `{"schemaVersion":2}`)), annotations: look, tag: "1.0.0",
			why: "policy patch; 1.0.1: its manifest is invalid", requests: map[string]int{content: 2, digest: 1},
		},
		"a GET of an index of nothing": {
			content: says(200, "application/vnd.oci.image.index.v1+json", `{"schemaVersion":2,"manifests":[]}`), annotations: look, tag: "1.0.0",
			why: "policy patch; 1.0.1: no container image", requests: map[string]int{content: 1, digest: 1},
		},
		"a GET of HTML": {
			content: says(200, "text/html", maintenance), annotations: look, stays: true,
			why: unreadable + "the registry sent an invalid response", requests: map[string]int{content: 1},
		},
		"a GET that fails": {
			content: says(500, "", ""), annotations: look, stays: true,
			why: unreadable + "registry cannot be reached", requests: map[string]int{content: 1},
		},
		"a GET that is to wait": {
			content: says(429, "", ""), annotations: look, stays: true,
			why: unreadable + "registry asks for a pause", requests: map[string]int{content: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, backend)
			if test.head != nil {
				p.breaks(digest, only("/manifests/1.0.1", test.head, p))
			}
			p.breaks(content, test.content)
			if test.get != nil {
				p.breaks(content, only("/manifests/1.0.1", test.get, p))
			}
			p.breaks(list, test.list)
			image := p.host() + "/a/b:1.0.0"
			want := kept(image, test.why)
			if !test.stays {
				tag := cmp.Or(test.tag, "1.0.1")
				want = pinned(image, tag, digestOf(t, backend+"/a/b:"+tag), test.why)
			}
			check(t, newAdmission(t, reachable()).create(t, image, "patch", test.annotations...), want)
			test.requests[ping], test.requests[list] = 1, 1
			checkRequests(t, p, test.requests)
		})
	}
}
