package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/keel"
)

// keelInstallation is Keel as its chart makes it, but for the Pods.
const keelInstallation = `apiVersion: v1
kind: Secret
metadata: {name: keel}
stringData: {SLACK_BOT_TOKEN: xoxb-Correct-Horse, SLACK_APP_TOKEN: xapp-Correct-Horse}
---
apiVersion: v1
kind: Service
metadata: {name: keel}
spec: {selector: {app: keel}, ports: [{name: keel, port: 9300, targetPort: 9300}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: keel, labels: {app: keel}}
spec:
  replicas: 0
  selector: {matchLabels: {app: keel}}
  template:
    metadata: {labels: {app: keel}}
    spec:
      containers:
      - name: keel
        image: ghcr.io/keel-hq/keel:0.22.1
        command: [/bin/keel]
        env:
        - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: POLL, value: "true"}
        - {name: POLL_DEFAULTSCHEDULE, value: "@every 1s"}
        - {name: SLACK_CHANNELS, value: general}
        - {name: NOTIFICATION_LEVEL, value: info}
        # options
        envFrom: [{secretRef: {name: keel}}]
        ports: [{containerPort: 9300}]
`

// everyOption are all variables that Keel has beside those of keelInstallation.
func (s *space) everyOption() string {
	values := map[string]string{
		keel.RestrictedNamespace: s.name, keel.PubSub: "true", keel.PrivateRegistry: "jfrog.example.com", keel.Debug: "true", keel.InsecureRegistry: "true", keel.Helm3Provider: "true",
		keel.AuthenticatedWebhooks: "true", keel.MailPort: "587", keel.ShoutrrrURLs: "ntfy://ntfy.sh/Correct-Horse gotify://example.com/Correct-Horse",
		keel.WebhookEndpoint: "https://example.com/Correct-Horse", keel.MattermostEndpoint: "https://example.com/hooks/Correct-Horse",
	}
	var env strings.Builder
	for _, v := range keel.Variables() {
		if !strings.Contains(keelInstallation, v.Name) {
			fmt.Fprintf(&env, "        - {name: %s, value: %q}\n", v.Name, cmp.Or(values[v.Name], "Correct-Horse"))
		}
	}
	return strings.Replace(keelInstallation, "        # options\n", env.String(), 1)
}

// keels is a Deployment as Keel leaves it.
func (s *space) keels(name, tag string, annotations ...string) string {
	return strings.Replace(s.manifest(name, tag, annotations...), "metadata: {labels: {app: "+name+"}}",
		"metadata: {labels: {app: "+name+"}, annotations: {keel.sh/update-time: 2026-11-28 10:00:00.000000000 +0000 UTC}}", 1)
}

// migration runs garboard migrate keel in the space, as JSON.
func (s *space) migration() *plan.Plan {
	s.t.Helper()
	p := &plan.Plan{}
	if err := json.Unmarshal([]byte((&steps{s, ""}).tool("migrate", "keel", "-o", "json", "--insecure-registries="+s.Registry)), p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// removeSettings takes the settings files away that the plan has brought.
func (s *space) removeSettings(p *plan.Plan) {
	ctx := context.WithoutCancel(s.t.Context())
	for _, f := range p.Settings {
		err := s.Client().CoreV1().ConfigMaps("garboard").Delete(ctx, f.ConfigMap, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			s.t.Error(err)
		}
	}
}

// Each workload of a Keel goes on from where it was: no rollout at the switch, and the next
// push moves it.
func TestMigrationFromKeelRollsNothing(t *testing.T) {
	alone(t)
	for name, installation := range map[string]func(*space) string{
		"as most have it":   func(*space) string { return keelInstallation },
		"with every option": (*space).everyOption,
	} {
		t.Run(name, func(t *testing.T) {
			s := makeSpace(t, nil)
			s.must(installation(s), "apply", "-f", "-")
			s.migrationRollsNothing()
		})
	}
}

func (s *space) migrationRollsNothing() {
	t := s.t
	s.push("1.2.0", "1.3.0", "2.0.0", "stable")
	workloads := map[string]string{"web": "1.3.0", "worker": "1.2.0", "lagging": "1.2.0", "agent": "stable", "billing": "1.2.0"}
	for name, annotations := range map[string][]string{
		"web":     {"keel.sh/policy: minor", "keel.sh/trigger: poll", `keel.sh/digest: ""`},
		"worker":  {"keel.sh/policy: patch"},
		"lagging": {"keel.sh/policy: minor"}, // no push has told Keel of 1.3.0
		"agent":   {"keel.sh/policy: force", `keel.sh/matchTag: "true"`, "keel.sh/trigger: poll"},
		"billing": {"keel.sh/policy: major", "keel.sh/trigger: poll", `keel.sh/approvals: "1"`},
	} {
		s.must(s.keels(name, workloads[name], annotations...), "apply", "-f", "-")
	}
	before := map[string]string{}
	for name := range workloads {
		before[name] = s.settled(name)
	}

	p := s.migration()
	defer s.removeSettings(p)
	// The Secret's keys are known by its metadata.
	if !slices.ContainsFunc(p.Variables, func(v plan.Variable) bool {
		return v.Name == keel.SlackBotToken && v.From == "keel/"+keel.SlackBotToken
	}) {
		t.Errorf("variables: %+v", p.Variables)
	}
	for _, w := range p.Workloads {
		if rolls := w.Name == "lagging" || w.Name == "agent"; w.Rolls != rolls {
			t.Errorf("%s rolls: %v in the plan: %+v", w.Name, w.Rolls, w)
		}
		if w.Rolls { // as the plan offers
			command := strings.Fields(strings.ReplaceAll(w.PutOff, "'", ""))
			s.must("", command[3:]...)
		}
	}
	written := (&steps{s, ""}).tool("migrate", "keel", "-o", "yaml", "--insecure-registries="+s.Registry)
	if strings.Contains(written, "Correct-Horse") || !strings.Contains(written, "name: general") {
		t.Errorf("written:\n%s", written)
	}
	if _, _, err := s.Kubectl(t.Context(), written, "apply", "--server-side", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	s.awaitOptIn()
	s.polled()
	for name, tag := range workloads {
		s.wantTag(name, tag)
		if got := s.settled(name); got != before[name] {
			t.Errorf("%s: the switch made revision %s of %s", name, got, before[name])
		}
	}

	s.push("1.2.1", "1.4.0")
	digest := s.push("stable")
	s.awaitTag("web", "1.4.0")
	s.awaitTag("lagging", "1.4.0")
	s.awaitTag("worker", "1.2.1")
	s.awaitTag("agent", "stable@"+digest)
	s.waits("billing", "NotApproved", "has 0 of 1 approvals, until ")
	s.wantTag("billing", "1.2.0")
}
