package placement_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/cluster/placement"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Whatever a manifest holds, there are sorted, distinct platforms or an error
// of a known kind, and the same again.
func FuzzPlatforms(f *testing.F) {
	for _, spec := range []string{
		`{}`, `[]`, `{"nodeName":"b1"}`, `{"nodeSelector":{"kubernetes.io/arch":"arm64"}}`, `{"tolerations":[{"operator":"Exists"},null]}`,
		`{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]},null]}}}}`,
		`{"affinity":{"nodeAffinity":[]},"nodeSelector":{"a":1e999}}`, `{"tolerations":[{"tolerationSeconds":1.5}]}`,
	} {
		f.Add(spec)
	}
	nodes, _ := started(f, mixed()...)
	kind, _ := workload.StandardKinds().For("", "Pod")
	f.Fuzz(func(t *testing.T, spec string) {
		o, err := workload.Parse(kind, []byte(`{"spec":`+spec+`}`))
		if err != nil {
			t.Skip()
		}
		found, err := nodes.Platforms(t.Context(), o)
		var unreadable *placement.UnreadableError
		if err != nil && (!errors.As(err, &unreadable) || found != nil) {
			t.Fatalf("got %v, %v", found, err)
		}
		words := make([]string, len(found))
		for i, platform := range found {
			words[i] = strings.ReplaceAll(platform.String(), "/", " ")
		}
		if !slices.IsSorted(words) || len(slices.Compact(slices.Clone(words))) < len(words) {
			t.Errorf("got %v: not sorted, or one of them twice", found)
		}
		again, errAgain := nodes.Platforms(t.Context(), o)
		if diff := cmp.Diff(found, again); diff != "" || (err == nil) != (errAgain == nil) {
			t.Errorf("asked again (-first +second):\n%s\nerrors %v, %v", diff, err, errAgain)
		}
	})
}
