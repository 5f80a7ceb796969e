package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// handshakeTime bounds the look at the port.
const handshakeTime = 5 * time.Second

// handshake connects to the port as the API server does, with the CA of the mutating
// webhook and the Service's name.
func (d *Doctor) handshake(ctx context.Context) []Finding {
	if d.Dial == nil {
		return []Finding{{Severity: Note, Message: "the port was not tried from here: it is reached in the cluster alone. The API server's own connection is part of the check admission; with kubectl port-forward, name the address: --webhook-address"}}
	}
	all := d.configured(ctx)
	if len(all) == 0 {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: no webhook configuration has a CA"}}
	}
	roots, err := certPool(all[0].ca)
	if err != nil {
		return []Finding{{Severity: Unknown, Message: "could not be looked at: the caBundle: " + err.Error()}}
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	object := "service/" + webhookName
	connection, err := d.Dial(ctx)
	if err != nil {
		if policy := d.closedBy(ctx); policy != "" {
			return []Finding{{
				Severity: Unknown, Object: object, Message: fmt.Sprintf("does not answer here, perhaps since networkpolicy/%s lets in only those whom it names: %v", policy, err),
				Why: "What is served on the port is not known. Whether the API server reaches it is part of the check admission.",
			}}
		}
		return []Finding{{
			Severity: Failure, Object: object, Message: "does not answer: " + err.Error(), Why: noAnswer,
			Mend: fmt.Sprintf("kubectl -n %s get endpointslices,networkpolicies,pods", d.Namespace),
		}}
	}
	defer func() { _ = connection.Close() }() // a look, and nothing to lose
	secure := tls.Client(connection, &tls.Config{RootCAs: roots, ServerName: d.dnsName(), MinVersion: tls.VersionTLS12, Time: d.Now})
	if err := secure.HandshakeContext(ctx); err != nil {
		return []Finding{{
			Severity: Failure, Object: object, Message: "the handshake fails: " + err.Error(), Why: noAnswer,
			Mend: fmt.Sprintf("kubectl -n %s rollout restart deployment/%s (if the check certificates is good: the Pods then have an old certificate)", d.Namespace, webhookName),
		}}
	}
	d.found.webhookSkew = d.webhookSkew(ctx, secure)
	served := secure.ConnectionState().PeerCertificates[0]
	return []Finding{okFinding(object, "serves a certificate that the caBundle vouches for, valid until %s", served.NotAfter.Format(time.RFC3339))}
}

func networkPolicyKind() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}
}

// closedBy names a NetworkPolicy for the webhook's Pods, which so refuse connections that no
// policy allows; empty if there is none, or none can be read.
func (d *Doctor) closedBy(ctx context.Context) string {
	list, err := d.Dynamic.Resource(networkPolicyKind()).Namespace(d.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil || d.found.webhook == nil {
		return ""
	}
	pods := labels.Set(d.found.webhook.Spec.Template.Labels)
	for i := range list.Items {
		if limitsIngress(&list.Items[i], pods) {
			return list.Items[i].GetName()
		}
	}
	return ""
}

// limitsIngress reports whether a NetworkPolicy says who may connect to Pods with these labels.
func limitsIngress(policy *unstructured.Unstructured, pods labels.Set) bool {
	var p struct {
		Spec struct {
			PodSelector metav1.LabelSelector `json:"podSelector"`
			PolicyTypes []string             `json:"policyTypes"`
		} `json:"spec"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(policy.Object, &p); err != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
	// The API server names the types where the writer does not.
	return err == nil && selector.Matches(pods) && slices.Contains(p.Spec.PolicyTypes, "Ingress")
}
