package manifests_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/test/cluster"
)

const chart = "chart"

// The values that stand for a component, in the words of the chart.
const (
	customKindsValues = `
customKinds:
- {group: argoproj.io, version: v1alpha1, resource: rollouts, kind: Rollout}
- {group: apps.kruise.io, version: v1alpha1, resource: clonesets, kind: CloneSet, template: spec.template}
`
	registriesValues = `
registries:
  enabled: true
  settings:
    registries:
    - {prefix: docker.io, requestsPerSecond: 2, pollMinimum: 30m}
`
	notificationsValues = "notifications: {enabled: true, settings: {channels: []}}\n"
	chatValues          = "chat: {enabled: true, settings: {slack: {appTokenFile: slack-app-token, botTokenFile: slack-bot-token, channel: C0000000000, users: []}}}\n"
	pushValues          = "push: {enabled: true, settings: {senders: [{sender: native, bearerTokenFile: native-token}]}}\n"
	monitoringValues    = "monitoring: {podMonitors: true, rules: true, dashboard: true}\n"
	policyValues        = "networkPolicy: {enabled: true, controlPlane: [10.0.0.0/28]}\n"
	filesValues         = `certificates: {source: files, caBundle: "-----BEGIN CERTIFICATE-----\n"}` + "\n"
	pageValues          = "page: {enabled: true, hosts: [garboard.example.com], args: [--client-ca-file=/etc/garboard/page/client-ca.crt], people: {users: [ann@example.com, bob@example.com], groups: [shop-team]}}\n"
	clientCAValues      = "clientCA: {configMap: garboard-client-ca}\n"
)

// What speaks of the namespace, and all that can be together with certificates from files.
const (
	namespacedValues = customKindsValues + registriesValues + notificationsValues + pushValues + chatValues + pageValues + monitoringValues + policyValues + clientCAValues +
		"admission: {policy: true}\nhelmValues: true\nupdater: {shards: 6}\n"
	everythingValues = customKindsValues + registriesValues + notificationsValues + pushValues + chatValues + pageValues + policyValues + filesValues + clientCAValues +
		"admission: {policy: true, enforce: true, escapeLabel: true}\nhelmValues: true\nupdater: {shards: 6}\nmonitoring: {dashboard: true}\n"
	portsValues = pushValues + `
networkPolicy: {enabled: true, controlPlane: [10.0.0.0/28, "2001:db8::/32"], status: true, push: [{namespaceSelector: {}}]}
`
)

// combinations are the values of the chart for each way to render the manifests that the
// docs name, by the folder that renders it.
func combinations() map[string]string {
	return map[string]string{
		"base":                       "",
		"overlays/admission-policy":  "admission: {policy: true}",
		"overlays/custom-kinds":      customKindsValues,
		"overlays/enforce":           "admission: {enforce: true}",
		"overlays/helm-values":       "helmValues: true",
		"overlays/ignore":            "admission: {failurePolicy: Ignore}",
		"overlays/notifications":     notificationsValues,
		"overlays/push":              pushValues,
		"overlays/chat":              chatValues,
		"overlays/registries-config": registriesValues,
		"overlays/sharded":           "updater: {shards: 6, replicas: 3}",
		"testdata/client-ca":         clientCAValues,
		"testdata/escape-label":      "admission: {escapeLabel: true}",
		"testdata/files":             filesValues,
		"testdata/monitoring":        monitoringValues,
		"testdata/page":              pageValues,
		"testdata/networkpolicy":     policyValues,
		"testdata/all": "admission: {failurePolicy: Ignore, enforce: true, escapeLabel: true, policy: true}\nhelmValues: true\nupdater: {shards: 6, replicas: 3}\n" +
			customKindsValues + registriesValues + clientCAValues + notificationsValues + pushValues + chatValues + pageValues + monitoringValues + policyValues,
	}
}

// The chart and the manifests are two ways to one installation.
func TestChartIsTheManifests(t *testing.T) {
	t.Parallel()
	for dir, values := range combinations() {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			want, got := byName(t, kustomize(t, dir)), byName(t, template(t, values))
			delete(want, "v1/Namespace/garboard") // Helm makes it: --create-namespace
			for name, object := range got {
				takeLabels(t, name, object, "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart")
				takeKeep(t, name, object)
			}
			for name, object := range want {
				takeLabels(t, name, object) // kustomize puts none on what a component adds
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("objects (-kustomize +chart):\n%s", diff)
			}
		})
	}
}

// What a component adds has a value of the chart: a new one is not to be forgotten.
func TestEveryComponentIsComparedWithTheChart(t *testing.T) {
	text, err := os.ReadFile("testdata/all/kustomization.yaml")
	must(t, err)
	entries, err := os.ReadDir("components")
	must(t, err)
	for _, entry := range entries {
		if name := entry.Name(); name != "files" && !strings.Contains(string(text), "- ../../components/"+name+"\n") {
			t.Errorf("testdata/all is without the component %s", name)
		}
	}
}

