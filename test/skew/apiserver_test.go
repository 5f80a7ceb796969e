package skew

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// apiServers says which API servers to try.
var apiServers = flag.String("kubernetes", "", `versions of Kubernetes to try Garboard on, as "v1.34.4,v1.36.3", or "all"; none by default`)

// checks of an API server, in the order of docs/upgrading.md. Each has applications of its
// own.
func checks() []check {
	return []check{
		{"all manifests are applied", (*stage).isWhole},
		{"policies and definitions are without a warning", (*stage).isUnderstood},
		{"a create is resolved, of each kind", (*stage).creates},
		{"the same apply again stores nothing", (*stage).appliesAgain},
		{"an undo is held", (*stage).undoes},
		{"the updater bumps", (*stage).bumps},
		{"warnings and refusals are told", (*stage).tells},
		{"votes decide, and no forged one counts", (*stage).votes},
	}
}

type check struct {
	name string
	run  func(*stage)
}

// Garboard is made with one version of Kubernetes, and runs on older ones. API server,
// controller manager, scheduler and kubectl are of those; etcd, cert-manager and the
// registry are not.
func TestAPIServersOfOtherVersions(t *testing.T) {
	for _, version := range versions(t) {
		t.Run(version, func(t *testing.T) {
			s := start(t, version)
			for _, c := range checks() {
				t.Run(c.name, func(t *testing.T) {
					of := *s
					of.t = t
					c.run(&of)
				})
			}
		})
	}
}

// What the page says was tried is what is tried.
func TestPageHasEveryVersionAndCheck(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(source, "docs", "upgrading.md"))
	must(t, err)
	older, err := cluster.OlderVersions()
	must(t, err)
	head := "| | " + strings.Join(older, " | ") + " | v1."
	if !strings.Contains(string(text), "\n"+head) {
		t.Errorf("the page has no table that begins with %q", head)
	}
	for _, c := range checks() {
		if row := "\n| " + c.name + " | "; !strings.Contains(string(text), row) {
			t.Errorf("the page has no row for %q", c.name)
		}
	}
}

// current names the version that all tests run on.
const current = "current"

func versions(t *testing.T) []string {
	t.Helper()
	older, err := cluster.OlderVersions()
	must(t, err)
	switch *apiServers {
	case "":
		t.Skip("needs other versions of Kubernetes, which are built for minutes: make test-skew")
	case "all":
		return append(older, current)
	}
	return strings.Split(*apiServers, ",")
}

func start(t *testing.T, version string) *stage {
	t.Helper()
	o := cluster.Options{Kubernetes: version}
	if version == current {
		o.Kubernetes = ""
	}
	s := &stage{Cluster: cluster.StartForTest(t, o), t: t}
	answer, err := s.Client().Discovery().ServerVersion()
	must(t, err)
	t.Logf("the API server says it is %s", answer.GitVersion)
	if version != current && answer.GitVersion != version {
		t.Fatalf("the API server is %s, want %s", answer.GitVersion, version)
	}
	s.garboard, err = installation.Install(t.Context(), s.Cluster, installation.Options{Source: source, WebhookArgs: []string{"--fresh-for=50ms"}})
	must(t, err)
	s.optIn()
	return s
}

// isWhole compares what is there with the manifests, field by field.
func (s *stage) isWhole() {
	manifests := filepath.Join(source, "manifests", "install.yaml")
	out, said, err := s.Kubectl(s.t.Context(), "", "apply", "--server-side", "--validate=strict", "-f", manifests)
	must(s.t, err)
	text, err := os.ReadFile(manifests)
	must(s.t, err)
	objects := strings.Count("\n"+string(text), "\nkind: ")
	if applied := strings.Count(out, " serverside-applied\n"); applied != objects || objects < 20 || strings.TrimSpace(said) != "" {
		s.t.Errorf("%d of %d objects are applied: %s%s", applied, objects, out, said)
	}
	// What the API server has dropped is a difference.
	out, said, err = s.Kubectl(s.t.Context(), "", "diff", "--server-side", "-f", manifests)
	if err != nil || out != "" {
		s.t.Errorf("what is stored differs: %v: %s%s", err, out, said)
	}
}

