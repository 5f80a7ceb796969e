// Package certmanager has the objects of cert-manager that issue the webhook's serving
// certificate. No program imports it: registering cert-manager's kinds, with those of ACME
// and Gateway API, takes half a megabyte.
//
// manifests/base/certificates.yaml is rendered from [Objects]; after a change
// here, render it again with
//
//	go test ./certs/certmanager -run TestManifest -update
package certmanager

import (
	"fmt"
	"time"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Names of the objects and Secrets. The manifests spell the same ones, and a
// test of theirs compares.
const (
	// SelfSignedIssuer signs the CA, and nothing else.
	SelfSignedIssuer = "garboard-selfsigned"
	// CA names the CA's Certificate, its Secret and the Issuer that signs with it.
	CA = "garboard-ca"
	// Serving names the webhook's Certificate; the webhook configurations name
	// it as the source of their CA bundle.
	Serving = "garboard-webhook"
	// ServingSecret is the Secret that the webhook's Pods mount.
	ServingSecret = "garboard-webhook-tls" //nolint:gosec // The name of a Secret, not one.
)

const (
	// The CA lives long because its own renewal does not reissue the serving
	// certificates: those follow one by one at their next renewal. cainjector adds the
	// new CA to the bundle then, and keeps the old one until it expires.
	caDuration = 10 * 365 * 24 * time.Hour
	// Longer than servingDuration, so that no serving certificate outlives the
	// CA that signed it.
	caRenewBefore = 365 * 24 * time.Hour
	// 90 days, renewed with 30 left: a month for a person to notice
	// garboard_serving_certificate_expiry_timestamp_seconds when renewal fails.
	servingDuration    = 2160 * time.Hour
	servingRenewBefore = 720 * time.Hour
)

// Options say where Garboard is installed.
type Options struct {
	// Namespace of the webhook. The default is "garboard".
	Namespace string
	// Service in front of the webhook: the certificate is for its DNS names. The
	// default is "garboard-webhook".
	Service string
	// ClusterDomain is the cluster's DNS suffix. The default is "cluster.local".
	// The API server itself asks for the name without it.
	ClusterDomain string
}

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = "garboard"
	}
	if o.Service == "" {
		o.Service = "garboard-webhook"
	}
	if o.ClusterDomain == "" {
		o.ClusterDomain = "cluster.local"
	}
	return o
}

// Objects returns the chain that ends in the serving certificate, in the order
// in which to create it: a self-signed Issuer, the CA's Certificate, the CA
// Issuer, the serving Certificate.
//
// The CA stands between because a self-signed serving certificate renews its
// own trust anchor with it: until every replica and the webhook configurations
// have the new one, calls fail.
func Objects(o Options) []client.Object {
	o = o.withDefaults()
	return []client.Object{
		issuer(o, SelfSignedIssuer, cmv1.IssuerConfig{SelfSigned: &cmv1.SelfSignedIssuer{}}),
		caCertificate(o),
		issuer(o, CA, cmv1.IssuerConfig{CA: &cmv1.CAIssuer{SecretName: CA}}),
		servingCertificate(o),
	}
}

func issuer(o Options, name string, config cmv1.IssuerConfig) *cmv1.Issuer {
	return &cmv1.Issuer{
		TypeMeta:   typeMeta(cmv1.IssuerKind),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: o.Namespace},
		Spec:       cmv1.IssuerSpec{IssuerConfig: config},
	}
}

func caCertificate(o Options) *cmv1.Certificate {
	return newCertificate(o, CA, cmv1.CertificateSpec{
		IsCA:        true,
		CommonName:  CA,
		Duration:    &metav1.Duration{Duration: caDuration},
		RenewBefore: &metav1.Duration{Duration: caRenewBefore},
		SecretName:  CA,
		IssuerRef:   issuerRef(SelfSignedIssuer),
		Usages:      []cmv1.KeyUsage{cmv1.UsageCertSign, cmv1.UsageCRLSign},
	})
}

func servingCertificate(o Options) *cmv1.Certificate {
	host := fmt.Sprintf("%s.%s.svc", o.Service, o.Namespace)
	return newCertificate(o, Serving, cmv1.CertificateSpec{
		DNSNames:    []string{host, host + "." + o.ClusterDomain},
		Duration:    &metav1.Duration{Duration: servingDuration},
		RenewBefore: &metav1.Duration{Duration: servingRenewBefore},
		SecretName:  ServingSecret,
		IssuerRef:   issuerRef(CA),
		Usages:      []cmv1.KeyUsage{cmv1.UsageServerAuth, cmv1.UsageDigitalSignature},
	})
}

func newCertificate(o Options, name string, spec cmv1.CertificateSpec) *cmv1.Certificate {
	spec.PrivateKey = &cmv1.CertificatePrivateKey{
		Algorithm: cmv1.ECDSAKeyAlgorithm,
		Size:      256,
		// The default only since cert-manager 1.18.
		RotationPolicy: cmv1.RotationPolicyAlways,
	}
	return &cmv1.Certificate{
		TypeMeta:   typeMeta(cmv1.CertificateKind),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: o.Namespace},
		Spec:       spec,
	}
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: cmv1.SchemeGroupVersion.String(), Kind: kind}
}

func issuerRef(name string) cmmeta.IssuerReference {
	return cmmeta.IssuerReference{Name: name, Kind: cmv1.IssuerKind, Group: certmanager.GroupName}
}
