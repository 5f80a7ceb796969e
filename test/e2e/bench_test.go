package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/keelson-dev/keelson/test/cluster"
)

// noop is a webhook that allows all, in the same place as Keelson's: behind a
// Service, with a certificate of the same issuer.
const noop = `
apiVersion: v1
kind: Service
metadata: {name: noop-webhook, namespace: keelson}
spec: {ports: [{name: https, port: 443, targetPort: 9443}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: noop-webhook, namespace: keelson}
spec:
  secretName: noop-webhook-tls
  dnsNames: [noop-webhook.keelson.svc]
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {name: keelson-ca, kind: Issuer, group: cert-manager.io}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: noop-webhook
  annotations: {cert-manager.io/inject-ca-from: keelson/noop-webhook}
webhooks:
- name: noop.keelson.dev
  clientConfig: {service: {name: noop-webhook, namespace: keelson, path: /mutate}}
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 5
  namespaceSelector: {matchLabels: {bench: noop}}
  rules:
  - {operations: [CREATE, UPDATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}
`

// BenchmarkCreateDeployment compares the creation of a Deployment with Keelson,
// mutating and validating, with that of a do-nothing webhook and of none. The
// requests take turns, so that all three see the same load, and the ratios are
// of one run.
func BenchmarkCreateDeployment(b *testing.B) {
	startNoop(b)
	spaces := map[string]*space{
		"keelson": newSpace(b),
		"noop":    makeSpace(b, map[string]string{"bench": "noop"}),
		"none":    makeSpace(b, nil),
	}
	objects := map[string]*appsv1.Deployment{}
	for name, s := range spaces {
		s.push("1.2.0", "1.2.7")
		d := &appsv1.Deployment{}
		if err := yaml.UnmarshalStrict([]byte(s.manifest("", "1.2.0", "keelson.dev/policy: patch", quiet)), d); err != nil {
			b.Fatal(err)
		}
		d.Name = "bench"
		objects[name] = d
	}
	create := func(name string) time.Duration {
		start := time.Now()
		created, err := shared.Client().AppsV1().Deployments(spaces[name].name).Create(b.Context(), objects[name], metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		took := time.Since(start)
		if err != nil {
			b.Fatal(err)
		}
		if got := created.Spec.Template.Spec.Containers[0].Image; name == "keelson" && got != spaces[name].image+":1.2.7" {
			b.Fatalf("keelson answered %s", got)
		}
		return took
	}
	for range 20 { // connections, and the first list
		for name := range spaces {
			create(name)
		}
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for _, name := range []string{"none", "noop", "keelson"} {
			took[name] = append(took[name], create(name))
		}
	}
	median := func(name string) float64 {
		slices.Sort(took[name])
		return float64(took[name][len(took[name])/2])
	}
	b.ReportMetric(0, "ns/op")
	for _, name := range []string{"none", "noop", "keelson"} {
		b.ReportMetric(median(name)/1e6, name+"-p50-ms")
	}
	b.ReportMetric(median("keelson")/median("noop"), "keelson/noop")
	b.ReportMetric(median("keelson")/median("none"), "keelson/none")
}

func startNoop(b *testing.B) {
	b.Helper()
	ctx := b.Context()
	if _, _, err := shared.Kubectl(ctx, noop, "apply", "-f", "-"); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := shared.FollowSecret(ctx, "keelson", "noop-webhook-tls", dir); err != nil {
		b.Fatal(err)
	}
	port, err := cluster.FreePort()
	if err != nil {
		b.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	if _, err := shared.StartProcess(fmt.Sprintf("noop-%d", port), shared.NoopWebhook(), nil, "-addr", address, "-cert-dir", dir); err != nil {
		b.Fatal(err)
	}
	if err := shared.Route("keelson/noop-webhook:443", address); err != nil {
		b.Fatal(err)
	}
	s := makeSpace(b, map[string]string{"bench": "noop"})
	s.await("the do-nothing webhook", func(context.Context) error {
		if _, _, err := s.kubectl(s.manifest("probe", "1.0.0"), "create", "--dry-run=server", "-f", "-"); err != nil {
			return err
		}
		metrics, _, err := shared.Kubectl(ctx, "", "get", "--raw", "/metrics")
		if err == nil && !strings.Contains(metrics, `apiserver_admission_webhook_request_total{code="200",name="noop.keelson.dev"`) {
			err = errors.New("the API server has not asked it yet")
		}
		return err
	})
}
