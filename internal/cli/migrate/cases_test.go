package migrate

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/resolver/registry/memory"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const keelDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: keel}
spec: {template: {spec: {containers: [{name: keel, image: "keelhq/keel:0.22.1"}]}}}
---
`

// deployment is a workload of the namespace shop, with metadata beside its name.
func deployment(metadata, image string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, " + metadata + "}\n" +
		"spec: {template: {spec: {containers: [{name: web, image: " + image + "}]}}}\n---\n"
}

func TestFaultsAreOneClearMessage(t *testing.T) {
	one, two := fmt.Sprintf(keelDeployment, "keel"), fmt.Sprintf(keelDeployment, "other")
	for name, test := range map[string]struct {
		in   string
		args []string
		want string
	}{
		"nothing of Keel":        {in: deployment("labels: {app: web}", "web:1.0.0"), want: "nothing of Keel found: no Deployment that runs its image, and no workload with a policy of Keel"},
		"nothing at all":         {in: "", want: "nothing of Keel found: no Deployment that runs its image, and no workload with a policy of Keel"},
		"no manifest":            {in: "a: b\n", want: "standard input:1: no manifest; allowed: an object with apiVersion and kind, or the values of Keel's chart"},
		"no YAML":                {in: "a: [\n", want: "standard input:"},
		"several Keels":          {in: one + two, want: "several Keels: keel/keel, keel/other; name one with --keel"},
		"another Keel is meant":  {in: one, args: []string{"--keel=keel/kiel"}, want: `"keel/kiel": no Deployment of Keel; found: keel/keel`},
		"a tag that is none":     {in: one, args: []string{"--tags=" + file(t, "tags", "web 1.0.0 a/b\n")}, want: `tags:1: "a/b": not a tag`},
		"a repository with tag":  {in: one, args: []string{"--tags=" + file(t, "tags", "web:1 1.0.0\n")}, want: `tags:1: "web:1": no repository; allowed: a repository and its tags, divided by blanks`},
		"a file that is missing": {in: one, args: []string{"-f", "absent.yaml"}, want: "reading manifests: open absent.yaml: no such file or directory"},
		"no file of tags":        {in: one, args: []string{"--tags=absent"}, want: "reading the lists of tags: open absent: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, test.in, append([]string{"-f", "-"}, test.args...)...)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// An API server that lets nobody list is told of in one message, with a way out.
func TestNoAccessIsSaid(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api":
			fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
		case "/apis":
			fmt.Fprint(w, `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}}]}`)
		case "/apis/apps/v1":
			fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"apps/v1","resources":[{"name":"deployments","namespaced":true,"kind":"Deployment","verbs":["list"]}]}`)
		case "/api/v1":
			fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"v1","resources":[]}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"deployments.apps is forbidden","reason":"Forbidden","code":403}`)
		}
	}))
	defer server.Close()
	_, err := run(t, "", "--kubeconfig="+file(t, "config", "apiVersion: v1\nkind: Config\n"), "--server="+server.URL)
	if err == nil || !strings.Contains(err.Error(), "no access: you may not list Deployments in any namespace; try --namespace, or -f") {
		t.Errorf("got %v", err)
	}
	server.Close()
	if _, err := run(t, "", "--kubeconfig="+file(t, "config", "apiVersion: v1\nkind: Config\n"), "--server="+server.URL); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody there: got %v", err)
	}
}

// only is the one workload of a plan.
func only(t *testing.T, in string, args ...string) plan.Workload {
	t.Helper()
	out, err := run(t, in, append([]string{"-f", "-", "-o", "json"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Plan{}
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.Workloads) != 1 {
		t.Fatalf("%v in %s", err, out)
	}
	return p.Workloads[0]
}

func reasons(w plan.Workload) []string {
	var all []string
	for _, n := range w.Notes {
		all = append(all, n.Reason)
	}
	for _, c := range w.Containers {
		for _, n := range c.Notes {
			all = append(all, n.Reason)
		}
	}
	return all
}

func TestWorkloads(t *testing.T) {
	tags := "--tags=" + file(t, "tags", "docker.io/library/web latest 1.0.0 1.0.1 1.1.0 1.2.0-rc.1\n")
	for name, test := range map[string]struct {
		metadata, image string
		keel, garboard  plan.Act
		rolls           bool
		reasons         []string
	}{
		"both move alike": {"annotations: {keel.sh/policy: minor, keel.sh/trigger: poll}", "web:1.0.0",
			plan.Act{Does: plan.Moves, Tag: "1.1.0"}, plan.Act{Does: plan.Moves, Tag: "1.1.0"}, false, nil},
		"both stay": {"annotations: {keel.sh/policy: minor, keel.sh/trigger: poll}", "web:1.1.0",
			plan.Act{Does: plan.Stays}, plan.Act{Does: plan.Stays}, false, nil},
		"Keel waits for a push": {"labels: {keel.sh/policy: patch}", "web:1.0.0",
			plan.Act{Does: plan.WaitsForPush}, plan.Act{Does: plan.Moves, Tag: "1.0.1"}, true, []string{"Polled"}},
		"so does Garboard where it is told to": {"labels: {keel.sh/policy: patch}, annotations: {garboard.dev/hold: web=1.0.1}", "web:1.0.0",
			plan.Act{Does: plan.WaitsForPush}, plan.Act{Does: plan.Stays}, false, []string{"Resolution"}},
		"votes": {`annotations: {keel.sh/policy: patch, keel.sh/trigger: poll, keel.sh/approvals: "1"}`, "web:1.0.0",
			plan.Act{Does: plan.WaitsForVotes}, plan.Act{Does: plan.WaitsForVotes}, false, []string{"Approvals"}},
		"no votes asked for": {`annotations: {keel.sh/policy: patch, keel.sh/trigger: poll, keel.sh/approvals: "0"}`, "web:1.1.0",
			plan.Act{Does: plan.Stays}, plan.Act{Does: plan.Stays}, false, nil},
		"latest": {"annotations: {keel.sh/policy: minor, keel.sh/trigger: poll}", "web",
			plan.Act{Does: plan.Moves, Tag: "1.2.0-rc.1"}, plan.Act{Does: plan.Stays}, false, []string{"Registry", "LatestIsNoVersion"}},
		"a gate of Garboard": {"annotations: {keel.sh/policy: minor, keel.sh/trigger: poll, garboard.dev/minAge: 3d}", "web:1.0.0",
			plan.Act{Does: plan.Moves, Tag: "1.1.0"}, plan.Act{Does: plan.WaitsForGate}, false, []string{"Gate"}},
		"a policy of Garboard": {"annotations: {keel.sh/policy: 'semver:>=1 <2', keel.sh/trigger: poll}", "web:1.0.0",
			plan.Act{Does: plan.Stays}, plan.Act{Does: plan.Moves, Tag: "1.1.0"}, true, []string{"PolicyOfGarboard"}},
		"force without matchTag on what is no version": {"annotations: {keel.sh/policy: force, keel.sh/trigger: poll}", "web:latest",
			plan.Act{Does: plan.Moves, Tag: "1.2.0-rc.1"}, plan.Act{Does: plan.PinsDigest}, true, []string{"DigestPinned", "SameTag", "Registry"}},
		"no list of tags": {"annotations: {keel.sh/policy: minor, keel.sh/trigger: poll}", "absent:1.0.0",
			plan.Act{Does: plan.Unknown}, plan.Act{Does: plan.Unknown}, false, []string{"Registry"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, deployment(test.metadata, test.image), tags)
			c := w.Containers[0]
			if c.Keel != test.keel || c.Garboard != test.garboard || w.Rolls != test.rolls || !slices.Equal(reasons(w), test.reasons) {
				t.Errorf("got Keel %+v, Garboard %+v, rolls %v, for %q", c.Keel, c.Garboard, w.Rolls, reasons(w))
			}
			for _, n := range slices.Concat(w.Notes, c.Notes) {
				if n.Text == "" {
					t.Errorf("%s has no text", n.Reason)
				}
			}
		})
	}
}

// What the plan offers to put off a rollout does so.
func TestHoldPutsOffARollout(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	registry, err := memory.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	for _, tag := range []string{"1.0.0", "1.0.1", "stable"} {
		if err := registry.Push(t.Context(), "web", tag); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ policy, tag string }{
		"a version": {"patch", "1.0.0"},
		"a digest":  {"force", "stable"},
	} {
		t.Run(name, func(t *testing.T) {
			image, insecure := registry.Host()+"/web:"+test.tag, "--insecure-registries="+registry.Host()
			w := only(t, deployment("annotations: {keel.sh/matchTag: 'true', keel.sh/policy: "+test.policy+"}", image), insecure)
			_, hold, ok := strings.Cut(w.PutOff, "garboard.dev/hold=")
			if !w.Rolls || !ok {
				t.Fatalf("rolls %v, put off by %q", w.Rolls, w.PutOff)
			}
			hold = strings.Trim(hold, "'")
			held := only(t, deployment("annotations: {keel.sh/matchTag: 'true', keel.sh/policy: "+test.policy+", garboard.dev/hold: '"+hold+"'}", image), insecure)
			if held.Rolls {
				t.Errorf("rolls with the hold %q", hold)
			}
		})
	}
}

// helmRelease is the Secret of a release, as Helm keeps it.
func helmRelease(t *testing.T, values string) string {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprintf(w, `{"name":"shop","chart":{"values":%s},"config":{}}`, values)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	inner := base64.StdEncoding.EncodeToString(zipped.Bytes())
	return "apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\nmetadata: {name: sh.helm.release.v1.shop.v1, namespace: shop, labels: {owner: helm, name: shop, status: deployed, version: '1'}}\n" +
		"data: {release: " + base64.StdEncoding.EncodeToString([]byte(inner)) + "}\n---\n"
}

func TestHelmValuesAreRead(t *testing.T) {
	const metadata = "labels: {app.kubernetes.io/managed-by: Helm}, annotations: {meta.helm.sh/release-name: shop, meta.helm.sh/release-namespace: shop}"
	values := `{"image":{"repository":"web","tag":"1.0.0"},"keel":{"policy":"patch","trigger":"poll","approvals":%d,"images":[{"repository":"image.repository","tag":"image.tag"}]}}`
	tags := "--tags=" + file(t, "tags", "web 1.0.0 1.0.1\n")
	w := only(t, helmRelease(t, fmt.Sprintf(values, 0))+deployment(metadata, "web:1.0.0"), tags)
	want := plan.Act{Does: plan.Moves, Tag: "1.0.1"}
	if c := w.Containers[0]; c.Keel != want || c.Garboard != want {
		t.Errorf("got %+v", c)
	}
	w = only(t, helmRelease(t, fmt.Sprintf(values, 2))+deployment(metadata, "web:1.0.0"), tags)
	if c := w.Containers[0]; c.Keel.Does != plan.WaitsForVotes || c.Garboard.Does != plan.WaitsForVotes {
		t.Errorf("with votes: got %+v", c)
	}
}

// The values of Keel's chart say what its Deployment would. What they hold for its Secret
// is in no plan.
func TestValuesOfTheChart(t *testing.T) {
	values := "polling: {enabled: false}\nnotificationLevel: warn\nteams: {enabled: true, webhookUrl: 'https://example.com/content-of-the-values'}\n" +
		"slack: {enabled: false, channel: unused}\nbasicauth: {enabled: true, user: keel, password: content-of-the-values}\nextraEnv: [{name: AUTHENTICATED_WEBHOOKS, value: 'true'}]\n"
	out, err := run(t, deployment("annotations: {keel.sh/policy: patch}", "web:1.0.0"), "-f", "-", "-f", file(t, "values.yaml", values), "--tags="+file(t, "tags", "web 1.0.0\n"), "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "content-of-the") || strings.Contains(out, "SLACK") {
		t.Errorf("got %s", out)
	}
	var p plan.Plan
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Settings) != 1 || !strings.Contains(p.Settings[0].Text, "name: teams") || !strings.Contains(p.Settings[0].Text, "level: warn") {
		t.Errorf("settings: %+v", p.Settings)
	}
	if got := p.Namespaces[0].Annotations["garboard.dev/trigger"]; got != "push" {
		t.Errorf("polling is off, and the namespace says trigger: %q", got)
	}
}

// People copy values from guides, with keys that the chart never had, and have Keel's chart as
// part of one of their own.
func TestValuesOfTheChartWithOthersBesideThem(t *testing.T) {
	for name, values := range map[string]string{
		"keys that the chart does not read": "webhooks: {enabled: true}\npolling: {defaultSchedule: '@every 3m'}\nhelmProvider: {enabled: true, version: v3}\n",
		"the chart as part of another":      "web: {replicas: 2}\nkeel: {polling: {defaultSchedule: '@every 3m'}, webhooks: {}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, deployment("annotations: {keel.sh/policy: patch}", "web:1.0.0"), "-f", "-", "-f", file(t, "values.yaml", values), "--tags="+file(t, "tags", "web 1.0.0\n"), "-o", "json")
			if err != nil {
				t.Fatal(err)
			}
			var p plan.Plan
			if err := json.Unmarshal([]byte(out), &p); err != nil {
				t.Fatal(err)
			}
			if got := p.Namespaces[0].Annotations["garboard.dev/pollSchedule"]; got != "@every 3m" {
				t.Errorf("the namespace says pollSchedule: %q", got)
			}
			if want := (plan.Variable{Name: "webhooks", Fate: keel.NotRead, Why: "no value of Keel's chart"}); !slices.Contains(p.Variables, want) {
				t.Errorf("variables: %+v, want %+v among them", p.Variables, want)
			}
		})
	}
}

// What a manifest has steers neither the terminal nor the shell that runs a command.
func TestHostileNamesAreShownAndQuoted(t *testing.T) {
	const name = `keel'; $(id); '`
	in := `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "` + name + `", "namespace": "keel"}, "spec": {"template": {"spec": {"containers": [
		{"name": "keel'$(id)", "image": "keelhq/keel:0.22.1", "env": [
			{"name": "SLACK_CHANNELS", "value": "a$(id)#'\u001b[31m"}, {"name": "SLACK_BOT_TOKEN", "value": "x"},
			{"name": "MAIL_TO", "value": "$(id)"}, {"name": "MAIL_SMTP_PORT", "value": "25$(id)"}]}]}}}}` + "\n---\n" +
		`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "annotations": {"keel.sh/policy": "minor", "keel.sh/\u001b[31m": "\u001b[31m"}},
		"spec": {"template": {"spec": {"containers": [{"name": "web\u001b[31m", "image": "web:1.0.0"}]}}}}`
	out, err := run(t, in, "-f", "-", "--tags="+file(t, "tags", "web 1.0.0\n"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Errorf("control characters in %q", out)
	}
	if want := `scale deployment 'keel'\''; $(id); '\''' --replicas=0`; !strings.Contains(out, want) {
		t.Errorf("no %s in\n%s", want, out)
	}
	// What is in single quotes a shell leaves alone.
	for line := range strings.Lines(out) {
		bare := ""
		for i, part := range strings.Split(strings.ReplaceAll(line, `'\''`, ""), "'") {
			if i%2 == 0 {
				bare += part
			}
		}
		if strings.Contains(line, "kubectl") && strings.Contains(bare, "$(id)") {
			t.Errorf("a shell would run: %s", line)
		}
	}
}
