package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Five repositories that dripped a byte at a time held all turns of a host that
// others share.
func TestBodyThatDripsIsBrokenOff(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, `{"tags":[`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"/v2/b/tags/list": twoTags,
	}))
	c := client(t, func(o *Options) { o.BodyTimeout, o.Concurrency = 20*time.Millisecond, 1 })
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, Timeout)
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// Long lists take turns; short ones do not wait for them.
func TestLongListsTakeTurns(t *testing.T) {
	long := `{"tags":["` + strings.Repeat(strings.Repeat("x", 100)+`","`, 2*smallList/100) + `1.0.0"]}`
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/long/tags/list": says(http.StatusOK, long), "/v2/b/tags/list": twoTags,
	}))
	c := client(t)
	for range largeLists {
		c.large <- struct{}{}
	}
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("a short list: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Tags(ctx, named(registry.repository("long")), Credential{})
	wantKind(t, err, Timeout)

	<-c.large
	for range 3 { // each gives its turn back
		if tags, err := list(t, c, registry.repository("long"), Credential{}); err != nil || len(tags) != 2 {
			t.Fatalf("got %d tags and %v", len(tags), err)
		}
	}
}

func TestImageOfManyPlatformsIsNotKept(t *testing.T) {
	var children []string
	for i := range maxPlatforms + 1 {
		children = append(children, fmt.Sprintf(
			`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%064x","size":1,"platform":{"os":"linux","architecture":"a%d"}}`, i, i))
	}
	body := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + strings.Join(children, ",") + `]}`
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/": says(http.StatusOK, body)}))
	_, err := client(t).Image(t.Context(), named(registry.repository("a")), sha256Of(body), Credential{}, false)
	wantKind(t, err, TooLarge)
}
