package registries

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
)

// secureRegistry starts a registry with a certificate of a CA of its own, in
// the file, and team/app with the tags 1.0.0 and 1.0.1.
func secureRegistry(t *testing.T) (address, caFile string, roots *x509.CertPool) {
	t.Helper()
	key, der := certificate(t)
	certFile, keyFile := writePair(t, key, der)
	address = distribution(t, read{certificate: certFile, key: keyFile})
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, through(transport))
	return address, certFile, roots
}

func TestRegistryOfAPrivateCA(t *testing.T) {
	address, _, roots := secureRegistry(t)
	image := address + "/team/app:1.0.0"
	o := reachable()
	check(t, newAdmission(t, o).create(t, image, "patch"), kept(image, unreachable))
	o.RootCAs = roots
	check(t, newAdmission(t, o).create(t, image, "patch"), moved(image, "1.0.1", "policy patch"))
}
