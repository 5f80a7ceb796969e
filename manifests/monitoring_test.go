package manifests_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// What is scraped are the Pods of the base, at a port that they have. What the
// expressions are worth, test/monitoring sees.
func TestMonitoringComponent(t *testing.T) {
	added := unstructuredBeyondBase(t, kustomize(t, "testdata/monitoring"))
	var kinds []string
	for _, o := range added {
		kinds = append(kinds, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
	}
	want := []string{"ConfigMap garboard/garboard-dashboard", "PodMonitor garboard/garboard-updater", "PodMonitor garboard/garboard-webhook", "PrometheusRule garboard/garboard"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Fatalf("beyond the base (-want +got):\n%s", diff)
	}
	base := install(t)
	for _, o := range added {
		switch o.GetKind() {
		case "PodMonitor":
			selector, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector", "matchLabels")
			must(t, err)
			pods := one[*appsv1.Deployment](t, base, o.GetName()).Spec.Template.Labels
			if !labels.SelectorFromSet(selector).Matches(labels.Set(pods)) {
				t.Errorf("%s: %v are not the labels of its Pods, %v", o.GetName(), selector, pods)
			}
			endpoints, _, err := unstructured.NestedSlice(o.Object, "spec", "podMetricsEndpoints")
			must(t, err)
			for _, endpoint := range endpoints {
				name, _ := endpoint.(map[string]any)["port"].(string)
				if port(t, container(t, base, o.GetName()), name) != 8080 {
					t.Errorf("%s: the port %q is not that of the metrics", o.GetName(), name)
				}
			}
		case "ConfigMap":
			file, err := os.ReadFile("components/monitoring/dashboard.json")
			must(t, err)
			held, _, err := unstructured.NestedString(o.Object, "data", "garboard.json")
			must(t, err)
			if o.GetLabels()["grafana_dashboard"] != "1" || held != string(file) {
				t.Errorf("the dashboard is not found by its label %v, or is not the file", o.GetLabels())
			}
		}
	}
}

// unstructuredBeyondBase reads the objects of kinds that the base does not have.
func unstructuredBeyondBase(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var added []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return added
		}
		must(t, err)
		o := &unstructured.Unstructured{}
		must(t, yaml.Unmarshal(document, &o.Object))
		if o.GetKind() == "ConfigMap" || strings.HasPrefix(o.GetAPIVersion(), "monitoring.coreos.com/") {
			added = append(added, o)
		}
	}
}
