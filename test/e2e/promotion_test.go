package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// stage is a Deployment that comes after others; after names them by their Deployments.
func (s *space) stage(name, tag string, after ...string) string {
	annotations := []string{"garboard.dev/policy: minor", everySecond}
	var all []string
	for _, each := range after {
		all = append(all, s.name+"/deployment/"+each)
	}
	if len(all) > 0 {
		annotations = append(annotations, "garboard.dev/after: "+strings.Join(all, ", "))
	}
	return s.manifest(name, tag, annotations...)
}

// A version goes from stage to stage after its time in each, one that was rolled back goes
// no further, and no writer but the updater brings it there.
func TestVersionsArePromotedFromStageToStage(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	prod := s.stage("prod", "1.2.0", "staging for 1h")
	s.must(s.stage("dev", "1.2.0"), "apply", "-f", "-")
	s.must(s.stage("staging", "1.2.0", "dev for 2s"), "apply", "-f", "-")
	s.must(prod, "apply", "-f", "-")
	for _, name := range []string{"dev", "staging", "prod"} {
		s.settled(name)
	}
	s.push("1.3.0")
	s.awaitTag("dev", "1.3.0")
	s.awaitTag("staging", "1.3.0")
	s.waits("prod", "NotSoaked", s.name+"/deployment/staging has been healthy with 1.3.0 since ")
	s.must("", "rollout", "undo", "deployment/staging")
	s.wantTag("staging", "1.2.0")
	s.waits("prod", "NotSoaked", s.name+"/deployment/staging was rolled back from 1.3.0")

	s.must(prod, "apply", "-f", "-")
	s.must("", "annotate", "deployment/prod", "note=changed", "--overwrite")
	s.must("", "rollout", "restart", "deployment/prod")
	s.bumpAs("prod", "1.3.0")
	s.wantTag("prod", "1.2.0")

	s.must(s.stage("prod", "1.2.0", "staging for 5s"), "apply", "-f", "-")
	s.push("1.3.1")
	s.awaitTag("staging", "1.3.1")
	s.awaitTag("prod", "1.3.1")
	soaked, taken := s.completed("staging"), s.movedAt("prod")
	if taken.Before(soaked.Add(5 * time.Second)) {
		t.Errorf("staging was healthy with it at %s, and prod took it at %s", soaked, taken)
	}
}

// The image is the one that has run, by its digest: the same tag pushed again is another.
func TestPromotedImageIsTheOneThatHasSoaked(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	first := s.push("1.3.0")
	s.must(s.manifest("staging", "1.3.0", "garboard.dev/policy: minor", "garboard.dev/pin: digest", quiet), "apply", "-f", "-")
	s.settled("staging")
	if image := s.deployment("staging").Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":1.3.0@"+first) {
		t.Fatalf("staging runs %s", image)
	}
	s.push("1.3.0") // another image
	pinned := func(name string) string {
		return s.manifest(name, "1.2.0", "garboard.dev/policy: minor", "garboard.dev/pin: digest", everySecond, "garboard.dev/after: "+s.name+"/deployment/staging for 0s")
	}
	s.must(pinned("prod"), "apply", "-f", "-")
	s.waits("prod", "NotSoaked", "staging ran another image under 1.3.0 than the one that the tag leads to by now")
	second := s.push("1.4.0")
	s.must(s.manifest("staging", "1.3.0", "garboard.dev/policy: minor", "garboard.dev/pin: digest", quiet), "apply", "-f", "-") // which moves it
	s.await("prod to run what staging has run", func(context.Context) error {
		if image := s.deployment("prod").Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":1.4.0@"+second) {
			return fmt.Errorf("it runs %s", image)
		}
		return nil
	})
}

// An updater that is started anew knows how long a Deployment has run its version.
func TestRestartLosesNoSoakedTime(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.3.0")
	s.must(s.stage("staging", "1.3.0"), "apply", "-f", "-")
	s.must(s.stage("prod", "1.2.0", "staging for 1h"), "apply", "-f", "-")
	s.settled("staging")
	s.settled("prod")
	since := fmt.Sprintf("%s/deployment/staging has been healthy with 1.3.0 since %s, and has to be for 1h", s.name, s.completed("staging").UTC().Format("Mon 2006-01-02 15:04:05 MST"))
	s.stopUpdater()
	s.startUpdater()
	s.waits("prod", "NotSoaked", since)
	s.must("", "annotate", "deployment/prod", "--overwrite", "garboard.dev/after="+s.name+"/deployment/staging for 1s")
	s.awaitTag("prod", "1.3.0")
}

// completed is when a Deployment's rollout was, by its own word.
func (s *space) completed(name string) time.Time {
	s.t.Helper()
	for _, c := range s.deployment(name).Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "NewReplicaSetAvailable" {
			return c.LastUpdateTime.Time
		}
	}
	s.t.Fatalf("the rollout of %s is not complete", name)
	return time.Time{}
}

// What the page shows is accepted as it stands, by the cluster.
func TestExamplesOfThePromotionPage(t *testing.T) {
	s := newSpace(t)
	page, err := os.ReadFile("../../docs/promotion.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, _, _ := strings.Cut(string(page), "## What is taken")
	s.push("1.2.0")
	s.must(s.manifest("shop", "1.2.0", quiet), "apply", "-f", "-")
	values := regexp.MustCompile("(?m)^(?:\\| `|    garboard.dev/after: )([^`\n]+ for [^`\n]+?)(?:` \\|.*)?$").FindAllStringSubmatch(examples, -1)
	if len(values) < 6 {
		t.Fatalf("the page has more examples than %q", values)
	}
	for _, value := range values {
		if strings.Contains(value[1], "argoproj.io") {
			continue // where it is not installed it is refused: see TestAfterThatLeadsNowhereIsRefused
		}
		s.must("", "annotate", "deployment/shop", "--dry-run=server", "garboard.dev/after="+value[1])
	}
}

// What would wait for ever is refused when it is written, with the names.
func TestAfterThatLeadsNowhereIsRefused(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	for name, after := range map[string][]string{"dev": nil, "staging": {"dev for 1h"}, "prod": {"staging for 1h"}} {
		s.must(s.stage(name, "1.2.0", after...), "apply", "-f", "-")
	}
	named := func(name string) string { return s.name + "/deployment/" + name }
	for after, want := range map[string]string{
		named("prod") + " for 1h":                 "a circle: " + named("dev") + " after " + named("prod") + " after " + named("staging") + " after " + named("dev") + "; allowed: workloads that do not come after this one",
		named("dev") + " for 1h":                  `"` + named("dev") + `" is the workload itself; allowed: other workloads that run a version before it`,
		named("staging"):                          `"` + named("staging") + `" is not of that form; allowed: "NAMESPACE/KIND/NAME for DURATION"`,
		"staging/rollout.argoproj.io/shop for 1h": "unknown kind in staging/rollout.argoproj.io/shop; known: deployment, statefulset, daemonset, cronjob",
		"a for 1h,b for 1h,c for 1h,d for 1h,e for 1h,f for 1h,g for 1h,h for 1h,i for 1h": "9 workloads; allowed: ",
	} {
		// A dry run, and again: admission looks for a circle for a second at most, which may be
		// too short for a machine that is busy.
		var err error
		s.await(after+" to be refused", func(context.Context) error {
			if _, _, err = s.kubectl("", "annotate", "deployment/dev", "garboard.dev/after="+after, "--dry-run=server"); err == nil {
				return errors.New("let in")
			}
			return nil
		})
		if !strings.Contains(err.Error(), "metadata.annotations[garboard.dev/after]: Invalid value: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", after, err, want)
		}
	}
}
