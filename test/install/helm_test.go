package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/test/installation"
)

// A person installs Garboard with Helm, looks at it, breaks and mends it, upgrades it,
// goes back, and takes it away.
func TestInstalledWithHelm(t *testing.T) {
	p := newPerson(t)
	t.Log(strings.TrimSpace(p.does("helm version --short")))
	oci := p.pushChart()
	p.deploy()
	commands := ofReadme(t, "With Helm:")
	p.start(func(context.Context) error {
		_, err := p.types(commands[0])
		return err
	})
	for _, command := range commands[1:] {
		p.does(command)
	}
	p.awaitImage("1.2.7")
	p.awaitHealth()

	p.part("a second release is refused", (*person).secondRelease)
	p.part("kinds that the cluster does not serve are refused", (*person).unserved)
	p.part("helm test looks with rights that only read", (*person).helmTest)
	for name, b := range breakages() {
		p.part("the doctor finds and mends: "+name, func(p *person) { p.breakAndMend(b) })
	}
	p.part("the doctor finds a webhook that is not reached", (*person).unreachable)
	p.part("upgrade from a registry, and rollback", func(p *person) { p.upgradeAndBack(oci) })
	p.part("uninstall leaves what the page says", (*person).uninstall)
	p.part("install from a registry", func(p *person) {
		p.does("helm install garboard " + oci + " --namespace garboard --create-namespace --wait")
		p.does("helm uninstall garboard --namespace garboard --wait")
	})
}

// part is a part of the story; those after it need it.
func (p *person) part(name string, do func(*person)) {
	p.t.Helper()
	if !p.t.Run(name, func(t *testing.T) {
		of := *p
		of.t = t
		do(&of)
		p.webhook = of.webhook
	}) {
		p.t.FailNow()
	}
}

// pushChart packs the chart, pushes it, and returns what to install.
func (p *person) pushChart() string {
	p.t.Helper()
	dir := p.t.TempDir()
	p.does("helm package manifests/chart --destination " + dir)
	packed, err := filepath.Glob(filepath.Join(dir, "garboard-*.tgz"))
	if err != nil || len(packed) != 1 {
		p.t.Fatalf("packed as %q: %v", packed, err)
	}
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(packed[0]), "garboard-"), ".tgz")
	p.does("helm push --plain-http " + packed[0] + " oci://" + p.Registry + "/charts")
	return "oci://" + p.Registry + "/charts/garboard --plain-http --version " + version
}

// deploy has a team run version 1.2.0 of something of which there is 1.2.7.
func (p *person) deploy() {
	p.t.Helper()
	for _, tag := range []string{"1.2.0", "1.2.7"} {
		_, err := p.Push(p.t.Context(), "my-team/shop", tag)
		must(p.t, err)
	}
	p.does("kubectl create namespace my-team")
	p.does("kubectl -n my-team create deployment shop --image=" + p.Registry + "/my-team/shop:1.2.0")
}

func (p *person) awaitImage(tag string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	must(p.t, installation.Until(ctx, tag, func(context.Context) error {
		if image := p.image("shop"); !strings.HasSuffix(image, ":"+tag) {
			return fmt.Errorf("the image is %s", image)
		}
		return nil
	}))
}

// ofReadme are the commands of the block that follows some words.
func ofReadme(t *testing.T, words string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(source, "README.md"))
	must(t, err)
	_, after, ok := strings.Cut(string(text), words+"\n\n```sh\n")
	block, _, ends := strings.Cut(after, "\n```")
	if !ok || !ends {
		t.Fatalf("the README has no block after %q", words)
	}
	return strings.Split(strings.ReplaceAll(block, "\\\n", ""), "\n")
}

func (p *person) secondRelease() {
	out, err := p.types("helm install other manifests/chart --namespace other --create-namespace")
	if err == nil || !strings.Contains(out, `annotation "meta.helm.sh/release-name" must equal "other"`) && !strings.Contains(out, "exists and cannot be imported") {
		p.t.Errorf("%v: %s", err, out)
	}
	p.does("kubectl delete namespace other --wait=false --ignore-not-found")
}

