package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const (
	admissionPolicy     = "garboard-settings"
	admissionPolicyFile = "../../manifests/components/admission-policy/policy.yaml"
)

type verdict int

const (
	passes verdict = iota
	webhookRefuses
	bothRefuse
)

// setting is what is written, and what was stored before: nothing for a create.
type setting struct {
	annotations, labels map[string]string
	stored              map[string]string // annotations
	want                verdict
}

// of is one annotation in Garboard's spelling.
func of(name, value string) map[string]string {
	return map[string]string{"garboard.dev/" + name: value}
}

// settings are tried with the webhook alone and with the policy alone. What the
// policy refuses, the webhook refuses too.
func settings() map[string]setting {
	all := map[string]setting{
		"nothing of ours":                               {annotations: map[string]string{"example.com/policy": "mayor"}},
		"a policy of a container":                       {annotations: of("policy.web", "semver:^1.2")},
		"an unknown policy of a container":              {annotations: of("policy.web", "mayor"), want: bothRefuse},
		"no container's policy":                         {annotations: of("policy.", "minor"), want: bothRefuse},
		"an unknown key":                                {annotations: of("polcy", "minor"), want: bothRefuse},
		"an unknown key that is a label":                {labels: of("polcy", "minor"), want: bothRefuse},
		"a bad value that is a label":                   {labels: of("policy", "mayor"), want: bothRefuse},
		"a bad label under a good annotation":           {annotations: of("policy", "minor"), labels: of("policy", "mayor")},
		"a bad annotation over a good label":            {annotations: of("policy", "mayor"), labels: of("policy", "minor"), want: bothRefuse},
		"a key of a coming version":                     {annotations: of("order", "desc"), want: bothRefuse},
		"keys that Garboard writes":                     {annotations: map[string]string{"garboard.dev/state": "{}", "garboard.dev/bump": "web=1.2.0", "garboard.dev/resolved": "x"}},
		"the escape label":                              {labels: of("skip", "true")},
		"the escape label with another value":           {labels: of("skip", "yes"), want: webhookRefuses},
		"the escape label's key as an annotation":       {annotations: of("skip", "true"), want: bothRefuse},
		"Keel's own keys":                               {annotations: map[string]string{"keel.sh/policy": "mayor", "keel.sh/unknown": "x"}},
		"a bad key that is stored":                      {stored: of("polcy", "minor"), annotations: map[string]string{"garboard.dev/polcy": "minor", "note": "x"}},
		"another value of it":                           {stored: of("polcy", "minor"), annotations: of("polcy", "major"), want: bothRefuse},
		"a bad value that is stored":                    {stored: of("pin", "sha"), annotations: map[string]string{"garboard.dev/pin": "sha", "note": "x"}},
		"a stored bad value, and another":               {stored: of("pin", "sha"), annotations: map[string]string{"garboard.dev/pin": "sha", "garboard.dev/matchTag": "1"}, want: bothRefuse},
		"a bad value taken from the label it overruled": {stored: map[string]string{"garboard.dev/policy": "minor"}, labels: of("policy", "mayor"), want: bothRefuse},
		"a value with line breaks and quotes":           {annotations: of("pin", "a\n\"b'\u2028"), want: bothRefuse},
		"a value of a thousand letters":                 {annotations: of("pin", strings.Repeat("ä", 1000)), want: bothRefuse},
		"an expression that only the webhook can read":  {annotations: of("monitorContainers", "("), want: webhookRefuses},
		"a filter that nobody uses":                     {annotations: of("filter", "^v")},
		"an extract without a filter":                   {annotations: map[string]string{"garboard.dev/policy": "minor", "garboard.dev/extract": "$1"}, want: webhookRefuses},
		"a name of a Secret":                            {annotations: of("imagePullSecret", "my.secret-1")},
		"a name that is too long for a Secret":          {annotations: of("imagePullSecret", strings.Repeat("a", 254)), want: webhookRefuses},
		"platforms that do not exist":                   {annotations: of("platforms", "linux"), want: webhookRefuses},
		"a time that never comes":                       {annotations: of("pollSchedule", "0 0 30 2 *"), want: webhookRefuses},
	}
	for want, values := range map[verdict]map[string][]string{
		passes: {
			"policy": {"all", "major", "minor", "patch", "force", "newest", "never", "semver:>=1.2 <2", "glob:1.*", `regexp:^1\.`},
			"pin":    {"digest", "tag"}, "trigger": {"poll", "push"}, "resolveOn": {"apply", "change"}, "onUnresolvable": {"keep", "deny"},
			"matchTag": {"true", "false"}, "matchPreRelease": {"true", "false"}, "initContainers": {"true", "false"}, "imageVolumes": {"true", "false"},
			"pollSchedule": {
				"@every 10m", "@every 1h30m", "@hourly", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight",
				"*/5 * * * *", "0 */5 * * * *", "  0 5  * * MON-FRI ", "TZ=Europe/Berlin 0 5 * * *", "CRON_TZ=UTC @hourly", "0\u00a05\u00a0*\u00a0*\u00a0*",
				"0\t5\t*\t*\t*",
			},
			"filter": {"^v"}, "exclude": {"*-rc*, *-beta"}, "monitorContainers": {"^web$"}, "platforms": {"linux/amd64, linux/arm64"},
		},
		bothRefuse: {
			"policy": {"", "mayor", "Minor", "minor ", "semver:", "semver", "glob:", "regexp:", "minor:1", "never:", "newest:glob:*"},
			"pin":    {"", "sha", "Digest"}, "trigger": {"", "default", "approval"}, "resolveOn": {"always"}, "onUnresolvable": {"Deny"},
			"matchTag": {"1", "True", ""}, "matchPreRelease": {"yes"}, "initContainers": {"no"}, "imageVolumes": {"FALSE"},
			"pollSchedule":    {"", " ", "5m", "every 5m", "hourly", "@hour", "@every", "@5m", "* * * *", "TZ", "10"},
			"imagePullSecret": {"", "a/b", "A", "-a"},
		},
		webhookRefuses: {
			"policy": {"semver:>=banana", "semver: ", "regexp:(", "glob:a[b]"}, "filter": {"("}, "exclude": {"a[b]"},
			"pollSchedule": {"@every 10", "@every minute", "0 5 * * MON-FRI x x", "60 * * * *", "TZ=Nowhere/City 0 5 * * *", "TZ=UTC", "@every 10ms"},
		},
	} {
		for name, list := range values {
			for _, value := range list {
				all[fmt.Sprintf("%s: %q", name, value)] = setting{annotations: of(name, value), want: want}
			}
		}
	}
	return all
}

