package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// amd64 is a cluster whose nodes are all of one platform.
type amd64 struct{}

func (amd64) Required(context.Context, *workload.Object) []resolver.Platform {
	return []resolver.Platform{{OS: "linux", Architecture: "amd64"}}
}

// pushArtefact puts something behind tags of the repository model that no node can run.
func (w *world) pushArtefact(tags ...string) {
	w.t.Helper()
	for _, tag := range tags {
		body := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.weights",
			"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},
			"layers":[],"annotations":{"tag":%q}}`, tag)
		request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPut, "http://"+w.host+"/v2/model/manifests/"+tag, strings.NewReader(body))
		if err != nil {
			w.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			w.t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode >= http.StatusBadRequest {
			w.t.Fatalf("pushing %s: %s", tag, response.Status)
		}
	}
}

// An image volume may be any OCI object. What is mounted runs on no platform.
func TestImageVolumeOfAnArtefactMoves(t *testing.T) {
	w := newWorld(t, "1.2.0")
	w.pushArtefact("1.2.0", "1.2.7")
	w.serveBy(webhook.DeciderOptions{Resolver: w.resolver, Placement: amd64{}})
	model := w.host + "/model:1.2.0"
	volume := strings.Replace(w.deployment("patch", "1.2.0"), `"containers":`, `"volumes":[{"name":"model","image":{"reference":`+quoted(model)+`}}],"containers":`, 1)
	if !strings.Contains(volume, model) {
		t.Fatalf("no volume in %s", volume)
	}
	stored, _ := w.mutate(write{object: volume})
	if !strings.Contains(stored, `"reference":`+quoted(w.host+"/model:1.2.7")) {
		t.Errorf("stored %s, want the newest in the volume", stored)
	}

	container := strings.ReplaceAll(w.deployment("patch", "1.2.0"), w.host+"/app", w.host+"/model")
	stored, response := w.mutate(write{object: container})
	if !strings.Contains(stored, `"image":`+quoted(model)) || !strings.Contains(strings.Join(response.Warnings, "\n"), "no container image") {
		t.Errorf("a container, which no node could run: stored %s, warnings %q", stored, response.Warnings)
	}
}
