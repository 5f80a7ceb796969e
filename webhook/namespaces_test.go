package webhook_test

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/webhook"
)

// labelled are namespaces with their labels. It counts how often it is asked.
type labelled struct {
	client.Reader
	labels map[string]map[string]string
	fault  error
	asked  int
}

func (l *labelled) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	l.asked++
	if l.fault != nil {
		return l.fault
	}
	labels, ok := l.labels[key.Name]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, key.Name)
	}
	into.(*metav1.PartialObjectMetadata).SetLabels(labels)
	return nil
}

// Between the label and the informer's hearing of it the API server asks already.
// To answer then that the namespace has not opted in lets the first workloads of a
// namespace through as they are written, with nobody to tell.
func TestNamespaceThatOptedInAMomentAgo(t *testing.T) {
	on, off := map[string]string{workload.LabelEnabled: "true"}, map[string]string{}
	away := errors.New("the API server is away")
	for name, test := range map[string]struct {
		cached, live map[string]string // nil where there is none
		fault        error             // of the live read
		enabled      bool
		reads        int
		missing      bool
		err          error
	}{
		"opted in, and known to have":     {cached: on, live: on, enabled: true},
		"opted in a moment ago":           {cached: off, live: on, enabled: true, reads: 1},
		"made a moment ago":               {live: on, enabled: true, reads: 1},
		"not opted in":                    {cached: off, live: off, reads: 1},
		"a name that somebody made up":    {reads: 1, missing: true},
		"not known, and nobody to ask":    {fault: away, reads: 1, err: away},
		"opted in, and nobody to ask now": {cached: on, fault: away, enabled: true},
	} {
		t.Run(name, func(t *testing.T) {
			cache, live := &labelled{labels: map[string]map[string]string{}}, &labelled{labels: map[string]map[string]string{}, fault: test.fault}
			if test.cached != nil {
				cache.labels["team"] = test.cached
			}
			if test.live != nil {
				live.labels["team"] = test.live
			}
			namespaces := &webhook.CachedNamespaces{Cache: cache, Live: live}
			got, err := namespaces.Namespace(t.Context(), "team")
			if got.Enabled() != test.enabled || live.asked != test.reads {
				t.Errorf("enabled %v after %d live reads, want %v after %d", got.Enabled(), live.asked, test.enabled, test.reads)
			}
			if _, missing := errors.AsType[*webhook.NotFoundError](err); missing != test.missing {
				t.Errorf("error %v, missing %v", err, test.missing)
			}
			if !test.missing && !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
		})
	}
}