// The policy in the place of a webhook that does not answer: it refuses what is
// surely wrong, and never what the webhook would admit.
func TestAdmissionPolicyRefusesNoMoreThanTheWebhook(t *testing.T) {
	alone(t)
	s := makeSpace(t, nil)
	s.push("1.2.0")
	names := map[string]string{}
	for what, setting := range settings() {
		if setting.stored != nil {
			names[what] = fmt.Sprintf("stored-%d", len(names))
			s.store(names[what], setting.stored, nil)
		}
	}
	s.must("", "label", "namespace", s.name, "garboard.dev/enabled=true")
	s.awaitOptIn()
	for what, setting := range settings() {
		if refused := s.try(names[what], setting) != nil; refused != (setting.want != passes) {
			t.Errorf("%s: the webhook refused it: %v", what, refused)
		}
	}

	s.policyAlone()
	for what, setting := range settings() {
		err := s.try(names[what], setting)
		if refused := err != nil; refused != (setting.want == bothRefuse) {
			t.Errorf("%s: the policy refused it: %v (%v)", what, refused, err)
		}
		if err != nil && !apierrors.IsInvalid(err) {
			t.Errorf("%s: %v, want what a webhook's refusal is", what, err)
		}
	}
	t.Run("every fault is in the message", s.policyTellsAll)
	t.Run("every kind", s.policyKnowsKinds)
	t.Run("who is left alone", s.policyLeavesAlone)
	t.Run("thousands of annotations", s.policyAnswersMany)
}

