package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// With no webhook at all a cluster must come up by itself: what Garboard needs
// to start is never asked about, Pods are replaced, and there is a way out.
func TestDeadWebhookStopsWritesOfWorkloadsAlone(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.must(manifest, "apply", "-f", "-")
	s.settled("web")
	s.escapeLabel()
	s.only()
	s.await("writes to be refused", func(context.Context) error {
		_, _, err := s.kubectl("", "label", "deployment/web", "touched=yes", "--overwrite")
		if err == nil {
			return errors.New("admitted")
		}
		if !strings.Contains(err.Error(), "mutate.garboard.dev") {
			t.Errorf("the refusal does not name the webhook: %v", err)
		}
		return nil
	})

	for _, namespace := range []string{"kube-system", "garboard", "cert-manager", "kube-node-lease"} {
		t.Run(namespace+" is not asked about, whatever its labels say", func(t *testing.T) {
			if namespace == "cert-manager" { // its processes run elsewhere here
				s.must(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"cert-manager"}}`, "apply", "-f", "-")
			}
			s.must("", "label", "namespace", namespace, "garboard.dev/enabled=true", "--overwrite")
			t.Cleanup(func() { // its own context is over
				_, _, err := s.Kubectl(context.WithoutCancel(s.t.Context()), "", "label", "namespace", namespace, "garboard.dev/enabled-")
				if err != nil {
					t.Error(err)
				}
			})
			if _, _, err := s.Kubectl(t.Context(), manifest, "-n", namespace, "create", "--dry-run=server", "-f", "-"); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a namespace that has not opted in is not asked about", func(t *testing.T) {
		other := makeSpace(t, nil)
		other.must(manifest, "apply", "-f", "-")
	})
	t.Run("a Pod is replaced, and its Deployment scales", func(t *testing.T) {
		s := s.of(t)
		pods := func() string {
			names, _ := s.must("", "get", "pods", "-l", "app=web", "-o=jsonpath={.items[*].metadata.name}")
			return names
		}
		before := pods()
		s.must("", "delete", "pod", before, "--wait=false")
		s.await("another Pod", func(context.Context) error {
			if now := pods(); now == "" || strings.Contains(now, before) {
				return fmt.Errorf("there is %q", now)
			}
			return nil
		})
		s.must("", "scale", "deployment/web", "--replicas=2")
		s.rolled("deployment/web")
	})
	t.Run("the escape label lets one object through, as it is written", func(t *testing.T) {
		s := s.of(t)
		skipped := strings.Replace(strings.Replace(manifest, "  name: web\n", "  name: urgent\n  labels: {garboard.dev/skip: \"true\"}\n", 1), "app: web", "app: urgent", 2)
		s.await("the escape label to hold", func(context.Context) error {
			_, _, err := s.kubectl(skipped, "apply", "-f", "-")
			return err
		})
		s.wantTag("urgent", "1.2.0")
	})
	t.Run("taking the label off is the way out for one namespace", func(t *testing.T) {
		s := s.of(t)
		s.must("", "label", "namespace", s.name, "garboard.dev/enabled-")
		s.await("writes to pass", func(context.Context) error {
			_, _, err := s.kubectl("", "label", "deployment/web", "touched=yes", "--overwrite")
			return err
		})
	})
}

// escapeLabel does what components/escape-label does, until the test ends.
func (s *space) escapeLabel() {
	s.t.Helper()
	s.needAlone()
	set := func(selector string) error {
		patch := `[{"op":"add","path":"/webhooks/0/objectSelector","value":` + selector + `}]`
		var errs []error
		for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
			_, _, err := s.Kubectl(context.WithoutCancel(s.t.Context()), "", "patch", kind, "garboard", "--type=json", "-p", patch)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
	if err := set(`{"matchExpressions":[{"key":"garboard.dev/skip","operator":"NotIn","values":["true"]}]}`); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := set("{}"); err != nil {
			s.t.Error(err)
		}
	})
}

// The one command of the README turns Garboard off in all of the cluster.
func TestDeletingTheConfigurationsTurnsGarboardOff(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.only()
	const kinds = "mutatingwebhookconfiguration,validatingwebhookconfiguration"
	t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		if _, _, err := s.Kubectl(ctx, "", "apply", "--server-side", "-f", "../../manifests/install.yaml"); err != nil {
			t.Error(err)
		}
	})
	s.must("", "delete", kinds, "garboard")
	s.await("a write to pass, as it is written", func(context.Context) error {
		_, _, err := s.kubectl(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
		return err
	})
	s.wantTag("web", "1.2.0")
	if _, err := s.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "garboard", metav1.GetOptions{}); err == nil {
		t.Error("the configuration is still there")
	}
}
