package stories

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/test/node/sandbox"
)

var (
	upgrade = flag.Bool("upgrade", false, "upgrade the first chart, with its image, to this one")
	helm    = flag.String("helm", "", "the Helm that upgrades, in place of the one that the tests build")
)

const (
	formerVersion = "v0.0.1" // what the image of the first chart is called here
	pushToken     = "a-token-of-the-pipeline"
	// customWebhooks and customUpdaters are other numbers than the chart's own.
	customWebhooks, customUpdaters = 3, 2
	onlyPushed                     = `garboard.dev/trigger: push`
)

// The first chart is installed with values of many parts, with its image, and upgraded to
// the present chart and image while writes go on, rolled back, upgraded again, and
// uninstalled. The values work all the while.
func TestUpgradeWithHelm(t *testing.T) {
	if !*upgrade {
		t.Skip("builds an older version for minutes: make test-upgrade")
	}
	u := &upgrading{node: newNode(t), former: t.TempDir()}
	u.notices = u.receiveNotices(t)
	t.Log(strings.TrimSpace(u.helm(t, "version --short")))
	u.buildFormer(t)
	u.part(t, "the first chart is installed", u.installFormer)
	u.part(t, "a Deployment is answered", u.answered)
	m := u.newTeam(t, "kept")
	must(t, m.release(t.Context(), m.repository(), "1.2.0"))
	u.apply(t, m.manifest(governed, onlyPushed))
	m.awaitRun("1.2.0", "1.2.0")
	u.part(t, "it works", func(t *testing.T) { u.works(t, m, "1.2.7") })
	writer := u.startWriter(t)
	const toPresent = "upgrade garboard " + source + "/manifests/chart --namespace garboard --reset-then-reuse-values --wait --timeout=5m --set image.tag=" + presentVersion
	for _, step := range []struct{ name, command, version, tag string }{
		{"upgrade", toPresent, presentVersion, "1.2.8"},
		{"rollback", "rollback garboard 1 --namespace garboard --wait --timeout=5m", formerVersion, "1.2.9"},
		{"upgrade again", toPresent, presentVersion, "1.2.10"},
	} {
		u.part(t, step.name, func(t *testing.T) {
			u.helm(t, step.command)
			u.awaitVersion(t, step.version)
			u.hasValues(t)
		})
		u.part(t, "it works after the "+step.name, func(t *testing.T) { u.works(t, m, step.tag) })
	}
	u.part(t, "no write has failed", writer.stop)
	u.part(t, "uninstall leaves what docs/install.md says", u.uninstalled)
}

// upgrading is a node with an installation that is upgraded.
type upgrading struct {
	*node
	former  string // the sources of the first chart
	values  string // of the release, but for the image's tag
	notices *notices
}

// helm runs Helm, which has to go well.
func (u *upgrading) helm(t *testing.T, line string) string {
	t.Helper()
	out, _, err := u.Helm(t.Context(), "", strings.Fields(line)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, u.state())
	}
	return out
}

// state is what the Pods are and say, for a failure.
func (u *upgrading) state() string {
	pods, _, _ := u.Kubectl(context.Background(), "", "get", "pods", "-A", "-o", "wide")
	logs, _, _ := u.Kubectl(context.Background(), "", "-n", "garboard", "logs", "-l", "app.kubernetes.io/name=garboard", "--all-containers", "--prefix", "--tail=5")
	return pods + logs
}

// buildFormer builds the program of the first chart and pushes its image.
func (u *upgrading) buildFormer(t *testing.T) {
	t.Helper()
	err := installation.Checkout(t.Context(), source, installation.FirstChart, u.former)
	var unknown *installation.UnknownCommitError
	if errors.As(err, &unknown) {
		t.Skip(err)
	}
	must(t, err)
	binary := filepath.Join(t.TempDir(), "garboard")
	if err := installation.Build(t.Context(), u.former, binary); err != nil {
		t.Fatalf("building the program of %s, whose modules have to be there: %v", installation.FirstChart, err)
	}
	must(t, u.pushGarboard(t.Context(), binary, formerVersion))
}

// installFormer sets what people set: numbers of replicas, shards, and settings of registries,
// pushes and notices.
func (u *upgrading) installFormer(t *testing.T) {
	values := filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(values, fmt.Appendf(nil, `
image: {tag: %[1]s}
commonLabels: {team: platform}
admission: {timeoutSeconds: 7}
webhook: {replicas: %[2]d, podAnnotations: {example.com/note: kept}}
updater: {replicas: %[3]d, shards: 4}
push: {enabled: true, settings: {senders: [{sender: native, bearerTokenFile: native-token}]}}
notifications:
  enabled: true
  settings: {channels: [{name: ops, url: "generic+http://%[4]s/", default: true, batch: 0s}]}
registries:
  enabled: true
  settings:
    %[5]s
`, formerVersion, customWebhooks, customUpdaters, u.notices.address, strings.ReplaceAll(u.registrySettings(), "\n", "\n    ")), 0o600))
	u.kubectl(t, "create namespace garboard")
	u.kubectl(t, "-n garboard create secret generic garboard-push --from-literal=native-token="+pushToken)
	u.helm(t, "install garboard "+filepath.Join(u.former, "manifests", "chart")+" --namespace garboard --wait --timeout=5m --values="+values)
	u.awaitVersion(t, formerVersion)
	u.values = u.valuesNow(t)
}