// In a namespace of another name nothing still names the default one.
func TestChartFollowsItsNamespace(t *testing.T) {
	text := template(t, namespacedValues, "--namespace=images")
	for name, object := range byName(t, text) {
		if namespace, ok, _ := unstructured.NestedString(object, "metadata", "namespace"); ok && namespace != "images" {
			t.Errorf("%s is in namespace %q", name, namespace)
		}
	}
	for _, wrong := range []string{"garboard.svc", "garboard/garboard-webhook", "namespace: garboard", "[garboard,", "[\"garboard\"", "serviceaccount:garboard:"} {
		if at := strings.Index(text, wrong); at >= 0 {
			t.Errorf("%q: …%s…", wrong, text[max(0, at-80):min(len(text), at+80)])
		}
	}
	for _, want := range []string{"--updater-account=system:serviceaccount:images:garboard-updater", "garboard-webhook.images.svc", "images/garboard-webhook"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

// byName reads manifests as plain objects, by version, kind and name. Lists whose order
// says nothing, and settings in files, are brought into one form.
func byName(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		must(t, err)
		object := map[string]any{}
		if err := yaml.UnmarshalStrict(document, &object); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		if len(object) == 0 || isHook(object) {
			continue
		}
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		key := fmt.Sprintf("%v/%v/%s", object["apiVersion"], object["kind"], name)
		if found[key] != nil {
			t.Fatalf("%s is there twice", key)
		}
		found[key] = normal(t, object)
	}
}

func isHook(object map[string]any) bool {
	_, hook, _ := unstructured.NestedString(object, "metadata", "annotations", "helm.sh/hook")
	return hook
}

// normal sorts what kustomize's merges put in front and a chart behind, and parses
// settings, whose comments and spacing count for nothing.
func normal(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	if data, ok := object["data"].(map[string]any); ok {
		for key, text := range data {
			var parsed any
			must(t, yaml.Unmarshal([]byte(text.(string)), &parsed))
			data[key] = parsed
		}
	}
	oneSpacing(object)
	pod, ok, _ := unstructured.NestedFieldNoCopy(object, "spec", "template", "spec")
	if !ok {
		return object
	}
	sortByName(pod.(map[string]any)["volumes"])
	for _, c := range pod.(map[string]any)["containers"].([]any) {
		for _, list := range []string{"ports", "volumeMounts"} {
			sortByName(c.(map[string]any)[list])
		}
	}
	return object
}

// oneSpacing brings CEL to one line: kustomize doubles some of its line breaks.
func oneSpacing(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			oneSpacing(item)
		}
	case map[string]any:
		for key, item := range value {
			if text, ok := item.(string); ok && key == "expression" {
				value[key] = strings.Join(strings.Fields(text), " ")
			}
			oneSpacing(item)
		}
	}
}

func sortByName(list any) {
	slices.SortFunc(list.([]any), func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["name"]), fmt.Sprint(b.(map[string]any)["name"]))
	})
}

// takeKeep removes what keeps definitions over an uninstall, and fails where one is without:
// with it would go all its objects.
func takeKeep(t *testing.T, name string, object map[string]any) {
	t.Helper()
	const policy = "helm.sh/resource-policy"
	kept, _, err := unstructured.NestedString(object, "metadata", "annotations", policy)
	must(t, err)
	if want := object["kind"] == "CustomResourceDefinition"; want != (kept == "keep") {
		t.Errorf("%s: %s is %q", name, policy, kept)
	}
	unstructured.RemoveNestedField(object, "metadata", "annotations", policy)
}

// takeLabels removes the labels that say whose an object is, and fails where one of
// those that are needed is missing.
func takeLabels(t *testing.T, name string, object map[string]any, needed ...string) {
	t.Helper()
	labels, _, err := unstructured.NestedStringMap(object, "metadata", "labels")
	must(t, err)
	for _, label := range needed {
		if labels[label] == "" {
			t.Errorf("%s is without the label %s", name, label)
		}
		delete(labels, label)
	}
	delete(labels, "app.kubernetes.io/name")
	unstructured.RemoveNestedField(object, "metadata", "labels")
	if len(labels) > 0 {
		must(t, unstructured.SetNestedStringMap(object, labels, "metadata", "labels"))
	}
}

// template renders the chart with the Helm that the local cluster has.
func template(t *testing.T, values string, args ...string) string {
	t.Helper()
	out, stderr, err := helm(t.Context(), values, slices.Concat([]string{"template", "garboard", chart, "--namespace=garboard", "--values=-"}, args)...)
	if err != nil {
		t.Fatalf("rendering the chart: %v\n%s", err, stderr)
	}
	return out
}

var helmPath = sync.OnceValues(func() (string, error) { return cluster.BuildHelm(context.Background(), os.Stderr) })

func helm(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	path, err := helmPath()
	if err != nil {
		return "", "", err
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(cmd.Environ(), cluster.NoCollection()...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
