package migrate

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/keel"
)

// planFor is the plan for what is read, with one workload of Keel beside it.
func planFor(t *testing.T, in string) (p plan.Plan, text string) {
	t.Helper()
	tags := "--tags=" + file(t, "tags", "web 1.0.0\n")
	in += "\n---\n" + deployment("annotations: {keel.sh/policy: patch}", "web:1.0.0")
	out, err := run(t, in, "-f", "-", tags, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	if text, err = run(t, in, "-f", "-", tags); err != nil {
		t.Fatal(err)
	}
	return p, text
}

// keelWith is Keel's Deployment, with an environment from elsewhere.
func keelWith(environment string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: keel, namespace: keel}\n" +
		"spec: {template: {spec: {containers: [{name: keel, image: \"keelhq/keel:0.22.1\", " + environment + "}]}}}\n"
}

const keelConfigMap = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: keel}\n" +
	"data: {every: '@every 7m', POLL: 'false', SLACK_CHANNELS: ops, TEAMS_WEBHOOK_URL: https://example.com/content-of-the-map}\n"

func TestEnvironmentFromConfigMaps(t *testing.T) {
	p, text := planFor(t, keelWith("env: [{name: POLL_DEFAULTSCHEDULE, valueFrom: {configMapKeyRef: {name: settings, key: every}}}, {name: SLACK_BOT_TOKEN, valueFrom: {secretKeyRef: {name: tokens, key: bot}}}, {name: POLL, value: 'true'}], envFrom: [{configMapRef: {name: settings}}]")+keelConfigMap)
	if got := p.Namespaces[0].Annotations; got["garboard.dev/pollSchedule"] != "@every 7m" || got["garboard.dev/trigger"] != "" {
		t.Errorf("the namespace says %v", got)
	}
	for _, want := range []string{
		"SLACK_CHANNELS (ConfigMap settings/SLACK_CHANNELS)", "- name: ops\n",
		`kubectl -n keel get configmap settings -o go-template='{{index .data "TEAMS_WEBHOOK_URL"}}'`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "content-of-the-map") {
		t.Errorf("an address that may hold a token is in\n%s", text)
	}

	p, _ = planFor(t, keelWith("envFrom: [{configMapRef: {name: settings}}]")+keelConfigMap)
	if got := p.Namespaces[0].Annotations["garboard.dev/trigger"]; got != "push" {
		t.Errorf("polling is off, and the namespace says trigger: %q", got)
	}
	p, _ = planFor(t, keelWith("env: [{name: POLL_DEFAULTSCHEDULE, valueFrom: {configMapKeyRef: {name: settings, key: every}}}]"))
	if len(p.Variables) != 1 || !strings.Contains(p.Variables[0].Why, "the ConfigMap was not read") {
		t.Errorf("without the ConfigMap: %+v", p.Variables)
	}
}

// What the chart sets by itself is set, and what leads to Keel still leads somewhere.
func TestValuesMeanWhatTheChartMakesOfThem(t *testing.T) {
	p, text := planFor(t, "polling: {enabled: true}\nservice: {enabled: true, type: ClusterIP}\nslack: {enabled: true, channel: ops, channels: ops}\nsecret: {create: false, name: keel-tokens}\n")
	if got := p.Namespaces[0].Annotations["garboard.dev/pollSchedule"]; got != "@every 1m" {
		t.Errorf("the namespace says pollSchedule: %q", got)
	}
	if !slices.ContainsFunc(p.Variables, func(v plan.Variable) bool { return v.Name == "HELM3_PROVIDER" && v.Fate == keel.Mapped }) {
		t.Errorf("the chart turns Helm's releases on: %+v", p.Variables)
	}
	if want := (plan.Variable{Name: "slack.channels", Fate: keel.NotRead, Why: "no value of Keel's chart"}); !slices.Contains(p.Variables, want) {
		t.Errorf("variables: %+v, want %+v among them", p.Variables, want)
	}
	for _, want := range []string{
		"Let what led to Keel (Service keel) lead to the Service garboard-push", "/v1/webhooks/harbor: keeps working",
		`kubectl -n keel get secret keel-tokens -o go-template='{{index .data "SLACK_BOT_TOKEN" | base64decode}}'`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// Who keeps everything in Git has Keel as an object of Flux, k3s or Argo CD there.
func TestKeelInGit(t *testing.T) {
	for name, in := range map[string]string{
		"Flux": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: keel, namespace: tools}\n" +
			"spec: {chart: {spec: {chart: keel}}, values: {polling: {defaultSchedule: '@every 4m'}}}\n",
		"k3s": "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: keel, namespace: kube-system}\n" +
			"spec: {chart: keel, repo: 'https://charts.keel.sh', targetNamespace: tools, valuesContent: \"polling: {defaultSchedule: '@every 4m'}\"}\n",
		"Argo CD": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: keel, namespace: argocd}\n" +
			"spec: {destination: {namespace: tools}, source: {chart: keel, helm: {valuesObject: {polling: {defaultSchedule: '@every 4m'}}}}}\n",
		"Argo CD, of several sources": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: keel, namespace: argocd}\n" +
			"spec: {destination: {namespace: tools}, sources: [{ref: values}, {chart: keel, helm: {values: \"polling: {defaultSchedule: '@every 4m'}\"}}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			p, text := planFor(t, in)
			if keeper, _, _ := strings.Cut(name, ","); !strings.Contains(text, "Stop Keel. What is pushed from now on is found by Garboard's first poll. "+keeper+" keeps it as Git has it") {
				t.Errorf("%s would start it again:\n%s", keeper, text)
			}
			if p.Keel == nil || p.Keel.Namespace != "tools" {
				t.Fatalf("Keel: %+v", p.Keel)
			}
			if got := p.Namespaces[0].Annotations["garboard.dev/pollSchedule"]; got != "@every 4m" {
				t.Errorf("the namespace says pollSchedule: %q", got)
			}
			if p, _ = planFor(t, in+"---\n"+keelWith("env: []")); p.Keel.Namespace != "keel" {
				t.Errorf("the Deployment says more: %+v", p.Keel)
			}
		})
	}
	p, _ := planFor(t, "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: tools}\nspec: {chart: {spec: {chart: shop}}, values: {polling: {}}}\n")
	if p.Keel != nil {
		t.Errorf("another chart is taken for Keel's: %+v", p.Keel)
	}
}

