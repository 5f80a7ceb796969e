package stories

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const webhookPods = "app.kubernetes.io/name=garboard,app.kubernetes.io/component=webhook"

// drained has all webhooks on one worker, and takes them from there by kubectl drain: one
// after another by the PodDisruptionBudget, each with time to end, and no write fails.
func (n *node) drained(t *testing.T) {
	writer := n.startWriter(t)
	ends := n.followEnds(t)
	n.kubectl(t, "uncordon "+n.workers[1].Name)
	_, said, err := n.Kubectl(t.Context(), "", "drain", n.workers[0].Name, "--delete-emptydir-data", "--timeout=5m",
		"--pod-selector=app.kubernetes.io/name=garboard")
	must(t, err)
	if !strings.Contains(said, "would violate the pod's disruption budget") {
		t.Errorf("the PodDisruptionBudget has kept nothing back: %s", said)
	}
	n.until(t, "webhooks on the other worker", func(ctx context.Context) error {
		return n.onWorker(ctx, n.workers[1].Name)
	})
	writer.stop(t)
	for _, end := range ends() {
		t.Log(end)
		if end.code != 0 || end.after < 10*time.Second {
			t.Errorf("%s; it is to end by itself, after the ten seconds of preStop", end)
		}
	}
	n.kubectl(t, "uncordon "+n.workers[0].Name)
}

// onWorker is an error while the webhooks are not two that are ready, on a worker.
func (n *node) onWorker(ctx context.Context, worker string) error {
	pods, err := n.Client().CoreV1().Pods("garboard").List(ctx, metav1.ListOptions{LabelSelector: webhookPods})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Spec.NodeName != worker {
			return fmt.Errorf("%s is on %q", pod.Name, pod.Spec.NodeName)
		}
		if err := sound(pod); err != nil {
			return err
		}
	}
	if len(pods.Items) != 2 {
		return fmt.Errorf("there are %d webhooks", len(pods.Items))
	}
	return nil
}

// ending is how a webhook's container ended after its Pod was asked to.
type ending struct {
	pod   string
	code  int32
	after time.Duration
}

func (e ending) String() string {
	return fmt.Sprintf("%s ended with code %d, %s after it was told to", e.pod, e.code, e.after.Round(time.Second))
}

// followEnds watches the webhooks' Pods until the function that it returns is called,
// which returns how they ended: at least one has.
func (n *node) followEnds(t *testing.T) func() []ending {
	t.Helper()
	watch, err := n.Client().CoreV1().Pods("garboard").Watch(t.Context(), metav1.ListOptions{LabelSelector: webhookPods})
	must(t, err)
	ended := map[string]ending{}
	var all sync.WaitGroup
	all.Go(func() {
		for event := range watch.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if !ok || pod.DeletionTimestamp == nil {
				continue
			}
			for _, c := range pod.Status.ContainerStatuses {
				if c.State.Terminated == nil {
					continue
				}
				// The time of deletion is when the grace is over.
				told := pod.DeletionTimestamp.Add(-time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second)
				if _, known := ended[pod.Name]; !known {
					ended[pod.Name] = ending{pod.Name, c.State.Terminated.ExitCode, c.State.Terminated.FinishedAt.Sub(told)}
				}
			}
		}
	})
	return func() []ending {
		watch.Stop()
		all.Wait()
		var list []ending
		for _, e := range ended {
			list = append(list, e)
		}
		if len(list) == 0 {
			t.Error("no webhook's end was seen")
		}
		return list
	}
}

// rebooted ends kubelet, runtime and all containers of the worker that both webhooks are
// on, as a power cut does. Garboard comes back by itself, though writes to
// namespaces that have opted in wait for it meanwhile.
func (n *node) rebooted(t *testing.T) {
	w := n.workers[1]
	must(t, w.crash())
	must(t, w.killContainers())
	if image, err := n.dryRun(t.Context(), "writes", n.Registry+"/writes/shop:1.2.0"); err == nil {
		t.Errorf("a write was answered with %s while no webhook ran", image)
	}
	began := time.Now()
	must(t, w.start(t.Context()))
	n.awaitAnswers(t, "writes")
	t.Logf("answers %s after kubelet and runtime were started again", time.Since(began).Round(time.Second))
	n.until(t, "all containers to be back", func(ctx context.Context) error {
		pods, err := n.Client().CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + w.Name})
		if err != nil {
			return err
		}
		restarts := int32(0)
		for i := range pods.Items {
			for _, c := range pods.Items[i].Status.ContainerStatuses {
				if !c.Ready {
					return fmt.Errorf("%s of %s/%s: %+v", c.Name, pods.Items[i].Namespace, pods.Items[i].Name, c.State)
				}
				restarts += c.RestartCount
			}
		}
		if restarts < 2 {
			return fmt.Errorf("%d containers of %d Pods were started again", restarts, len(pods.Items))
		}
		return nil
	})
}

