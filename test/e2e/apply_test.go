package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCreateResolves(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7", "1.3.0", "2.0.0", "1.3.1-rc.1")
	_, warned := s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", quiet), "apply", "-f", "-")
	s.wantTag("web", "1.3.0")
	if want := "Warning: web: " + s.image + ":1.2.0 -> 1.3.0 (policy minor)"; !strings.Contains(warned, want) {
		t.Errorf("kubectl said %q, want %q", warned, want)
	}
	d := s.deployment("web")
	if got := d.Spec.Template.Annotations["garboard.dev/resolved"]; got != "web=1.3.0" {
		t.Errorf("record %q, want %q", got, "web=1.3.0")
	}
}

// Each way of applying the manifest of the past again, many times: nothing is
// stored and nothing rolls, and it is not an upgrade that was missed.
func TestApplyAgainKeepsAndTakesNewer(t *testing.T) {
	parallel(t)
	for name, apply := range map[string][]string{
		"client side": {"apply", "-f", "-"},
		"server side": {"apply", "--server-side", "-f", "-"},
		"replace":     {"replace", "-f", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push("1.2.0", "1.2.7")
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
			create := apply
			if apply[0] == "replace" {
				create = []string{"create", "-f", "-"}
			}
			s.must(manifest, create...)
			s.wantTag("web", "1.2.7")
			revision := s.settled("web")
			s.must(manifest, apply...)
			version := s.deployment("web").ResourceVersion
			for range 3 {
				s.must(manifest, apply...)
			}
			// A PUT takes the Deployment controller's annotation away, which the
			// controller then puts back: that is no doing of ours.
			if got := s.deployment("web").ResourceVersion; got != version && apply[0] != "replace" {
				t.Errorf("applying again stored something: resourceVersion %s -> %s", version, got)
			}
			s.wantTag("web", "1.2.7")
			if got := s.settled("web"); got != revision {
				t.Errorf("applying again rolled: revision %s -> %s", revision, got)
			}
			s.push("1.2.8")
			s.await("the apply to take 1.2.8", func(context.Context) error {
				s.must(manifest, apply...)
				if got := s.tag("web"); got != "1.2.8" {
					return errors.New("it names " + got)
				}
				return nil
			})
		})
	}
}

func TestDiffOfAppliedManifestIsEmpty(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.must(manifest, "apply", "-f", "-")
	out, _, err := s.kubectl(manifest, "diff", "-f", "-")
	if err != nil || out != "" {
		t.Errorf("kubectl diff: %v, it printed:\n%s", err, out)
	}
}

func TestSetImageDownwardsIsObeyed(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.6", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	s.wantTag("web", "1.2.7")
	s.must("", "set", "image", "deployment/web", "web="+s.image+":1.2.6")
	s.wantTag("web", "1.2.6")
	s.must("", "label", "deployment/web", "touched=yes")
	s.wantTag("web", "1.2.6")
	s.must("", "set", "image", "deployment/web", "web="+s.image+":1.2.0")
	s.wantTag("web", "1.2.0")
}

// A build pipeline pushes and applies in one breath: the list that the webhook
// has may be younger than a minute and still not have the tag.
func TestPushedTagAppliedAtOnceResolves(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0")
	slow, err := s.garboard.StartUnrouted(t.Context(), "--fresh-for=1h")
	if err != nil {
		t.Fatal(err)
	}
	s.only(slow)
	manifest := func(tag string) string { return s.manifest("web", tag, "garboard.dev/policy: patch", quiet) }
	s.must(manifest("1.2.0"), "apply", "-f", "-")
	s.wantTag("web", "1.2.0")
	s.push("1.3.0", "1.3.4")
	s.must(manifest("1.3.0"), "apply", "-f", "-")
	s.wantTag("web", "1.3.4")
}

func TestScaleLabelAndRestartChangeNoImage(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	s.settled("web")
	s.push("1.2.8")
	s.must("", "scale", "deployment/web", "--replicas=3")
	s.must("", "label", "deployment/web", "touched=yes")
	s.must("", "annotate", "deployment/web", "touched=yes")
	s.must("", "set", "env", "deployment/web", "TOUCHED=yes")
	s.must("", "rollout", "restart", "deployment/web")
	s.settled("web")
	s.wantTag("web", "1.2.7")
}

func TestNamespaceWithoutTheLabelIsUntouched(t *testing.T) {
	s := makeSpace(t, nil)
	s.push("1.2.0", "1.2.7")
	_, warned := s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", "garboard.dev/nonsense: x"), "apply", "-f", "-")
	s.wantTag("web", "1.2.0")
	d := s.deployment("web")
	if warned != "" || d.Spec.Template.Annotations != nil || d.Annotations["garboard.dev/state"] != "" {
		t.Errorf("kubectl said %q, template annotations %v, annotations %v", warned, d.Spec.Template.Annotations, d.Annotations)
	}
}

func TestDryRunGivesTheSameAnswer(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
	path := "-o=jsonpath={.spec.template}{.metadata.annotations.garboard\\.dev/state}"
	dry, dryWarned := s.must(manifest, "create", "--dry-run=server", "-f", "-", path)
	stored, realWarned := s.must(manifest, "create", "-f", "-", path)
	if dry != stored || dryWarned != realWarned {
		t.Errorf("dry run: %s\n%s\nfor real: %s\n%s", dry, dryWarned, stored, realWarned)
	}
}

// Registries clean up what manifests still name. A Job is never resolved again, so that
// what it gets at create has to be there.
func TestCreateFromATagThatWasCleanedUp(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0", "1.2.7", "1.3.0", "2.0.0")
	_, warned := s.must(s.manifest("web", "1.1.0", "garboard.dev/policy: minor", quiet), "apply", "-f", "-")
	s.wantTag("web", "1.3.0")
	if want := "Warning: web: " + s.image + ":1.1.0 -> 1.3.0; registry does not list the tag"; !strings.Contains(warned, want) {
		t.Errorf("kubectl said %q, want %q", warned, want)
	}
	job := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once, annotations: {garboard.dev/policy: minor}}\n" +
		"spec: {template: {spec: {restartPolicy: Never, containers: [{name: web, image: \"" + s.image + ":1.1.0\"}]}}}\n"
	s.must(job, "create", "-f", "-")
	if got, _ := s.must("", "get", "job", "once", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); got != s.image+":1.3.0" {
		t.Errorf("the Job runs %q, want the tag 1.3.0", got)
	}
}