// valuesNow are those of the release, but for the tag, which the upgrade sets.
func (u *upgrading) valuesNow(t *testing.T) string {
	t.Helper()
	var values map[string]any
	must(t, json.Unmarshal([]byte(u.helm(t, "get values garboard --namespace garboard -o json")), &values))
	delete(values, "image")
	text, err := json.MarshalIndent(values, "", " ")
	must(t, err)
	return string(text)
}

func (u *upgrading) hasValues(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(u.values, u.valuesNow(t)); diff != "" {
		t.Errorf("the values of the release (-before +now):\n%s", diff)
	}
	configurations, err := u.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "garboard", metav1.GetOptions{})
	must(t, err)
	if got := *configurations.Webhooks[0].TimeoutSeconds; got != 7 {
		t.Errorf("the API server waits for %d seconds, want 7", got)
	}
}

// awaitVersion waits until all Pods are of a version, as many as the values say, ready and
// never started again.
func (u *upgrading) awaitVersion(t *testing.T, version string) {
	t.Helper()
	u.until(t, "the Pods of "+version, func(ctx context.Context) error {
		pods, err := u.Client().CoreV1().Pods("garboard").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		counts := map[string]int{}
		for i := range pods.Items {
			pod := &pods.Items[i]
			if err := sound(pod); err != nil {
				return err
			}
			if image := pod.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+version) {
				return fmt.Errorf("%s runs %s", pod.Name, image)
			}
			if err := labelled(pod); err != nil {
				return err
			}
			counts[pod.Labels["app.kubernetes.io/component"]]++
		}
		if diff := cmp.Diff(map[string]int{"webhook": customWebhooks, "updater": customUpdaters}, counts); diff != "" {
			return fmt.Errorf("the Pods (-want +got): %s", diff)
		}
		return nil
	})
}

func labelled(pod *corev1.Pod) error {
	if pod.Labels["team"] != "platform" {
		return fmt.Errorf("%s has the labels %v", pod.Name, pod.Labels)
	}
	if component := pod.Labels["app.kubernetes.io/component"]; component == "webhook" && pod.Annotations["example.com/note"] != "kept" {
		return fmt.Errorf("%s has the annotations %v", pod.Name, pod.Annotations)
	}
	return nil
}

// works has a pipeline tell of a tag, which moves a workload that only pushes move, and the
// channel is told. The same apply as at the beginning takes nothing back.
func (u *upgrading) works(t *testing.T, m *team, tag string) {
	must(t, m.release(t.Context(), m.repository(), tag))
	u.until(t, "a push that is taken", func(ctx context.Context) error { return u.tell(ctx, m.Registry+"/"+m.repository(), tag) })
	m.awaitRun(tag, tag)
	before, err := m.deployment(t.Context())
	must(t, err)
	u.apply(t, m.manifest(governed, onlyPushed))
	after, err := m.deployment(t.Context())
	must(t, err)
	if before.Generation != after.Generation {
		t.Errorf("the same apply rolls: generation %d, and then %d", before.Generation, after.Generation)
	}
	u.until(t, "the notice of "+tag, func(context.Context) error { return u.notices.want(tag) })
}

// tell is what a pipeline does, by the Service.
func (u *upgrading) tell(ctx context.Context, repository, tag string) error {
	service, err := u.Client().CoreV1().Services("garboard").Get(ctx, "garboard-push", metav1.GetOptions{})
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"name": %q, "tag": %q}`, repository, tag)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+service.Spec.ClusterIP+":9300/v1/webhooks/native", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+pushToken)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		text, err := io.ReadAll(response.Body)
		return errors.Join(err, fmt.Errorf("%s: %s", response.Status, text))
	}
	return nil
}

// uninstalled compares what is left with docs/install.md. The Leases of shards and replicas
// have names of their own.
func (u *upgrading) uninstalled(t *testing.T) {
	u.helm(t, "uninstall garboard --namespace garboard --wait --timeout=3m")
	left, err := installation.Left(t.Context(), u.Cluster)
	must(t, err)
	ofShards := regexp.MustCompile(`^lease\.coordination\.k8s\.io/garboard-updater-(shard|member)-`)
	rest := slices.DeleteFunc(slices.Clone(left), ofShards.MatchString)
	if len(rest) == len(left) {
		t.Errorf("there are no Leases of shards: %q", left)
	}
	want := []string{
		"configmap/garboard-pushes",
		"customresourcedefinition.apiextensions.k8s.io/imageupdates.garboard.dev", "customresourcedefinition.apiextensions.k8s.io/imageupdatevotes.garboard.dev",
		"namespace/garboard", "secret/garboard-ca", "secret/garboard-push", "secret/garboard-webhook-tls",
	}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

// notices are what a channel was told.
type notices struct {
	address string

	mu   sync.Mutex
	told []string
}

// receiveNotices is a channel, a webhook that Pods reach.
func (u *upgrading) receiveNotices(t *testing.T) *notices {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(sandbox.Address, "0"))
	must(t, err)
	n := &notices{address: listener.Addr().String()}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.told = append(n.told, string(text))
	})}
	go func() { _ = server.Serve(listener) }() // until the test ends
	t.Cleanup(func() { _ = server.Close() })
	return n
}

// want is an error until the channel was told of a tag.
func (n *notices) want(tag string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, text := range n.told {
		if strings.Contains(text, "-> "+tag) || strings.Contains(text, ":"+tag) {
			return nil
		}
	}
	return fmt.Errorf("the channel was told %q", n.told)
}
