package placement_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/cluster/placement"
	"github.com/garboard-dev/garboard/internal/workload"
)

// informers has one informer, whatever it is asked for.
type informers struct {
	informer cache.Informer
	err      error
}

func (i informers) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	return i.informer, i.err
}

// teller is an informer whose handler can be told anything.
type teller struct {
	*controllertest.FakeInformer
	handler toolscache.ResourceEventHandler
}

func (i *teller) AddEventHandler(handler toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	i.handler = handler
	return i.FakeInformer.AddEventHandler(handler)
}

// started returns Nodes that know the given ones, and the informer that tells
// them of others.
func started(t testing.TB, known ...*corev1.Node) (*placement.Nodes, *teller) {
	t.Helper()
	informer := &teller{FakeInformer: controllertest.NewFakeInformer(controllertest.Synced)}
	nodes := placement.New(placement.Options{Informers: informers{informer: informer}})
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range known {
		informer.Add(n)
	}
	return nodes, informer
}

// node returns a node of a platform such as linux/arm64. What follows are
// labels (pool=arm) and taints (gpu=yes:NoSchedule).
func node(name, platform string, more ...string) *corev1.Node {
	os, arch, _ := strings.Cut(platform, "/")
	n := bare(name, more...)
	n.Labels["kubernetes.io/os"], n.Labels["kubernetes.io/arch"] = os, arch
	return n
}

// bare returns a node without labels of its platform.
func bare(name string, more ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
	for _, text := range more {
		pair, effect, isTaint := strings.Cut(text, ":")
		key, value, _ := strings.Cut(pair, "=")
		if isTaint {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
		} else {
			n.Labels[key] = value
		}
	}
	return n
}

// object returns a workload with a pod spec in YAML or JSON.
func object(t testing.TB, group, name, spec string) *workload.Object {
	t.Helper()
	kind, ok := workload.StandardKinds().For(group, name)
	if !ok {
		t.Fatalf("no kind %s", name)
	}
	var decoded any
	if err := yaml.Unmarshal([]byte(spec), &decoded); err != nil {
		t.Fatal(err)
	}
	root := map[string]any{"spec": decoded}
	for i := len(kind.Template) - 1; i >= 0; i-- {
		root = map[string]any{kind.Template[i]: root}
	}
	root["apiVersion"], root["kind"] = kind.GroupVersion().String(), name
	o, ok := workload.StandardKinds().FromMap(root)
	if !ok {
		t.Fatalf("%s is no workload", name)
	}
	return o
}

func deployment(t testing.TB, spec string) *workload.Object {
	t.Helper()
	return object(t, "apps", "Deployment", spec)
}

// affinity returns a pod spec with terms of a required node affinity.
func affinity(terms string) string {
	return "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: " + terms + "}}}}"
}

// platforms asks, and returns the platforms as words.
func platforms(t testing.TB, nodes *placement.Nodes, o *workload.Object) string {
	t.Helper()
	found, err := nodes.Platforms(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	words := make([]string, 0, len(found))
	for _, platform := range found {
		words = append(words, platform.String())
	}
	return strings.Join(words, " ")
}
