package certmanager_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/certs/certmanager"
)

var update = flag.Bool("update", false, "render the manifest again")

const header = `# Rendered from the package certs/certmanager by: go test ./certs/certmanager -run TestManifest -update
# A self-signed root signs a long-lived CA, and that CA signs the webhook's
# serving certificate: renewing the latter changes no trust anchor.
`

// The manifest that people install is the typed objects, to the letter.
func TestManifest(t *testing.T) {
	path := filepath.Join("..", "..", "manifests", "base", "certificates.yaml")
	want := header + render(t, certmanager.Objects(certmanager.Options{}))
	if *update {
		must(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what certmanager.Objects gives; run: go test ./certs/certmanager -run TestManifest -update (-want +got):\n%s", path, diff)
	}
}

func TestObjectsAreOfTheOptions(t *testing.T) {
	objects := certmanager.Objects(certmanager.Options{Namespace: "ops", Service: "hook", ClusterDomain: "example.org"})
	for _, o := range objects {
		if o.GetNamespace() != "ops" {
			t.Errorf("namespace of %s: got %q, want %q", o.GetName(), o.GetNamespace(), "ops")
		}
	}
	serving := newCertificate(t, objects, certmanager.Serving)
	want := []string{"hook.ops.svc", "hook.ops.svc.example.org"}
	if diff := cmp.Diff(want, serving.Spec.DNSNames); diff != "" {
		t.Errorf("DNS names (-want +got):\n%s", diff)
	}
}

// What would only show in production, years or months after the installation.
func TestCertificateLifetimes(t *testing.T) {
	objects := certmanager.Objects(certmanager.Options{})
	ca, serving := newCertificate(t, objects, certmanager.CA), newCertificate(t, objects, certmanager.Serving)

	if ca.Spec.RenewBefore.Duration <= serving.Spec.Duration.Duration {
		t.Errorf("a serving certificate (%v) signed just before the CA is renewed (%v before its end) outlives its CA",
			serving.Spec.Duration, ca.Spec.RenewBefore)
	}
	for _, c := range []*cmv1.Certificate{ca, serving} {
		if c.Spec.RenewBefore.Duration >= c.Spec.Duration.Duration {
			t.Errorf("%s: renewed %v before the end of %v: at once, for ever", c.Name, c.Spec.RenewBefore, c.Spec.Duration)
		}
		if c.Spec.PrivateKey.RotationPolicy != cmv1.RotationPolicyAlways {
			t.Errorf("%s: rotation policy: got %q, want %q", c.Name, c.Spec.PrivateKey.RotationPolicy, cmv1.RotationPolicyAlways)
		}
	}
	if ca.Spec.SecretName == serving.Spec.SecretName {
		t.Errorf("both certificates are kept in Secret %q: the webhook would mount the CA's key", ca.Spec.SecretName)
	}
}

func newCertificate(t *testing.T, objects []client.Object, name string) *cmv1.Certificate {
	t.Helper()
	for _, o := range objects {
		if c, ok := o.(*cmv1.Certificate); ok && c.Name == name {
			return c
		}
	}
	t.Fatalf("no Certificate %q", name)
	return nil
}

// render gives the objects as a manifest, without the status that the typed API
// always writes and only cert-manager may.
func render(t *testing.T, objects []client.Object) string {
	t.Helper()
	var out bytes.Buffer
	for i, o := range objects {
		raw, err := json.Marshal(o)
		must(t, err)
		var fields map[string]any
		must(t, json.Unmarshal(raw, &fields))
		delete(fields, "status")
		text, err := yaml.Marshal(fields)
		must(t, err)
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