// unserved asks for what takes an operator that is not there.
func (p *person) unserved() {
	out, err := p.types("helm upgrade garboard manifests/chart --namespace garboard --reuse-values --set monitoring.rules=true")
	if err == nil || !strings.Contains(out, "the cluster has no Prometheus Operator") {
		p.t.Errorf("%v: %s", err, out)
	}
}

// helmTest has the doctor run with the rights of the chart's test Pod, which is played
// here and would not end.
func (p *person) helmTest() {
	hooks := p.does("helm get hooks garboard --namespace garboard")
	documents := slices.DeleteFunc(strings.Split(hooks, "\n---\n"), func(d string) bool { return strings.Contains(d, "kind: Pod\n") })
	_, _, err := p.Kubectl(p.t.Context(), strings.Join(documents, "\n---\n"), "apply", "-f", "-")
	must(p.t, err)
	kubeconfig, err := p.ServiceAccountKubeconfig(p.t.Context(), "garboard", "garboard-test")
	must(p.t, err)
	report, _, err := p.examine("--kubeconfig=" + kubeconfig)
	if err != nil {
		p.t.Errorf("it fails: %v", err)
	}
	var unknown []string
	for _, f := range faults(report) {
		unknown = append(unknown, string(f.Severity)+" "+f.Check)
	}
	if diff := cmp.Diff([]string{"unknown admission"}, unknown); diff != "" {
		p.t.Errorf("what it could not look at (-want +got):\n%s\n%v", diff, &unwell{faults(report)})
	}
	_, _, err = p.Kubectl(p.t.Context(), strings.Join(documents, "\n---\n"), "delete", "-f", "-")
	must(p.t, err)
}

func (p *person) upgradeAndBack(oci string) {
	before := p.bundles()
	p.does("helm upgrade garboard " + oci + " --namespace garboard --reset-then-reuse-values --wait --set admission.failurePolicy=Ignore,helmValues=true")
	if got := p.policies(); got != "Ignore Ignore" {
		p.t.Errorf("failure policies after the upgrade: %s", got)
	}
	p.does("helm rollback garboard 1 --namespace garboard --wait")
	if got := p.policies(); got != "Fail Fail" {
		p.t.Errorf("failure policies after the rollback: %s", got)
	}
	if out, err := p.types("kubectl get clusterrole garboard-helm-values"); err == nil {
		p.t.Errorf("the rollback leaves a right: %s", out)
	}
	if after := p.bundles(); after != before || strings.TrimSpace(after) == "" {
		p.t.Errorf("the CA before and after: %q, %q", before, after)
	}
	p.awaitHealth()
}

func (p *person) policies() string {
	return p.does("kubectl get mutatingwebhookconfiguration,validatingwebhookconfiguration garboard -o jsonpath='{.items[*].webhooks[0].failurePolicy}'")
}

func (p *person) bundles() string {
	return p.does("kubectl get mutatingwebhookconfiguration,validatingwebhookconfiguration garboard -o jsonpath='{.items[*].webhooks[*].clientConfig.caBundle}'")
}

// uninstall compares what is left with docs/install.md, and writes a workload that
// nobody answers for any more.
func (p *person) uninstall() {
	for _, w := range p.garboard.Webhooks() {
		must(p.t, w.Stop(p.t.Context()))
	}
	must(p.t, p.garboard.StopUpdater(p.t.Context()))
	p.does("helm uninstall garboard --namespace garboard --wait")
	want := []string{
		"customresourcedefinition.apiextensions.k8s.io/imageupdates.garboard.dev", "customresourcedefinition.apiextensions.k8s.io/imageupdatevotes.garboard.dev",
		"lease.coordination.k8s.io/garboard-updater", "namespace/garboard", "secret/garboard-ca", "secret/garboard-webhook-tls",
	}
	left, err := installation.Left(p.t.Context(), p.Cluster)
	must(p.t, err)
	if diff := cmp.Diff(want, left); diff != "" {
		p.t.Errorf("what is left (-want +got):\n%s", diff)
	}
	p.does("kubectl -n my-team set image deployment/shop shop=" + p.Registry + "/my-team/shop:1.2.0")
	if image := p.image("shop"); !strings.HasSuffix(image, ":1.2.0") {
		p.t.Errorf("the image is %s", image)
	}
}

var errStillWell = errors.New("the doctor finds nothing")
