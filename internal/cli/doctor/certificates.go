package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	servingSecret = "garboard-webhook-tls" //nolint:gosec // the name of a Secret, not one
	// soon is less than cert-manager leaves before it renews.
	soon = 14 * 24 * time.Hour

	noAnswer = "The API server does not trust the webhook: with failurePolicy Fail writes to opted-in namespaces are refused, with Ignore nothing is moved."
)

func certificateKind() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}
}

// dnsName is the one that the API server asks for.
func (d *Doctor) dnsName() string { return webhookName + "." + d.Namespace + ".svc" }

// certificates looks at what cert-manager says, at the Secret, and whether the CA of the
// webhook configurations has signed what is in it.
func (d *Doctor) certificates(ctx context.Context) []Finding {
	findings := d.issued(ctx)
	leaf, intermediates, found := d.served(ctx)
	if found != nil {
		return append(findings, *found)
	}
	findings = append(findings, d.validity(leaf))
	for _, w := range d.configured(ctx) {
		if f := d.trusted(w, leaf, intermediates); f != nil {
			findings = append(findings, *f)
		}
	}
	return findings
}

// issued reads cert-manager's own opinion, where it issues the certificate.
func (d *Doctor) issued(ctx context.Context) []Finding {
	var findings []Finding
	for _, name := range []string{"garboard-ca", webhookName} {
		object := "certificate/" + name
		certificate, err := d.Dynamic.Resource(certificateKind()).Namespace(d.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue // another way to a certificate, or none: the Secret tells
		}
		if err != nil {
			findings = append(findings, unknownFinding(object, err))
			continue
		}
		if message := notReady(certificate); message != "" {
			findings = append(findings, Finding{
				Severity: Failure, Object: object, Message: "cert-manager has not issued it: " + message, Why: noAnswer,
				Mend: fmt.Sprintf("kubectl -n %s describe certificate,certificaterequest,issuer", d.Namespace),
			})
		}
	}
	return findings
}

// notReady is why a Certificate is not ready; empty if it is.
func notReady(certificate *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(certificate.Object, "status", "conditions")
	for _, c := range conditions {
		condition, isMap := c.(map[string]any)
		if !isMap || condition["type"] != "Ready" {
			continue
		}
		if condition["status"] == "True" {
			return ""
		}
		return fmt.Sprintf("%v", condition["message"])
	}
	return "cert-manager says nothing of it; does it run?"
}

// secretName is the Secret that the webhook's Pods mount.
func (d *Doctor) secretName() string {
	if d.found.webhook == nil {
		return servingSecret
	}
	for _, v := range d.found.webhook.Spec.Template.Spec.Volumes {
		if v.Name == "tls" && v.Secret != nil {
			return v.Secret.SecretName
		}
	}
	return servingSecret
}

// served reads the certificate that the Pods mount.
func (d *Doctor) served(ctx context.Context) (leaf *x509.Certificate, intermediates *x509.CertPool, fault *Finding) {
	name := d.secretName()
	object := "secret/" + name
	secret, err := d.Kube.CoreV1().Secrets(d.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil, &Finding{
			Severity: Failure, Object: object, Message: "is not there", Why: "The webhook's Pods wait for it. " + noAnswer,
			Mend: d.bringCertificate(ctx),
		}
	}
	if err != nil {
		f := unknownFinding(object, err)
		return nil, nil, &f
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, nil, &Finding{
			Severity: Failure, Object: object, Message: "has no certificate with its key: " + err.Error(), Why: noAnswer, Mend: d.bringCertificate(ctx),
		}
	}
	intermediates = x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			intermediates.AddCert(c)
		}
	}
	return pair.Leaf, intermediates, nil
}

// bringCertificate is the command that brings a certificate where there is none.
func (d *Doctor) bringCertificate(ctx context.Context) string {
	_, err := d.Dynamic.Resource(certificateKind()).Namespace(d.Namespace).Get(ctx, webhookName, metav1.GetOptions{})
	if err == nil {
		return fmt.Sprintf("kubectl -n %s describe certificate %s", d.Namespace, webhookName)
	}
	return fmt.Sprintf("kubectl -n %s create secret tls %s --cert=tls.crt --key=tls.key (or install with cert-manager: %s)", d.Namespace, d.secretName(), d.reinstall())
}

