package memory_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/memory"
)

func TestRegistry(t *testing.T) {
	r, err := memory.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		if err := r.Push(t.Context(), "team/app", tag); err != nil {
			t.Fatal(err)
		}
	}
	client, err := registry.New(registry.Options{Insecure: []string{r.Host()}, Private: []string{r.Host()}})
	if err != nil {
		t.Fatal(err)
	}
	app, err := registry.ParseRepository(r.Host() + "/team/app")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := client.Tags(t.Context(), app, registry.Credential{})
	if diff := cmp.Diff([]string{"1.0.0", "1.1.0"}, tags); diff != "" || err != nil {
		t.Errorf("got error %v (-want +got)\n%s", err, diff)
	}
	t.Run("a bad tag is refused", func(t *testing.T) {
		if err := r.Push(t.Context(), "team/app", "not a tag"); err == nil {
			t.Error("it was pushed")
		}
	})
	t.Run("nothing answers once it is closed", func(t *testing.T) {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if response, err := http.Get("http://" + r.Host() + "/v2/"); err == nil {
			_ = response.Body.Close()
			t.Error("it answers")
		}
	})
}