// restarted ends kubelet and runtime alone, as an upgrade of them does: containers run on,
// and no write fails.
func (n *node) restarted(t *testing.T) {
	writer := n.startWriter(t)
	w := n.workers[1]
	before := n.containerIDs(t, w.Name)
	must(t, w.crash())
	must(t, w.start(t.Context()))
	n.until(t, "the webhooks to be seen", func(ctx context.Context) error { return n.onWorker(ctx, w.Name) })
	writer.await(t, 50)
	writer.stop(t)
	if after := n.containerIDs(t, w.Name); after != before {
		t.Errorf("the containers were\n%s\nand are\n%s", before, after)
	}
}

// containerIDs are those of Garboard's containers on a worker.
func (n *node) containerIDs(t *testing.T, worker string) string {
	t.Helper()
	return n.kubectl(t, "-n garboard get pods --field-selector=spec.nodeName="+worker+" --sort-by=.metadata.name -o jsonpath={range.items[*]}{.status.containerStatuses[*].containerID}{\"\\n\"}{end}")
}

// killContainers kills all processes in control groups of the worker.
func (w *worker) killContainers() error {
	for _, at := range w.Node.cgroups.Hierarchies {
		err := filepath.WalkDir(filepath.Join(at, w.Cgroup), func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Base(path) != "cgroup.procs" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, id := range strings.Fields(string(text)) {
				pid, err := strconv.Atoi(id)
				if err != nil || pid <= 1 {
					return fmt.Errorf("reading %q: no process id: %q", path, id)
				}
				_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as well
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// renewed has cert-manager issue the webhooks' certificate anew, and waits until the
// kubelets have brought it to all Pods and these serve it. No write fails meanwhile.
func (n *node) renewed(t *testing.T) {
	writer := n.startWriter(t)
	old := n.secretSerial(t)
	// As cmctl renew does.
	n.kubectl(t, "-n garboard patch certificate garboard-webhook --subresource=status --type=json -p "+
		`[{"op":"add","path":"/status/conditions/-","value":{"type":"Issuing","status":"True","reason":"ManuallyTriggered"}}]`)
	n.until(t, "a new certificate", func(context.Context) error {
		if n.secretSerial(t).Cmp(old) == 0 {
			return errNoAnswer
		}
		return nil
	})
	began, serial := time.Now(), n.secretSerial(t)
	n.within(t, 3*time.Minute, "the webhooks to serve the new certificate", func(ctx context.Context) error {
		pods, err := n.Client().CoreV1().Pods("garboard").List(ctx, metav1.ListOptions{LabelSelector: webhookPods})
		if err != nil {
			return err
		}
		for i := range pods.Items {
			served, err := servedSerial(ctx, pods.Items[i].Status.PodIP+":9443")
			if err != nil {
				return err
			}
			if served.Cmp(serial) != 0 {
				return fmt.Errorf("%s serves the certificate %x", pods.Items[i].Name, served)
			}
		}
		return nil
	})
	t.Logf("all webhooks serve the new certificate %s after it was in the Secret", time.Since(began).Round(time.Second))
	writer.stop(t)
}

func (n *node) secretSerial(t *testing.T) *big.Int {
	t.Helper()
	secret, err := n.Client().CoreV1().Secrets("garboard").Get(t.Context(), "garboard-webhook-tls", metav1.GetOptions{})
	must(t, err)
	block, _ := pem.Decode(secret.Data["tls.crt"])
	if block == nil {
		t.Fatal("the Secret has no certificate")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return parsed.SerialNumber
}

func servedSerial(ctx context.Context, address string) (*big.Int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber, nil //nolint:forcetypeassert // a TLS dialer's
}
