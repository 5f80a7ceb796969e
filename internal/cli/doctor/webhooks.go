package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/webhook"
)

const (
	mutatingObject   = "mutatingwebhookconfiguration/garboard"
	validatingObject = "validatingwebhookconfiguration/garboard"

	mutateName   = "mutate.garboard.dev"
	validateName = "validate.garboard.dev"
)

// scope is what both kinds of webhooks have in common.
type scope struct {
	object, name string
	asks         address
	selector     *metav1.LabelSelector
	rules        []admissionregistrationv1.RuleWithOperations
	policy       admissionregistrationv1.FailurePolicyType
	conditions   []admissionregistrationv1.MatchCondition
}

// webhooks looks at what the API server is told to ask.
func (d *Doctor) webhooks(ctx context.Context) []Finding {
	client := d.Kube.AdmissionregistrationV1()
	mutating, err := client.MutatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
	findings := d.absent(mutatingObject, "The API server asks no webhook: no image is moved at admission.", err)
	ports := d.ports(ctx)
	if err == nil {
		for i := range mutating.Webhooks {
			w := &mutating.Webhooks[i]
			findings = append(findings, d.scope(scope{mutatingObject, w.Name, address{w.ClientConfig.Service, webhook.MutatePath, ports}, w.NamespaceSelector, w.Rules, ptr.Deref(w.FailurePolicy, admissionregistrationv1.Fail), w.MatchConditions}, mutateName)...)
			if ptr.Deref(w.ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy) == admissionregistrationv1.NeverReinvocationPolicy {
				findings = append(findings, Finding{
					Severity: Warning, Object: mutatingObject, Message: "webhook " + w.Name + " is asked once (reinvocationPolicy: Never)",
					Why: "What a later webhook makes of the image is not seen.", Mend: d.reinstall(),
				})
			}
		}
	}
	validating, err := client.ValidatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
	findings = append(findings, d.absent(validatingObject, "Bad settings and bad images are admitted.", err)...)
	if err == nil {
		for i := range validating.Webhooks {
			w := &validating.Webhooks[i]
			findings = append(findings, d.scope(scope{validatingObject, w.Name, address{w.ClientConfig.Service, webhook.ValidatePath, ports}, w.NamespaceSelector, w.Rules, ptr.Deref(w.FailurePolicy, admissionregistrationv1.Fail), w.MatchConditions}, validateName)...)
		}
	}
	return findings
}

func (d *Doctor) absent(object, why string, err error) []Finding {
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return []Finding{{Severity: Failure, Object: object, Message: "is not there", Why: why, Mend: d.reinstall()}}
	default:
		return []Finding{unknownFinding(object, err)}
	}
}

// scope looks at one webhook. The rules are looked at where it is the one for workloads.
func (d *Doctor) scope(s scope, ofWorkloads string) []Finding {
	findings := d.addressed(s)
	fault := func(severity Severity, message, why string) {
		findings = append(findings, Finding{Severity: severity, Object: s.object, Message: "webhook " + s.name + " " + message, Why: why, Mend: d.reinstall()})
	}
	if s.selector == nil || s.selector.MatchLabels[workload.LabelEnabled] != "true" {
		fault(Failure, "is asked about namespaces that have not opted in", "A write anywhere waits for Garboard, and fails with it.")
	}
	passed := passedOver(s.selector)
	for _, namespace := range []string{d.Namespace, d.CertManager, "kube-system"} {
		if !slices.Contains(passed, namespace) {
			fault(Failure, fmt.Sprintf("is asked about namespace %q, if that opts in", namespace), "A webhook that is down is then in the way of what brings it back.")
			findings[len(findings)-1].Mend = d.leavesOut(namespace)
		}
	}
	if s.name != ofWorkloads {
		return findings
	}
	if missing := d.unruled(s.rules); len(missing) > 0 {
		fault(Failure, "is not asked about "+strings.Join(missing, ", "), "They are governed in name alone: their images stay as they are written.")
	}
	if len(s.conditions) == 0 {
		fault(Warning, "has no matchConditions", "The Pods of controllers wait for Garboard, too: they are not replaced while it is down.")
	}
	if s.policy == admissionregistrationv1.Ignore {
		d.found.ignored = d.found.ignored || s.name == mutateName
		findings = append(findings, Finding{
			Severity: Note, Object: s.object,
			Message: "webhook " + s.name + " has failurePolicy Ignore: while no webhook answers, writes pass with the tag of the manifest",
		})
	}
	return findings
}

// passedOver are the namespaces that a selector leaves out by name.
func passedOver(selector *metav1.LabelSelector) []string {
	var names []string
	if selector == nil {
		return nil
	}
	for _, e := range selector.MatchExpressions {
		if e.Key == "kubernetes.io/metadata.name" && e.Operator == metav1.LabelSelectorOpNotIn {
			names = append(names, e.Values...)
		}
	}
	return names
}

// unruled are the kinds of workload that no rule is for.
func (d *Doctor) unruled(rules []admissionregistrationv1.RuleWithOperations) []string {
	var missing []string
	for _, kind := range d.kinds().All() {
		if !slices.ContainsFunc(rules, func(r admissionregistrationv1.RuleWithOperations) bool {
			return coversItem(r.APIGroups, kind.Group) && coversItem(r.APIVersions, kind.Version) && coversItem(r.Resources, resourceOf(kind).Resource)
		}) {
			missing = append(missing, strings.Trim(resourceOf(kind).Resource+"."+kind.Group, "."))
		}
	}
	return missing
}

func coversItem(list []string, item string) bool {
	return slices.Contains(list, item) || slices.Contains(list, "*")
}

// kinds are those of Kubernetes, and the custom ones that the webhook is told of.
func (d *Doctor) kinds() workload.Kinds {
	list, given := flagValue(d.found.webhook, "custom-kinds")
	if !given {
		return workload.StandardKinds()
	}
	kinds, _ := workload.ParseKinds(strings.Split(list, ","))
	return kinds
}
