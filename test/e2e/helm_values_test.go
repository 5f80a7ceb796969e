package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// shopChart is one as Keel's users write theirs, with the block keel: in its values
// and nothing of Keel or Garboard in its templates.
const shopChart = "testdata/shop"

// helm runs Helm in the space. Both containers of the chart run the space's
// repository or one beside it; keel: names the first of them.
func (s *space) helm(command, release string, args ...string) {
	s.t.Helper()
	args = append([]string{command, release, shopChart, "--namespace=" + s.name,
		"--set=image.repository=" + s.image, "--set=proxy.repository=" + s.image + "-proxy"}, args...)
	if _, _, err := s.Helm(s.t.Context(), "", args...); err != nil {
		s.t.Fatal(err)
	}
}

// helmValues runs Garboard as the overlay helm-values does, until the test ends.
func (s *space) helmValues() {
	s.t.Helper()
	rights := filepath.Join("..", "..", "manifests", "components", "helm-values", "rbac.yaml")
	s.must("", "apply", "-f", rights)
	s.t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		if _, _, err := s.Kubectl(ctx, "", "delete", "-f", rights); err != nil {
			s.t.Error(err)
		}
	})
	webhook, err := s.garboard.StartUnrouted(s.t.Context(), "--helm-values")
	if err != nil {
		s.t.Fatal(err)
	}
	s.only(webhook)
	s.updater("--helm-values")
}

func (s *space) wantProxy(name string) {
	s.t.Helper()
	if got := s.deployment(name).Spec.Template.Spec.Containers[1].Image; got != s.image+"-proxy:1.2.0" {
		s.t.Errorf("the container that keel: does not name runs %s", got)
	}
}

// A chart is installed as it is. Helm writes the release's Secret a moment before
// the Deployment, whose very first image is the answer.
func TestKeelValuesOfAChartGovern(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7", "1.3.0")
	s.helm("install", "plain")
	s.wantTag("plain", "1.2.0") // without the flag

	s.helmValues()
	s.helm("install", "shop")
	s.wantTag("shop", "1.2.7")
	s.wantProxy("shop")
	if got := s.deployment("shop").Generation; got != 1 {
		t.Errorf("generation %d: it was not the first image", got)
	}
	revision := s.settled("shop")
	s.helm("upgrade", "shop")
	s.wantTag("shop", "1.2.7")
	if got := s.settled("shop"); got != revision {
		t.Errorf("the same chart again made revision %s of %s", got, revision)
	}
	s.helm("upgrade", "shop", "--set=keel.policy=minor") // the user's value, in the revision under way
	s.wantTag("shop", "1.3.0")
	s.wantProxy("shop")

	// A person's word on the workload comes first.
	s.must("", "annotate", "deployment/shop", "garboard.dev/policy=never")
	s.push("1.3.1")
	s.helm("upgrade", "shop", "--set=keel.policy=minor")
	s.wantTag("shop", "1.2.0")
}

// With Helm's three-way patch, an upgrade that leaves the Deployment as it is
// sends nothing: what its values changed, the updater sees.
func TestUpdaterFollowsKeelValues(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.helmValues()
	s.push("1.2.0")
	s.helm("install", "shop", "--server-side=false")
	s.wantTag("shop", "1.2.0")
	s.push("1.2.1", "1.3.0")
	s.awaitTag("shop", "1.2.1")
	s.event("shop", "ImageUpdated", "web: "+s.image+":1.2.0 -> "+s.image+":1.2.1")

	upgrade := func(tag, policy string) {
		before := s.deployment("shop").Generation
		s.helm("upgrade", "shop", "--server-side=false", "--set=image.tag="+tag, "--set=keel.policy="+policy)
		if got := s.deployment("shop").Generation; got != before && s.tag("shop") == tag {
			t.Fatalf("Helm changed the Deployment: generation %d, before %d", got, before)
		}
	}
	s.stopUpdater()
	upgrade("1.2.1", "minor")
	s.wantTag("shop", "1.2.1")
	s.startUpdater("--helm-values")
	s.awaitTag("shop", "1.3.0")
	s.push("2.0.0")
	upgrade("1.3.0", "major") // while it runs
	s.awaitTag("shop", "2.0.0")
	s.wantProxy("shop")
}

// Values are settings and never a reason to refuse a write. Why they do not count
// is said, and nothing of what else is in the release.
func TestUnusableKeelValuesStopNothing(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.helmValues()
	s.must("", "label", "namespace", s.name, "garboard.dev/validate=enforce")
	s.helm("install", "gated", "--set=keel.approvals=1.5")
	s.wantTag("gated", "1.2.0")
	again := func(name string) string {
		s.t.Helper()
		_, warned := s.must("", "annotate", "deployment/"+name, "touched=yes", "--overwrite", "--dry-run=server")
		return warned
	}
	if got := again("gated"); !strings.Contains(got, `Helm value keel.approvals: Invalid value: "1.5": allowed: the number of votes`) {
		t.Errorf("warned %q", got)
	}
	s.helm("install", "misled", "--set=keel.images[0].repository=database.password")
	if got := again("misled"); !strings.Contains(got, `Helm value keel.images[0].repository: Invalid value: "database.password": the value there is no image`) {
		t.Errorf("warned %q", got)
	}
	s.helm("install", "shop")
	s.wantTag("shop", "1.2.7")
	s.unbind("garboard-helm-values")
	s.unbind("garboard-pull-secrets")
	s.awaitAccess("garboard-webhook", false)
	if got := again("shop"); !strings.Contains(got, `Helm release "shop": Garboard may not read its Secrets; its keel: values are not used`) {
		t.Errorf("warned %q", got)
	}
	for _, server := range append(s.garboard.Webhooks(), s.garboard.Updater()) {
		if strings.Contains(s.log(server), "Correct-Horse") {
			t.Errorf("the log of %s has a value of the chart", server.Name)
		}
	}
}
