package e2e

import (
	"context"
	"testing"
)

// A workload that was there before Garboard: labels and annotations roll
// nothing, the updater then takes it over with its first move.
func TestStrangersAreTakenOverByTheUpdaterAlone(t *testing.T) {
	s := makeSpace(t, nil)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "keel.sh/policy: patch", `keel.sh/pollSchedule: "@every 1s"`), "apply", "-f", "-")
	s.must(s.manifest("idle", "1.2.0", "keel.sh/policy: patch", quiet), "apply", "-f", "-")
	revision := s.settled("idle")
	s.must("", "label", "namespace", s.name, "garboard.dev/enabled=true")
	s.awaitOptIn()
	s.must("", "label", "deployment/idle", "touched=yes")
	s.rolled("deployment/idle")
	d := s.deployment("idle")
	if got := s.settled("idle"); got != revision || len(d.Spec.Template.Annotations) > 0 || d.Annotations["garboard.dev/state"] != "" {
		t.Errorf("revision %s, want %s; template annotations %v, annotations %v", got, revision, d.Spec.Template.Annotations, d.Annotations)
	}
	s.wantTag("idle", "1.2.0")
	s.awaitTag("web", "1.2.7")
}

// With failurePolicy Ignore an apply brings the old image back while the
// webhook is away. Nothing else would repair that: to everybody the stored
// image is what was asked for.
func TestDowngradePastUsIsRepaired(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", everySecond)
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "1.2.7")
	s.failurePolicy("Ignore")
	t.Cleanup(func() { s.failurePolicy("Fail") })
	s.only()
	s.await("the apply past the webhook", func(context.Context) error {
		_, _, err := s.kubectl(manifest, "apply", "-f", "-")
		return err
	})
	s.wantTag("web", "1.2.0")
	s.only(s.start(), s.start())
	s.awaitTag("web", "1.2.7")
	if got := s.deployment("web").Spec.Template.Annotations["garboard.dev/bump"]; got != "" {
		t.Errorf("the template keeps the bump %q", got)
	}
}

// failurePolicy sets what the API server does when no webhook answers.
func (s *space) failurePolicy(policy string) {
	s.t.Helper()
	s.needAlone()
	patch := `[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"` + policy + `"}]`
	for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
		if _, _, err := s.Kubectl(context.WithoutCancel(s.t.Context()), "", "patch", kind, "garboard", "--type=json", "-p", patch); err != nil {
			s.t.Error(err)
		}
	}
}