// validity looks at dates and names.
func (d *Doctor) validity(leaf *x509.Certificate) Finding {
	object := "secret/" + d.secretName()
	now := d.Now()
	renew := fmt.Sprintf("kubectl -n %s delete secret %s (cert-manager issues it anew; without cert-manager put a new certificate into it)", d.Namespace, d.secretName())
	switch {
	case now.After(leaf.NotAfter):
		return Finding{Severity: Failure, Object: object, Message: "the certificate expired at " + leaf.NotAfter.Format(time.RFC3339), Why: noAnswer, Mend: renew}
	case now.Before(leaf.NotBefore):
		return Finding{Severity: Failure, Object: object, Message: "the certificate is not valid before " + leaf.NotBefore.Format(time.RFC3339), Why: noAnswer, Mend: renew}
	case leaf.VerifyHostname(d.dnsName()) != nil:
		return Finding{Severity: Failure, Object: object, Message: fmt.Sprintf("the certificate is not for %s, but for %q", d.dnsName(), leaf.DNSNames), Why: noAnswer, Mend: renew}
	case leaf.NotAfter.Sub(now) < soon:
		return Finding{
			Severity: Warning, Object: object, Message: "the certificate expires at " + leaf.NotAfter.Format(time.RFC3339) + ", and is not renewed yet", Why: noAnswer,
			Mend: renew,
		}
	}
	return okFinding(object, "the certificate is valid until %s", leaf.NotAfter.Format(time.RFC3339))
}

// configuredWebhook is one webhook of the configurations, with the CA that it has.
type configuredWebhook struct {
	object, name string
	kind         string
	ca           []byte
	annotated    bool // cert-manager's cainjector brings the CA
	at           int
}

func (d *Doctor) configured(ctx context.Context) []configuredWebhook {
	var found []configuredWebhook
	const injected = "cert-manager.io/inject-ca-from"
	if c, err := d.Kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{}); err == nil {
		for i, w := range c.Webhooks {
			found = append(found, configuredWebhook{mutatingObject, w.Name, "mutatingwebhookconfiguration", w.ClientConfig.CABundle, c.Annotations[injected] != "", i})
		}
	}
	if c, err := d.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{}); err == nil {
		for i, w := range c.Webhooks {
			found = append(found, configuredWebhook{validatingObject, w.Name, "validatingwebhookconfiguration", w.ClientConfig.CABundle, c.Annotations[injected] != "", i})
		}
	}
	return found
}

// trusted says what is wrong with the CA of a webhook; nil if nothing is.
func (d *Doctor) trusted(w configuredWebhook, leaf *x509.Certificate, intermediates *x509.CertPool) *Finding {
	roots, err := certPool(w.ca)
	if err == nil && leaf != nil {
		_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: d.dnsName(), CurrentTime: d.Now()})
		if err != nil && ofTheLeaf(err, leaf) {
			return nil // which was told
		}
	}
	if err == nil {
		return nil
	}
	mend := fmt.Sprintf("kubectl annotate %s garboard cert-manager.io/inject-ca-from=%s/%s --overwrite", w.kind, d.Namespace, webhookName)
	if w.annotated {
		mend = fmt.Sprintf("kubectl -n %s rollout restart deployment cert-manager-cainjector", d.CertManager)
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && w.annotated { // the CA's own dates
		mend = fmt.Sprintf("kubectl -n %s delete secret garboard-ca %s", d.Namespace, d.secretName())
	}
	return &Finding{
		Severity: Failure, Object: w.object, Message: fmt.Sprintf("webhook %s: the caBundle does not vouch for the certificate of secret/%s: %v", w.name, d.secretName(), err),
		Why: noAnswer, Mend: mend + " (without cert-manager, put the CA that signed the certificate there)",
	}
}

// ofTheLeaf reports whether a certificate is refused for a fault of its own, its dates or
// names, and not for one of the CA.
func ofTheLeaf(err error, leaf *x509.Certificate) bool {
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &hostname) || errors.As(err, &invalid) && invalid.Cert.Equal(leaf)
}

func certPool(bundle []byte) (*x509.CertPool, error) {
	if len(bytes.TrimSpace(bundle)) == 0 {
		return nil, errors.New("it is empty")
	}
	if block, _ := pem.Decode(bundle); block == nil {
		return nil, errors.New("it is no PEM")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, errors.New("it has no certificate")
	}
	return roots, nil
}