func TestWhatStartsKeelAgain(t *testing.T) {
	for mark, keeper := range map[string]string{
		"labels: {helm.toolkit.fluxcd.io/name: keel}": "Flux", "labels: {kustomize.toolkit.fluxcd.io/name: tools}": "Flux",
		"labels: {argocd.argoproj.io/instance: keel}": "Argo CD", "annotations: {argocd.argoproj.io/tracking-id: 'keel:apps/Deployment:keel/keel'}": "Argo CD",
	} {
		_, text := planFor(t, strings.Replace(keelWith("env: []"), "name: keel, namespace", mark+", name: keel, namespace", 1))
		if !strings.Contains(text, keeper+" keeps it as Git has it") {
			t.Errorf("%s: not told in\n%s", mark, text)
		}
	}
	if _, text := planFor(t, keelWith("env: []")); strings.Contains(text, "as Git has it") {
		t.Errorf("nothing keeps it:\n%s", text)
	}
}

func TestManifestsWithoutNamespace(t *testing.T) {
	in := strings.Replace(deployment("annotations: {keel.sh/policy: patch}", "web:1.0.0"), "namespace: shop, ", "", 1)
	for want, args := range map[string][]string{"default": nil, "shop": {"-n", "shop"}} {
		out, err := run(t, in, append([]string{"-f", "-", "-o", "yaml", "--tags=" + file(t, "tags", "web 1.0.0\n")}, args...)...)
		if err != nil || !strings.Contains(out, "name: "+want+"\n") {
			t.Errorf("got %s, %v", out, err)
		}
	}
}

// Copies of Keel's image have other names, and the same program.
func TestKeelOfAnotherName(t *testing.T) {
	p, _ := planFor(t, strings.Replace(keelWith("command: [/bin/keel], env: [{name: POLL, value: 'false'}]"), "keelhq/keel:0.22.1", "example/docker-keel:edge", 1))
	if p.Keel == nil || p.Keel.Image != "example/docker-keel:edge" {
		t.Errorf("Keel: %+v", p.Keel)
	}
}

func TestWhatNoFileHasIsTold(t *testing.T) {
	const notInThePlan = " is in none of the files, so what it sets is not in the plan"
	from := "envFrom: [{secretRef: {name: tokens}}, {configMapRef: {name: settings}}]"
	secret := func(namespace string) string {
		return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: tokens, namespace: " + namespace + "}\ndata: {SLACK_BOT_TOKEN: ''}\n"
	}
	for name, test := range map[string]struct {
		in   string
		want []string
	}{
		"both are missing":           {keelWith(from), []string{"Secret keel/tokens", "ConfigMap keel/settings"}},
		"of another namespace":       {keelWith(from) + keelConfigMap + secret("other"), []string{"Secret keel/tokens"}},
		"both are there":             {keelWith(from) + keelConfigMap + secret("keel"), nil},
		"one key is taken by itself": {keelWith("env: [{name: SLACK_BOT_TOKEN, valueFrom: {secretKeyRef: {name: tokens, key: bot}}}]"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := run(t, test.in, "-f", "-")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(text, notInThePlan); got != len(test.want) {
				t.Errorf("told of %d in\n%s", got, text)
			}
			for _, want := range test.want {
				if !strings.Contains(text, "garboard: Keel's "+want+notInThePlan) {
					t.Errorf("nothing of %s in\n%s", want, text)
				}
			}
		})
	}
}

// The settings are applied of what the plan was made of, and the plan tells no token.
func TestStepsReadWhatThePlanHasRead(t *testing.T) {
	in := deployment("annotations: {keel.sh/policy: patch}", "web:1.0.0")
	folder, tags := filepath.Dir(file(t, "web.yaml", in)), file(t, "tags", "web 1.0.0\n")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a folder":       {[]string{"-R", "-f", folder}, "garboard migrate keel --filename=" + folder + " --recursive=true --tags=" + tags + " -o yaml |"},
		"standard input": {[]string{"-f", "-", "-n", "shop"}, "What this plan read from standard input it has to be given again.\n       garboard migrate keel --filename=- --namespace=shop --tags=" + tags + " -o yaml |"},
		"a token":        {[]string{"-f", "-", "--token=not-to-be-seen"}, "garboard migrate keel --filename=- --tags=" + tags + " -o yaml |"},
	} {
		out, err := run(t, in, append(c.args, "--tags="+tags)...)
		if err != nil || !strings.Contains(out, c.want) || strings.Contains(out, "not-to-be-seen") {
			t.Errorf("%s: want %s in:\n%s%v", name, c.want, out, err)
		}
	}
}
