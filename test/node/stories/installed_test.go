package stories

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/cli/doctor"
)

// registrySettings name the cluster's registry, which has a private address and no TLS.
func (n *node) registrySettings() string {
	return fmt.Sprintf("registries:\n- prefix: %q\n  plainHTTP: true\n  private: true\n", n.Registry)
}

// installWithHelm installs the chart as it is, but for the settings of the registry and with
// NetworkPolicies.
func (n *node) installWithHelm(t *testing.T) {
	values := filepath.Join(t.TempDir(), "values.yaml")
	settings := strings.ReplaceAll(n.registrySettings(), "\n", "\n    ")
	must(t, os.WriteFile(values, []byte("networkPolicy: {enabled: true, status: true, controlPlane: ["+controlPlane+"]}\nregistries:\n  enabled: true\n  settings:\n    "+settings+"\n"), 0o600))
	m := n.newTeam(t, "first")
	must(t, m.release(t.Context(), m.repository(), "1.2.0", "1.2.7"))
	began := time.Now()
	n.helm(t, "install garboard "+filepath.Join(source, "manifests", "chart")+" --namespace garboard --create-namespace --wait --timeout=3m --values="+values)
	installed := time.Since(began)
	n.awaitAnswers(t, m.name)
	t.Logf("helm install --wait took %s, and the first write was answered %s later", installed.Round(100*time.Millisecond), (time.Since(began) - installed).Round(time.Millisecond))
	n.kubectl(t, "label namespace garboard pod-security.kubernetes.io/enforce=restricted")
	n.healthy(t)
}

// installWithKubectl takes the chart's release away, and installs manifests/base in an
// overlay as docs/registries-config.md has it.
func (n *node) installWithKubectl(t *testing.T) {
	n.helm(t, "uninstall garboard --namespace garboard --wait --timeout=2m")
	overlay := t.TempDir()
	base, err := filepath.Abs(filepath.Join(source, "manifests", "overlays", "registries-config"))
	must(t, err)
	relative, err := filepath.Rel(overlay, base)
	must(t, err)
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [" + relative + "]\nconfigMapGenerator:\n- name: garboard-registries\n  namespace: garboard\n  behavior: replace\n  files: [registries.yaml]\n", //nolint:misspell // kustomize's word
		"registries.yaml":    "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\n" + n.registrySettings(),
	} {
		must(t, os.WriteFile(filepath.Join(overlay, name), []byte(text), 0o600))
	}
	n.kubectl(t, "apply --server-side -k "+overlay)
	for _, name := range []string{"webhook", "updater"} {
		n.kubectl(t, "-n garboard rollout status deployment/garboard-"+name+" --timeout=2m")
	}
	n.healthy(t)
}

// tested runs what the chart's notes and docs/install.md say, and reads what the doctor says
// in its Pod, which is gone by then.
func (n *node) tested(t *testing.T) {
	out, said, err := n.Helm(t.Context(), "", "test", "garboard", "--namespace", "garboard", "--timeout=2m", "--logs")
	if err != nil || !strings.Contains(out, "0 failures,") {
		t.Errorf("%v: %s%s", err, out, said)
	}
}

// clocksAgree has the doctor compare the clocks, of which a node's is told by the Lease that its
// kubelet renews: here all are one.
func (n *node) clocksAgree(t *testing.T) {
	var report doctor.Report
	must(t, json.Unmarshal([]byte(n.garboard(t, "doctor -o json")), &report))
	var told []doctor.Finding
	for _, f := range report.Findings {
		if f.Check == "clocks" {
			told = append(told, f)
		}
	}
	if diff := cmp.Diff([]doctor.Finding{{Check: "clocks", Severity: doctor.OK, Message: "nothing is wrong"}}, told); diff != "" {
		t.Errorf("of clocks (-want +got):\n%s", diff)
	}
}

// healthy looks at the Pods: those of the image that was pushed, none of them started
// twice, and one of them the leader by the name that the kubelet gave it.
func (n *node) healthy(t *testing.T) {
	t.Helper()
	n.until(t, "Garboard's Pods", func(ctx context.Context) error {
		pods, err := n.Client().CoreV1().Pods("garboard").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component in (webhook, updater)"})
		if err != nil {
			return err
		}
		if len(pods.Items) != 4 {
			return fmt.Errorf("there are %d Pods", len(pods.Items))
		}
		names := map[string]bool{}
		for i := range pods.Items {
			names[pods.Items[i].Name] = true
			if err := sound(&pods.Items[i]); err != nil {
				return err
			}
		}
		lease, err := n.Client().CoordinationV1().Leases("garboard").Get(ctx, "garboard-updater", metav1.GetOptions{})
		if err != nil {
			return err
		}
		holder, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
		if !names[holder] {
			return fmt.Errorf("the leader is %q, which is no Pod of ours", *lease.Spec.HolderIdentity)
		}
		return nil
	})
}

func sound(pod *corev1.Pod) error {
	for _, c := range pod.Status.ContainerStatuses {
		if !c.Ready || c.RestartCount != 0 {
			return fmt.Errorf("container %s of %s: %+v", c.Name, pod.Name, c)
		}
		if !strings.Contains(c.ImageID, "garboard-dev/garboard@sha256:") {
			return fmt.Errorf("container %s of %s runs %s", c.Name, pod.Name, c.ImageID)
		}
	}
	if len(pod.Status.ContainerStatuses) == 0 {
		return fmt.Errorf("%s has no container yet", pod.Name)
	}
	return nil
}

// helm runs Helm, which has to go well.
func (n *node) helm(t *testing.T, line string) {
	t.Helper()
	if _, _, err := n.Helm(t.Context(), "", strings.Fields(line)...); err != nil {
		pods, _, _ := n.Kubectl(t.Context(), "", "get", "pods", "-A", "-o", "wide")
		logs, _, _ := n.Kubectl(t.Context(), "", "-n", "garboard", "logs", "-l", "app.kubernetes.io/name=garboard,app.kubernetes.io/component!=updater", "--all-containers", "--prefix", "--tail=5")
		t.Fatalf("%v\n%s\n%s", err, pods, logs)
	}
}

// garboard runs a command of Garboard's, as its users do.
func (n *node) garboard(t *testing.T, line string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(n.dir, "garboard"), append(strings.Fields(line), "--kubeconfig="+n.Kubeconfig)...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("garboard %s: %v\n%s", line, err, out)
	}
	return string(out)
}
