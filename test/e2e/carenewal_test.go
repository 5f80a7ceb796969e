package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kubeletDelay is how long a kubelet may take to write a changed Secret into the files of
// a Pod: its period of sync, with what it caches.
const kubeletDelay = time.Minute

// renew has cert-manager issue a certificate anew, as `cmctl renew` does.
func (s *space) renew(api client.Client, name string) {
	s.t.Helper()
	key, certificate := client.ObjectKey{Namespace: "garboard", Name: name}, &cmv1.Certificate{}
	if err := api.Get(s.t.Context(), key, certificate); err != nil {
		s.t.Fatal(err)
	}
	revision := *certificate.Status.Revision
	certificate.Status.Conditions = append(certificate.Status.Conditions, cmv1.CertificateCondition{
		Type: cmv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered",
	})
	if err := api.Status().Update(s.t.Context(), certificate); err != nil {
		s.t.Fatal(err)
	}
	s.await("the renewal of "+name, func(ctx context.Context) error {
		if err := api.Get(ctx, key, certificate); err != nil {
			return err
		}
		if *certificate.Status.Revision == revision {
			return fmt.Errorf("revision is still %d", revision)
		}
		return nil
	})
}

// secretKey is one file of a Secret of Garboard's.
func (s *space) secretKey(secret, key string) []byte {
	s.t.Helper()
	got, err := s.Client().CoreV1().Secrets("garboard").Get(s.t.Context(), secret, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Data[key]
}

// bundles are the caBundles of all webhooks.
func (s *space) bundles() [][]byte {
	s.t.Helper()
	api, ctx := s.Client().AdmissionregistrationV1(), s.t.Context()
	mutating, err := api.MutatingWebhookConfigurations().Get(ctx, "garboard", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	validating, err := api.ValidatingWebhookConfigurations().Get(ctx, "garboard", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	var all [][]byte
	for _, hook := range mutating.Webhooks {
		all = append(all, hook.ClientConfig.CABundle)
	}
	for _, hook := range validating.Webhooks {
		all = append(all, hook.ClientConfig.CABundle)
	}
	return all
}

// awaitBundles waits until each webhook trusts these certificates and no others.
func (s *space) awaitBundles(want ...[]byte) {
	s.t.Helper()
	s.await("the bundles", func(context.Context) error {
		for _, bundle := range s.bundles() {
			certificates := certificatesOf(bundle)
			if len(certificates) != len(want) {
				return fmt.Errorf("a bundle has %d certificates, want %d", len(certificates), len(want))
			}
			for _, text := range want {
				if !bytes.Contains(bytes.Join(certificates, nil), certificatesOf(text)[0]) {
					return errors.New("a bundle lacks a certificate")
				}
			}
		}
		return nil
	})
}

// certificatesOf are the certificates of a PEM text.
func certificatesOf(text []byte) [][]byte {
	var all [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block.Bytes)
	}
	return all
}

// trusted reports whether a bundle trusts a serving certificate.
func trusted(t *testing.T, bundle, leaf []byte) bool {
	t.Helper()
	certificate, err := x509.ParseCertificate(certificatesOf(leaf)[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err = certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: "garboard-webhook.garboard.svc"})
	return err == nil
}

// awaitServed waits until all webhooks serve the certificate of the Secret.
func (s *space) awaitServed(limit time.Duration) {
	s.t.Helper()
	want := serialOf(s.t, s.secretKey("garboard-webhook-tls", "tls.crt"))
	s.awaitWithin(limit, "the new certificate to be served", func(context.Context) error {
		for _, w := range s.garboard.Webhooks() {
			if got := served(s.t, w.Address); got != want {
				return fmt.Errorf("%s serves %s, want %s", w.Address, got, want)
			}
		}
		return nil
	})
}

// A CA that is renewed has a new key. Until the files of the webhooks follow, a minute
// later, they serve what the old one signed: no write may be refused meanwhile. Then the
// old CA is taken out of the bundles, by the steps of SECURITY.md.
func TestCARenewalUnderLoad(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	api := certificates(t)
	s.DelaySecrets(kubeletDelay)
	t.Cleanup(func() { s.DelaySecrets(0) })
	writes := s.load(4)
	writes.atLeast(50)

	ca := s.secretKey("garboard-ca", "tls.crt")
	trust, leaf := [][]byte{ca}, s.secretKey("garboard-webhook-tls", "tls.crt")
	s.awaitBundles(trust...)
	for range 2 {
		old := serialOf(t, s.secretKey("garboard-webhook-tls", "tls.crt"))
		s.renew(api, "garboard-ca")
		if ca = s.secretKey("garboard-ca", "tls.crt"); bytes.Equal(ca, trust[len(trust)-1]) {
			t.Fatal("the CA is the same as before")
		}
		if got := s.secretKey("garboard-webhook-tls", "ca.crt"); !bytes.Equal(got, trust[len(trust)-1]) {
			t.Error("the CA beside the serving certificate changed before that was issued anew")
		}
		s.awaitBundles(trust...)
		writes.atLeast(50) // with a CA that nobody trusts, and nothing that it signed

		s.renew(api, "garboard-webhook")
		trust = append(trust, ca)
		s.awaitBundles(trust...)
		for _, w := range s.garboard.Webhooks() {
			if got := served(t, w.Address); got != old {
				t.Errorf("%s serves %s, want the old %s: its files have to be late", w.Address, got, old)
			}
		}
		writes.atLeast(50) // with both trusted, and what the old one signed
		writes.calm(func() { s.awaitServed(2 * kubeletDelay) })
		writes.atLeast(50)
	}

	if !trusted(t, s.bundles()[0], leaf) {
		t.Error("what the first CA signed is trusted no more: SECURITY.md says otherwise")
	}
	s.trustOnly(ca)
	s.awaitBundles(ca)
	writes.atLeast(50)
	writes.end()
	s.awaitBundles(ca) // cainjector has put nothing back
	for _, bundle := range s.bundles() {
		if trusted(t, bundle, leaf) {
			t.Error("what the first CA signed is trusted still")
		}
	}
	s.wantTag("web", "1.2.7")
}

// trustOnly takes all but one CA out of the bundles, as SECURITY.md says.
func (s *space) trustOnly(ca []byte) {
	s.t.Helper()
	text := base64.StdEncoding.EncodeToString(ca)
	for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
		names, _ := s.must("", "get", kind, "garboard", "-o=jsonpath={.webhooks[*].name}")
		var patch bytes.Buffer
		for i := range bytes.Fields([]byte(names)) {
			if i > 0 {
				patch.WriteByte(',')
			}
			fmt.Fprintf(&patch, `{"op":"replace","path":"/webhooks/%d/clientConfig/caBundle","value":%q}`, i, text)
		}
		s.must("", "patch", kind, "garboard", "--type=json", "-p", "["+patch.String()+"]")
	}
}
