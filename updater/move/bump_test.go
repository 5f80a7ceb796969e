package move

import (
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

func TestBumpPatchNamesOneAnnotationAndTheUID(t *testing.T) {
	targets := record.Record{"web": {Tag: "1.2.7"}, "job": {Tag: "1", Digest: "sha256:a"}}
	for kind, want := range map[string]string{
		"Deployment": `{"metadata":{"uid":"u"},"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"job=1@sha256:a,web=1.2.7"}}}}}`,
		"CronJob":    `{"metadata":{"uid":"u"},"spec":{"jobTemplate":{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"job=1@sha256:a,web=1.2.7"}}}}}}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			for _, k := range workload.StandardKinds().Rolling() {
				if k.GroupVersionKind.Kind != kind {
					continue
				}
				if got := string(bumpPatch(k, "u", "", targets.String(), false)); got != want {
					t.Errorf("patch %s, want %s", got, want)
				}
			}
		})
	}
}
