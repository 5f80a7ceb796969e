package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ownedPod is a Pod that names a controller as its owner, as anybody may.
func (s *space) ownedPod(name, tag string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: %s
  labels: {by: hand}
  ownerReferences:
  - {apiVersion: apps/v1, kind: ReplicaSet, name: forged, uid: 8d2f1a52-0000-4000-8000-000000000000, controller: true}
spec:
  containers: [{name: web, image: "%s:%s"}]
`, name, s.image, tag)
}

// admitsOwned tries to write a Pod that names an owner.
func (s *space) admitsOwned(tag string) error {
	_, _, err := s.kubectl(s.ownedPod("forged", tag), "create", "--dry-run=server", "-f", "-")
	return err
}

// As installed, a reference to a controller is a way past the rules for images;
// overlays/enforce closes it, and leaves kube-system's own controllers alone: they
// replace Pods also while no webhook answers.
func TestEnforceSeesThroughForgedOwners(t *testing.T) {
	alone(t)
	s := judging(t, "enforce")
	s.push("1.2.0", "9.9.9")
	s.must("", "annotate", "namespace", s.name, "garboard.dev/policy=glob:1.2.*", quietDefault)
	s.await("the default to hold", func(context.Context) error {
		if _, _, err := s.create(s.manifest("plain", "9.9.9", `garboard.dev/policy: "glob:8.*"`), metav1.DryRunAll); err == nil {
			return fmt.Errorf("an image out of its range was admitted")
		}
		return nil
	})
	if err := s.admitsOwned("9.9.9"); err != nil {
		t.Fatalf("as installed: %v", err)
	}

	overlay, _, err := s.Kubectl(t.Context(), "", "kustomize", "../../manifests/overlays/enforce")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.install("", "-f", "../../manifests/install.yaml") })
	s.install(overlay, "-f", "-")
	s.await("the overlay to hold", func(context.Context) error {
		err := s.admitsOwned("9.9.9")
		switch {
		case err == nil:
			return fmt.Errorf("the forged Pod was admitted")
		case !strings.Contains(err.Error(), "spec.containers[0].image"):
			return err
		default:
			return nil
		}
	})
	if err := s.admitsOwned("1.2.0"); err != nil {
		t.Errorf("in range: %v", err)
	}
	// Judged, and not changed: an owner's Pods run what the owner says.
	s.push("1.2.7")
	out, _ := s.must(s.ownedPod("forged", "1.2.0"), "create", "--dry-run=server", "-f", "-", "-o=jsonpath={.spec.containers[0].image}")
	if !strings.HasSuffix(out, ":1.2.0") {
		t.Errorf("a Pod with an owner got the image %s", out)
	}

	s.must(s.manifest("web", "1.2.0", quiet), "create", "-f", "-")
	s.settled("web")
	s.only()
	if err := s.admitsOwned("1.2.0"); err == nil {
		t.Error("with no webhook a forged Pod was admitted")
	}
	s.must("", "delete", "pod", "-l", "app=web")
	s.settled("web")
}

// quietDefault is quiet for a whole namespace.
var quietDefault = strings.ReplaceAll(quiet, ": ", "=")

// install applies manifests of Garboard as a whole.
func (s *space) install(stdin string, args ...string) {
	s.t.Helper()
	s.needAlone()
	ctx := context.WithoutCancel(s.t.Context())
	if _, _, err := s.Kubectl(ctx, stdin, append([]string{"apply", "--server-side"}, args...)...); err != nil {
		s.t.Error(err)
	}
}
