package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/test/installation"
)

// only sends the API server to these webhooks, or to none, until the test
// ends. The former ones are stopped: the API server would go on with the
// connections that it has.
func (s *space) only(servers ...*installation.Server) {
	s.t.Helper()
	s.needAlone()
	s.restoring.Do(func() { s.t.Cleanup(s.restore) })
	before := s.garboard.Webhooks()
	if err := s.garboard.Route(servers...); err != nil {
		s.t.Fatal(err)
	}
	if err := stopAll(s.t.Context(), before); err != nil {
		s.t.Fatal(err)
	}
}

// restore gives the next test the two webhooks back.
func (s *space) restore() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	before := s.garboard.Webhooks()
	if err := s.garboard.Route(); err != nil {
		s.t.Error(err)
	}
	var next [2]*installation.Server
	var all errgroup.Group
	all.Go(func() error { return stopAll(ctx, before) })
	for i := range next {
		all.Go(func() (err error) {
			next[i], err = s.garboard.StartUnrouted(ctx)
			return err
		})
	}
	err := all.Wait()
	if err == nil {
		err = s.garboard.Route(next[:]...)
	}
	if err != nil {
		s.t.Error(err)
	}
}

func stopAll(ctx context.Context, servers []*installation.Server) error {
	var all errgroup.Group
	for _, server := range servers {
		all.Go(func() error { return server.Stop(ctx) })
	}
	return all.Wait()
}

func (s *space) start(args ...string) *installation.Server {
	s.t.Helper()
	server, err := s.garboard.StartUnrouted(s.t.Context(), args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return server
}

func TestWebhookRestartLosesNothing(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.6", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.must(manifest, "apply", "-f", "-")
	s.must("", "set", "image", "deployment/web", "web="+s.image+":1.2.6")
	before := s.deployment("web")
	s.only(s.start())
	s.must("", "label", "deployment/web", "touched=yes")
	after := s.deployment("web")
	if got, want := after.Annotations["garboard.dev/state"], before.Annotations["garboard.dev/state"]; got != want || want == "" {
		t.Errorf("state after the restart %q, want %q", got, want)
	}
	s.wantTag("web", "1.2.6")
	// What was left is held, by the object alone.
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "1.2.6")
}

// Replicas share nothing. One has read a list that has the new tag, the other
// one that has not; the bump names its target, so that both give one answer.
func TestReplicasAgreeAfterABump(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0")
	seen, unseen := s.start("--fresh-for=1h"), s.start("--fresh-for=1h")
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":%q}}}}}`, "web=1.2.8")
	bump := func(server *installation.Server, name string) {
		t.Helper()
		s.only(server)
		s.must("", "patch", "deployment/"+name, "--type=merge", "--field-manager=garboard-updater", "-p", patch)
		s.wantTag(name, "1.2.8")
		if left := s.deployment(name).Spec.Template.Annotations["garboard.dev/bump"]; left != "" {
			t.Errorf("%s keeps the bump %q on its template", name, left)
		}
	}
	for _, name := range []string{"one", "two"} {
		s.must(s.manifest(name, "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	}
	s.push("1.2.8")
	bump(seen, "one")
	bump(unseen, "two")
}

// The certificate is renewed while writes go on: none may fail, and the
// webhook must serve the new one without a restart.
func TestCertificateRenewalUnderLoad(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	api := certificates(t)
	key := client.ObjectKey{Namespace: "garboard", Name: "garboard-webhook"}
	certificate := &cmv1.Certificate{}
	if err := api.Get(t.Context(), key, certificate); err != nil {
		t.Fatal(err)
	}
	revision := *certificate.Status.Revision

	writes := s.load(4)
	writes.atLeast(50)
	// What `cmctl renew` does.
	certificate.Status.Conditions = append(certificate.Status.Conditions, cmv1.CertificateCondition{
		Type: cmv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered",
	})
	if err := api.Status().Update(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	s.await("the renewal", func(ctx context.Context) error {
		if err := api.Get(ctx, key, certificate); err != nil {
			return err
		}
		if *certificate.Status.Revision == revision {
			return fmt.Errorf("revision is still %d", revision)
		}
		return nil
	})
	serial := served(t, s.garboard.Webhooks()[0].Address)
	s.await("the new certificate to be served", func(context.Context) error {
		secret, err := s.Client().CoreV1().Secrets("garboard").Get(t.Context(), "garboard-webhook-tls", metav1.GetOptions{})
		if err != nil {
			return err
		}
		want := serialOf(t, secret.Data["tls.crt"])
		for _, w := range s.garboard.Webhooks() {
			if got := served(t, w.Address); got != want {
				return fmt.Errorf("%s serves %s, want %s (it was %s)", w.Address, got, want, serial)
			}
		}
		return nil
	})
	writes.atLeast(50) // more, with the new certificate
	writes.end()
	s.wantTag("web", "1.2.7")
}

// An unreachable registry admits as written and says so; a stored image stays.
func TestRegistryAwayIsNoDowngrade(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "1.2.7")
	dead := strings.Replace(manifest, s.Registry, "127.0.0.1:1", 1)
	dead = strings.Replace(dead, "name: web\n  annotations", "name: dead\n  annotations", 1)
	_, warned := s.must(dead, "apply", "-f", "-")
	if got := s.deployment("dead").Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(got, ":1.2.0") {
		t.Errorf("created with %s", got)
	}
	if !strings.Contains(warned, "Warning: web: ") || strings.Contains(warned, "refused") {
		t.Errorf("kubectl said %q", warned)
	}
	denied := strings.Replace(dead, "name: dead", "name: denied", 1)
	denied = strings.Replace(denied, quiet, quiet+"\n    garboard.dev/onUnresolvable: deny", 1)
	if _, _, err := s.kubectl(denied, "apply", "-f", "-"); err == nil || !strings.Contains(err.Error(), "onUnresolvable") {
		t.Errorf("onUnresolvable: deny: %v", err)
	}
	// A fresh webhook has no list; the registry's container now answers 404.
	s.only(s.start())
	for _, tag := range []string{"1.2.0", "1.2.7"} {
		if err := s.DeleteTag(t.Context(), s.name+"/app", tag); err != nil {
			t.Fatal(err)
		}
	}
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "1.2.7")
}
