package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// followCertificate: a certificate that is renewed each second.
func followCertificate(t *testing.T, c *Cluster) {
	const manifest = `
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: own, namespace: default}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: hook, namespace: default}
spec:
  secretName: hook-tls
  dnsNames: [hook.default.svc]
  duration: 30s
  renewBefore: 29s
  issuerRef: {name: own, kind: Issuer, group: cert-manager.io}
`
	if _, _, err := c.Kubectl(t.Context(), manifest, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "tls")
	if err := c.FollowSecret(t.Context(), "default", "hook-tls", dir); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "tls.crt"))
	if err != nil {
		t.Fatal(err)
	}
	await(t, func(context.Context) error {
		now, err := os.ReadFile(filepath.Join(dir, "tls.crt"))
		if err == nil && slices.Equal(now, first) {
			err = fmt.Errorf("not renewed yet")
		}
		return err
	})
	once := filepath.Join(t.TempDir(), "once")
	if err := c.SecretToDir(t.Context(), "default", "hook-tls", once); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(once, "tls.key")); err != nil {
		t.Error(err)
	}
}

func actAsServiceAccount(t *testing.T, c *Cluster) {
	file, err := c.ServiceAccountKubeconfig(t.Context(), "default", "default")
	if err != nil {
		t.Fatal(err)
	}
	stdout, _, err := c.Kubectl(t.Context(), "", "--kubeconfig", file, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if err != nil || stdout != "system:serviceaccount:default:default" {
		t.Errorf("it is %q, %v", stdout, err)
	}
	_, stderr, err := c.Kubectl(t.Context(), "", "--kubeconfig", file, "get", "pods")
	if err == nil || !strings.Contains(stderr, "forbidden") {
		t.Errorf("it may list Pods: %v, stderr %q", err, stderr)
	}
}

// routeWebhook installs a webhook as an install manifest does, and runs it
// outside. Without a route each call fails, so that the first failure tells
// when the configuration has taken effect.
func routeWebhook(t *testing.T, c *Cluster) {
	const manifest = `
apiVersion: v1
kind: Service
metadata: {name: noop, namespace: default}
spec:
  ports: [{name: https, port: 443, targetPort: 9443}]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: noop, namespace: default}
spec:
  secretName: noop-tls
  dnsNames: [noop.default.svc]
  issuerRef: {name: own, kind: Issuer, group: cert-manager.io}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: noop
  annotations: {cert-manager.io/inject-ca-from: default/noop}
webhooks:
- name: noop.garboard.dev
  clientConfig:
    service: {name: noop, namespace: default, path: /validate}
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 5
  objectSelector: {matchLabels: {noop: "yes"}}
  rules:
  - {operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [configmaps]}
`
	if _, _, err := c.Kubectl(t.Context(), manifest, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "tls")
	if err := c.FollowSecret(t.Context(), "default", "noop-tls", dir); err != nil {
		t.Fatal(err)
	}
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.StartProcess("noop", c.NoopWebhook(), nil, "-addr", loopback(port), "-cert-dir", dir); err != nil {
		t.Fatal(err)
	}
	create := func(ctx context.Context) (string, error) {
		const object = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"noop":"yes"}}}`
		_, stderr, err := c.Kubectl(ctx, object, "create", "--dry-run=server", "-f", "-")
		return stderr, err
	}
	await(t, func(ctx context.Context) error {
		if stderr, err := create(ctx); err == nil || !strings.Contains(stderr, "code 502") {
			return fmt.Errorf("not called yet: %w", err)
		}
		return nil
	})
	if err := c.Route("default/noop:443", loopback(port)); err != nil {
		t.Fatal(err)
	}
	await(t, func(ctx context.Context) error {
		_, err := create(ctx)
		return err
	})
}
