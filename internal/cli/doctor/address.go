package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
)

// address is where the API server asks one webhook, and where that answers.
type address struct {
	service *admissionregistrationv1.ServiceReference
	path    string
	ports   []int32 // of the Service; none where it could not be read
}

// defaultPort is the API server's for a webhook that names none.
const defaultPort = 443

// ports are those of the webhook's Service.
func (d *Doctor) ports(ctx context.Context) []int32 {
	service, err := d.Kube.CoreV1().Services(d.Namespace).Get(ctx, webhookName, metav1.GetOptions{})
	if err != nil {
		return nil // the check installation tells
	}
	ports := make([]int32, len(service.Spec.Ports))
	for i := range service.Spec.Ports {
		ports[i] = service.Spec.Ports[i].Port
	}
	return ports
}

// addressed looks at where one webhook is asked.
func (d *Doctor) addressed(s scope) []Finding {
	var findings []Finding
	fault := func(message, why, mend string) {
		findings = append(findings, Finding{Severity: Failure, Object: s.object, Message: "webhook " + s.name + " " + message, Why: why, Mend: mend})
	}
	asked := s.asks.service
	if asked == nil || asked.Namespace != d.Namespace || asked.Name != webhookName {
		fault(fmt.Sprintf("asks %s, and Garboard is %s/%s", shownService(asked), d.Namespace, webhookName), "What answers there is not this installation.", d.elsewhere(asked))
		return findings
	}
	const why = "Nothing answers there: with failurePolicy Fail writes to opted-in namespaces are refused, with Ignore nothing is moved."
	if port := ptr.Deref(asked.Port, defaultPort); len(s.asks.ports) > 0 && !slices.Contains(s.asks.ports, port) {
		fault(fmt.Sprintf("asks port %d, and service/%s has %s", port, webhookName, strings.Trim(fmt.Sprint(s.asks.ports), "[]")), why, d.reinstall())
	}
	if path := cmp.Or(ptr.Deref(asked.Path, ""), "/"); path != s.asks.path {
		fault(fmt.Sprintf("asks path %q, and Garboard answers at %s", path, s.asks.path), why, d.reinstall())
	}
	return findings
}

// elsewhere is what to do where a webhook asks another installation: the one that is meant,
// if there is none in the namespace that was named.
func (d *Doctor) elsewhere(asked *admissionregistrationv1.ServiceReference) string {
	if asked == nil || asked.Name != webhookName || d.found.webhook != nil || len(validation.IsDNS1123Label(asked.Namespace)) > 0 {
		return d.reinstall()
	}
	return fmt.Sprintf("garboard doctor --garboard-namespace=%s (if that is the one; else %s)", asked.Namespace, d.reinstall())
}

func shownService(s *admissionregistrationv1.ServiceReference) string {
	if s == nil {
		return "a URL"
	}
	return s.Namespace + "/" + s.Name
}

// leavesOut is how a namespace is left out of what the webhooks are asked about. What
// install.yaml and the chart know of cert-manager is where it usually is.
func (d *Doctor) leavesOut(namespace string) string {
	switch {
	case namespace != d.CertManager:
		return d.reinstall()
	case namespace == defaultCertManager:
		return d.reinstall() + " (or name cert-manager's namespace: --cert-manager-namespace)"
	case d.found.helm != "":
		return d.reinstall() + " --set certificates.certManagerNamespace=" + namespace
	default:
		return fmt.Sprintf("in an overlay, add %q to the values of kubernetes.io/metadata.name in the namespaceSelector of each webhook", namespace)
	}
}
