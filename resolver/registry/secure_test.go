package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// issuer is a private certificate authority.
type issuer struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	ca := &issuer{t: t}
	ca.key = newKey(t)
	ca.certificate = ca.sign(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "private CA"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, ca.key)
	return ca
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (ca *issuer) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	ca.t.Helper()
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), ca.key)
	if err != nil {
		ca.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		ca.t.Fatal(err)
	}
	return signed
}

// issue makes a certificate for loopback's servers and for clients.
func (ca *issuer) issue() *tls.Certificate {
	key := newKey(ca.t)
	signed := ca.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "garboard"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"registry.example"},
	}, ca.certificate, key)
	return &tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key}
}

func (ca *issuer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.certificate)
	return pool
}

// serve starts a TLS server that asks clients of a CA for their certificate;
// nil asks nobody.
func (ca *issuer) serve(handler http.Handler, clients *issuer) *fake {
	f := &fake{}
	f.Server = httptest.NewUnstartedServer(f.noting(handler))
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	f.TLS = &tls.Config{Certificates: []tls.Certificate{*ca.issue()}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		f.TLS.ClientCAs, f.TLS.ClientAuth = clients.pool(), tls.RequireAndVerifyClientCert
	}
	f.StartTLS()
	ca.t.Cleanup(f.Close)
	return f
}

func TestEndpointsHaveTheirOwnTLS(t *testing.T) {
	corporate, foreign := newIssuer(t), newIssuer(t)
	lists := open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})
	plain := corporate.serve(lists, nil)
	mutual := corporate.serve(lists, corporate)
	for name, tt := range map[string]struct {
		registry *fake
		server   config.Endpoint
		kind     Kind
	}{
		"its CA":                     {plain, config.Endpoint{RootCAs: corporate.pool()}, ""},
		"no CA of its own":           {plain, config.Endpoint{}, Unreachable},
		"another CA":                 {plain, config.Endpoint{RootCAs: foreign.pool()}, Unreachable},
		"the client certificate":     {mutual, config.Endpoint{RootCAs: corporate.pool(), Client: corporate.issue()}, ""},
		"no client certificate":      {mutual, config.Endpoint{RootCAs: corporate.pool()}, Unreachable},
		"another client certificate": {mutual, config.Endpoint{RootCAs: corporate.pool(), Client: foreign.issue()}, Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			tt.server.URL = parsed(t, tt.registry.URL)
			c := client(t, obeying(config.Registry{Prefix: pattern(t, "reg.example"), Server: tt.server}))
			_, err := list(t, c, "reg.example/a", Credential{})
			if tt.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := wantError(t, err, tt.kind).Summary(); got != "registry cannot be reached" {
				t.Errorf("summary %q", got)
			}
		})
	}
}

// Two registries of one host have what the settings give to each.
func TestTLSOfOneEndpointServesNoOther(t *testing.T) {
	corporate := newIssuer(t)
	server := corporate.serve(open(map[string]http.HandlerFunc{"/v2/trusted/a/tags/list": twoTags}), nil)
	c := client(t, obeying(config.Registry{
		Prefix: pattern(t, server.host()+"/trusted"), Server: config.Endpoint{URL: parsed(t, server.URL), RootCAs: corporate.pool()},
	}, config.Registry{
		Prefix: pattern(t, server.host()), Server: config.Endpoint{URL: parsed(t, server.URL)},
	}))
	if _, err := list(t, c, server.repository("trusted/a"), Credential{}); err != nil {
		t.Fatal(err)
	}
	_, err := list(t, c, server.repository("a"), Credential{})
	wantKind(t, err, Unreachable)
}

// A redirect leads to a server that asks for the certificate as well.
func TestClientCertificateStaysBehindAtARedirect(t *testing.T) {
	corporate := newIssuer(t)
	target := corporate.serve(twoTags, corporate)
	_, port, _ := net.SplitHostPort(target.host())
	front := corporate.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://registry.example:"+port+"/", http.StatusFound)
	}}), corporate)
	options := Options{Private: []string{"*"}}
	obeying(config.Registry{Prefix: pattern(t, "reg.example"), Server: config.Endpoint{
		URL: parsed(t, front.URL), RootCAs: corporate.pool(), Client: corporate.issue(),
	}})(&options)
	c, err := newClient(options, dns(t, [4]byte{127, 0, 0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = list(t, c, "reg.example/a", Credential{})
	wantKind(t, err, Unreachable)
	if asked := target.since(); len(asked) > 0 {
		t.Errorf("the target was asked %q", asked)
	}
	if diff := cmp.Diff([]string{"GET /v2/", "GET /v2/a/tags/list"}, front.since()); diff != "" {
		t.Errorf("requests at the registry (-want +got):\n%s", diff)
	}
}