// isUnderstood asks what Kubernetes itself says of our definitions and policies: it checks
// the types in their expressions.
func (s *stage) isUnderstood() {
	out, _ := s.must("", "get", "crds", "imageupdates.garboard.dev", "imageupdatevotes.garboard.dev", "-o",
		`jsonpath={range .items[*].status.conditions[*]}{.type}={.status} {end}`)
	if got, want := strings.Fields(out), []string{"NamesAccepted=True", "Established=True"}; !slices.Equal(got, append(want, want...)) {
		s.t.Errorf("the definitions are %q", got)
	}
	policies := s.Client().AdmissionregistrationV1()
	var ours int
	s.await("the policies' types to be checked", func(ctx context.Context) error {
		list, err := policies.ValidatingAdmissionPolicies().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		ours = 0
		for i := range list.Items {
			p := &list.Items[i]
			if !strings.HasPrefix(p.Name, "garboard") {
				continue
			}
			ours++
			if p.Status.ObservedGeneration != p.Generation || p.Status.TypeChecking == nil {
				return fmt.Errorf("%s: %+v", p.Name, p.Status)
			}
			if w := p.Status.TypeChecking.ExpressionWarnings; len(w) > 0 {
				s.t.Errorf("%s: %+v", p.Name, w)
			}
		}
		return nil
	})
	bindings, err := policies.ValidatingAdmissionPolicyBindings().List(s.t.Context(), metav1.ListOptions{})
	must(s.t, err)
	bound := slices.DeleteFunc(bindings.Items, func(b admissionregistrationv1.ValidatingAdmissionPolicyBinding) bool {
		return !strings.HasPrefix(b.Spec.PolicyName, "garboard")
	})
	if ours == 0 || len(bound) != ours {
		s.t.Errorf("%d policies have %d bindings", ours, len(bound))
	}
}