// policyAlone puts the policy in force, and no webhook.
func (s *space) policyAlone() {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	s.t.Cleanup(func() {
		if _, _, err := s.Kubectl(ctx, "", "delete", "-f", admissionPolicyFile); err != nil {
			s.t.Error(err)
		}
	})
	s.must("", "apply", "-f", admissionPolicyFile)
	s.failurePolicy("Ignore")
	s.t.Cleanup(func() { s.failurePolicy("Fail") })
	s.only()
	s.await("the policy alone to be asked", func(context.Context) error {
		if err := s.try("", setting{annotations: of("monitorContainers", "(")}); err != nil {
			return fmt.Errorf("the webhook was asked: %w", err)
		}
		if err := s.try("", setting{annotations: of("polcy", "minor")}); err == nil {
			return fmt.Errorf("an unknown key was admitted")
		}
		return nil
	})
	s.await("the policy's expressions to be checked against the kinds", func(ctx context.Context) error {
		policy, err := s.Client().AdmissionregistrationV1().ValidatingAdmissionPolicies().Get(ctx, admissionPolicy, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if policy.Status.TypeChecking == nil || policy.Status.ObservedGeneration != policy.Generation {
			return fmt.Errorf("status: %+v", policy.Status)
		}
		for _, w := range policy.Status.TypeChecking.ExpressionWarnings {
			s.t.Errorf("%s: %s", w.FieldRef, w.Warning)
		}
		return nil
	})
}

// try writes a setting as a dry run: over a stored Deployment, or a new one.
func (s *space) try(stored string, setting setting) error {
	s.t.Helper()
	deployments := s.deployments()
	if stored == "" {
		_, err := deployments.Create(s.t.Context(), s.object("new", setting.annotations, setting.labels), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	object := s.deployment(stored)
	object.Annotations, object.Labels = setting.annotations, setting.labels
	_, err := deployments.Update(s.t.Context(), object, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// deployments are those of the space, without a word about warnings.
func (s *space) deployments() appsv1client.DeploymentInterface {
	s.t.Helper()
	config := s.RESTConfig()
	config.WarningHandler = rest.NoWarnings{}
	client, err := appsv1client.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return client.Deployments(s.name)
}

func (s *space) store(name string, annotations, labels map[string]string) {
	s.t.Helper()
	_, err := s.deployments().Create(s.t.Context(), s.object(name, annotations, labels), metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *space) object(name string, annotations, labels map[string]string) *appsv1.Deployment {
	s.t.Helper()
	object := &appsv1.Deployment{}
	if err := yaml.Unmarshal([]byte(s.manifest(name, "1.2.0")), object); err != nil {
		s.t.Fatal(err)
	}
	object.Annotations, object.Labels = annotations, labels
	return object
}

func (s *space) policyTellsAll(t *testing.T) {
	err := s.try("", setting{
		annotations: map[string]string{"garboard.dev/pin": "sha", "garboard.dev/polcy": strings.Repeat("x", 100)}, labels: of("policy.web", "mayor"),
	})
	if err == nil {
		t.Fatal("it was admitted")
	}
	for _, want := range []string{
		`metadata.annotations[garboard.dev/pin]: Invalid value: "sha": allowed: digest, follow, tag`,
		`metadata.annotations[garboard.dev/polcy]: Invalid value: "` + strings.Repeat("x", 80) + `": unknown key; allowed: after, `,
		`metadata.labels[garboard.dev/policy.web]: Invalid value: "mayor": allowed: all, `,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it says\n%v\nwant %s", err, want)
		}
	}
}

func (s *space) policyKnowsKinds(t *testing.T) {
	for name, k := range kinds(s.image) {
		_, _, err := s.kubectl(strings.Replace(k.manifest, "policy: patch", "polcy: patch", 1), "create", "--dry-run=server", "-f", "-")
		if err == nil || !strings.Contains(err.Error(), admissionPolicy) {
			t.Errorf("%s: kubectl said %v", name, err)
		}
		if _, _, err := s.kubectl(k.manifest, "create", "--dry-run=server", "-f", "-"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s *space) policyLeavesAlone(t *testing.T) {
	s = s.of(t)
	other := makeSpace(t, nil)
	if err := other.try("", setting{annotations: of("polcy", "minor")}); err != nil {
		t.Errorf("a namespace that has not opted in: %v", err)
	}
	owned := s.object("owned", of("polcy", "minor"), nil)
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "App", Name: "a", UID: "1", Controller: new(true)}}
	if _, err := s.deployments().Create(t.Context(), owned, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
		t.Errorf("what a controller owns: %v", err)
	}
	s.must(s.manifest("leaving", "1.2.0", "garboard.dev/policy: minor"), "create", "-f", "-")
	s.must("", "patch", "deployment/leaving", "--type=merge", "-p", `{"metadata":{"finalizers":["e2e.garboard.dev/held"]}}`)
	s.must("", "delete", "deployment/leaving", "--wait=false")
	s.must("", "annotate", "deployment/leaving", "garboard.dev/polcy=minor")
	s.must("", "patch", "deployment/leaving", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
}

// Expressions have a budget. It has to do for an object whose annotations are as
// many as the API server takes, or the policy could be passed with ballast.
func (s *space) policyAnswersMany(t *testing.T) {
	many := map[string]string{}
	for i := range 4000 {
		many[fmt.Sprintf("garboard.dev/wrong-%d", i)] = strings.Repeat("x", 20)
	}
	err := s.try("", setting{annotations: many})
	if !apierrors.IsInvalid(err) {
		t.Errorf("thousands of bad keys: %.200v", err)
	}
	for i := range 4000 {
		delete(many, fmt.Sprintf("garboard.dev/wrong-%d", i))
		many[fmt.Sprintf("other.dev/right-%d", i)] = strings.Repeat("x", 20)
	}
	if err := s.try("", setting{annotations: many}); err != nil {
		t.Errorf("thousands of other keys: %.200v", err)
	}
	many["garboard.dev/wrong"] = "x"
	if err := s.try("", setting{annotations: many}); !apierrors.IsInvalid(err) {
		t.Errorf("a bad key among thousands of others: %.200v", err)
	}
}
