package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clientName is who the API server is to the webhook.
const clientName = "garboard-api-server"

// clientCA has signed the certificate that the API server shows to Garboard's
// webhook, wherever that asks for one.
type clientCA struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// apiServerFlag names the configuration that docs/running.md has.
func (c *clientCA) apiServerFlag() string {
	return "--admission-control-config-file=" + filepath.Join(c.dir, "admission.yaml")
}

func (c *clientCA) file() string { return filepath.Join(c.dir, "ca.crt") }

// newClientCA writes the files into a folder.
func newClientCA(dir string) (*clientCA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &clientCA{dir: dir, key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, c.cert, c.cert, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, private, err := c.issue(clientName)
	if err != nil {
		return nil, err
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	plugin := func(name string) string {
		return fmt.Sprintf(`- name: %s
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: %s
`, name, at("webhooks.kubeconfig"))
	}
	var errs []error
	for name, text := range map[string]string{
		"ca.crt":     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"client.crt": cert, "client.key": private,
		"webhooks.kubeconfig": fmt.Sprintf(`apiVersion: v1
kind: Config
users:
- name: garboard-webhook.garboard.svc
  user:
    client-certificate: %s
    client-key: %s
`, at("client.crt"), at("client.key")),
		"admission.yaml": "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n" +
			plugin("MutatingAdmissionWebhook") + plugin("ValidatingAdmissionWebhook"),
	} {
		errs = append(errs, os.WriteFile(at(name), []byte(text), 0o600))
	}
	return c, errors.Join(errs...)
}

// issue signs a client's certificate.
func (c *clientCA) issue(name string) (cert, private string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, c.cert, key.Public(), c.key)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})), err
}

// With a client CA the API server is let in, and nobody else: not by a review
// that is as good as its own, nor with a certificate of another's name.
func TestClientCALetsInTheAPIServerAlone(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	server := s.start("--client-ca-file="+s.clients.file(), "--client-names="+clientName)
	s.only(server)
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	s.wantTag("web", "1.2.7")

	certificate := func(name string) []tls.Certificate {
		cert, private, err := s.clients.issue(name)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair([]byte(cert), []byte(private))
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{pair}
	}
	for name, test := range map[string]struct {
		certificates []tls.Certificate
		refused      bool
	}{
		"no certificate": {nil, true},
		"another's":      {certificate("system:node:worker"), true},
		"the API server's name, signed by the same": {certificate(clientName), false},
	} {
		t.Run(name, func(t *testing.T) {
			status, err := forge(t.Context(), server.Address, test.certificates)
			if (err != nil) != test.refused {
				t.Errorf("status %d, error %v", status, err)
			}
			if err != nil && !strings.Contains(err.Error(), "tls:") {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}
}

// forge posts a review as anybody in the network could.
func forge(ctx context.Context, address string, certificates []tls.Certificate) (status int, err error) {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, Certificates: certificates,
	}}}
	defer client.CloseIdleConnections()
	review := []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1"}}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+"/mutate", bytes.NewReader(review))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