// creates makes one workload of each kind, in one version and one request each.
func (s *stage) creates() {
	s.push("kinds", "1.2.0", "1.2.7")
	pod := `{"containers":[{"name":"web","image":"` + s.repository("kinds") + `:1.2.0"}]%s}`
	template := `{"metadata":{"labels":{"app":"kinds"}},"spec":` + pod + `}`
	served, once := fmt.Sprintf(template, ""), fmt.Sprintf(template, `,"restartPolicy":"Never"`)
	selector := `"selector":{"matchLabels":{"app":"kinds"}},`
	for kind, spec := range map[string][2]string{
		"Deployment":            {"apps/v1", `{` + selector + `"template":` + served + `}`},
		"StatefulSet":           {"apps/v1", `{` + selector + `"serviceName":"kinds","template":` + served + `}`},
		"DaemonSet":             {"apps/v1", `{` + selector + `"template":` + served + `}`},
		"ReplicaSet":            {"apps/v1", `{` + selector + `"template":` + served + `}`},
		"ReplicationController": {"v1", `{"selector":{"app":"kinds"},"template":` + served + `}`},
		"Job":                   {"batch/v1", `{"template":` + once + `}`},
		"CronJob":               {"batch/v1", `{"schedule":"@yearly","jobTemplate":{"spec":{"template":` + once + `}}}`},
		"Pod":                   {"v1", fmt.Sprintf(pod, "")},
	} {
		manifest := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"kinds","annotations":{"garboard.dev/policy":"patch"}},"spec":%s}`, spec[0], kind, spec[1])
		out, _ := s.must(manifest, "create", "--dry-run=server", "-o", "json", "-f", "-")
		if want := s.repository("kinds") + ":1.2.7"; !strings.Contains(out, `"image": "`+want+`"`) {
			s.t.Errorf("a %s is not resolved to %s: %s", kind, want, out)
		}
	}
}

// appliesAgain applies in both ways.
func (s *stage) appliesAgain() {
	for app, args := range map[string][]string{"applied": {"apply", "-f", "-"}, "owned": {"apply", "--server-side", "-f", "-"}} {
		s.push(app, "1.2.0", "1.2.7")
		manifest := s.deploymentOf(app, "1.2.0", patches, "garboard.dev/trigger: push")
		s.must(manifest, args...)
		s.want("the first apply", app, "1.2.7", "")
		s.awaitRollout(app)
		s.await("an apply that stores nothing", func(context.Context) error {
			before := s.deployment(app)
			s.must(manifest, args...)
			after := s.deployment(app)
			if before.Generation != after.Generation {
				s.t.Fatalf("the same apply again has changed the spec of %s", app)
			}
			if before.ResourceVersion != after.ResourceVersion { // of a controller's status, once
				return fmt.Errorf("resource version %s -> %s", before.ResourceVersion, after.ResourceVersion)
			}
			return nil
		})
		s.want("the same apply again", app, "1.2.7", "")
	}
}

func (s *stage) undoes() {
	s.push("undone", "1.2.0")
	manifest := s.deploymentOf("undone", "1.2.0", patches, everySecond)
	s.must(manifest, "apply", "-f", "-")
	s.awaitRollout("undone")
	s.push("undone", "1.2.7")
	s.awaitTag("undone", "1.2.7")
	s.awaitRollout("undone")
	_, said := s.must("", "rollout", "undo", "deployment/undone")
	if want := "1.2.7 -> 1.2.0 as written; 1.2.7 is held"; !strings.Contains(said, want) {
		s.t.Errorf("kubectl said %q, want %q", said, want)
	}
	s.must(manifest, "apply", "-f", "-")
	s.want("undo and apply", "undone", "1.2.0", "web=1.2.7")
	s.must("", "rollout", "undo", "deployment/undone")
	s.want("the undo of the undo", "undone", "1.2.7", "")
}

func (s *stage) bumps() {
	s.push("bumped", "1.2.0")
	s.must(s.deploymentOf("bumped", "1.2.0", patches, everySecond), "apply", "--server-side", "-f", "-")
	for _, tag := range []string{"1.2.7", "1.2.8"} { // the second goes without a dry run
		s.awaitRollout("bumped")
		s.push("bumped", tag)
		s.awaitTag("bumped", tag)
	}
	d := s.deployment("bumped")
	if bump, left := d.Spec.Template.Annotations["garboard.dev/bump"]; left {
		s.t.Errorf("the template keeps the bump %q", bump)
	}
	if got, want := d.Spec.Template.Annotations["garboard.dev/resolved"], "web=1.2.8"; got != want {
		s.t.Errorf("the record is %q, want %q", got, want)
	}
}

func (s *stage) tells() {
	s.push("told", "1.2.0", "1.2.7")
	_, said := s.must(s.deploymentOf("told", "1.2.0", patches), "create", "-f", "-")
	if want := "Warning: web: " + s.repository("told") + ":1.2.0 -> 1.2.7 (policy patch)"; !strings.Contains(said, want) {
		s.t.Errorf("kubectl said %q, want %q", said, want)
	}
	_, _, err := s.kubectl(s.deploymentOf("refused", "1.2.0", "garboard.dev/polcy: patch"), "create", "-f", "-")
	if want := `metadata.annotations[garboard.dev/polcy]: Invalid value: "patch": unknown key; did you mean "policy"?`; err == nil || !strings.Contains(err.Error(), want) {
		s.t.Errorf("kubectl said %v, want %q", err, want)
	}
}

func (s *stage) votes() {
	s.push(voted, "1.2.0")
	s.must(s.deploymentOf(voted, "1.2.0", patches, everySecond, `garboard.dev/approvals: "1"`), "apply", "-f", "-")
	s.awaitRollout(voted)
	s.voter("ann")
	s.awaitVotes()
	s.push(voted, "1.2.7")
	u := s.awaitPhase("1.2.7", v1alpha1.PhasePending)
	s.want("a proposal", voted, "1.2.0", "")
	for what, test := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"a vote in another's name":   {ballot(u.Name, "ann"), []string{"create", "-f", "-"}, "each user votes in their own name"},
		"a status by hand":           {"", []string{"patch", "imageupdate", u.Name, "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Approved"}}`}, "an update is written by the updater alone"},
		"a verdict that is none":     {strings.Replace(ballot(u.Name, "ann"), "Approve", "Maybe", 1), []string{"create", "--as=ann", "-f", "-"}, `supported values: "Approve", "Reject"`},
		"a change of what was asked": {"", []string{"patch", "imageupdate", u.Name, "--type=merge", "-p", `{"spec":{"container":"other"}}`, "--as=system:serviceaccount:garboard:garboard-updater", "--as-group=system:masters"}, "spec is immutable"},
	} {
		if _, _, err := s.kubectl(test.stdin, test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
			s.t.Errorf("%s: %v, want %q", what, err, test.want)
		}
	}
	s.must(ballot(u.Name, "ann"), "create", "--as=ann", "-f", "-")
	s.awaitTag(voted, "1.2.7")
	s.awaitPhase("1.2.7", v1alpha1.PhaseSucceeded)
	var record struct{ Voters []v1alpha1.Voter }
	out, _ := s.must("", "get", "imageupdate", u.Name, "-o", "jsonpath={.status}")
	must(s.t, json.Unmarshal([]byte(out), &record))
	if len(record.Voters) != 1 || record.Voters[0].Name != "ann" {
		s.t.Errorf("the voters are %+v", record.Voters)
	}
}
