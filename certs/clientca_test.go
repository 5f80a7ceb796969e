package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/certs"
)

// bundle is the authority's certificate as PEM.
func (a *authority) bundle() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// client issues a client's certificate.
func (a *authority) client(t *testing.T, name string, dnsNames ...string) tls.Certificate {
	t.Helper()
	return a.keyPair(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: dnsNames,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (a *authority) keyPair(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	signed := a.sign(t, template)
	certificate, err := tls.X509KeyPair(signed.cert, signed.key)
	must(t, err)
	return certificate
}

// secured is a webhook's TLS, with the client CA in a file.
type secured struct {
	file    string
	clients *certs.ClientCA
	server  *tls.Config
	serving *authority
	watcher *certs.Watcher
}

func secure(t *testing.T, ca []byte, names ...string) *secured {
	t.Helper()
	s := &secured{file: filepath.Join(t.TempDir(), "ca.crt"), serving: newAuthority(t)}
	if ca != nil {
		must(t, os.WriteFile(s.file, ca, 0o600))
	}
	volume := newVolume(t)
	volume.publish(t, s.serving.issue(t, time.Now().Add(time.Hour)))
	s.watcher = start(t, certs.WatcherOptions{Dir: volume.dir})
	var err error
	s.clients, err = certs.NewClientCA(certs.ClientCAOptions{File: s.file, Names: names, Interval: time.Millisecond})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.clients.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	s.server = certs.ServerTLS(s.watcher, s.clients)
	eventually(t, "there is a certificate", func() bool { return s.watcher.Ready(nil) == nil })
	if ca != nil {
		eventually(t, "there is a client CA", func() bool { return s.clients.Ready(nil) == nil })
	}
	return s
}

// trusting is a client's configuration, with a certificate or without.
func (s *secured) trusting(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: s.serving.pool(), ServerName: serverName, Certificates: certificates}
}

// handshake connects over loopback and reads a byte: in TLS 1.3 only that tells
// the client whether it was let in.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = tls.Server(conn, server).Write([]byte("x")) // the client sees how it went
	}()
	conn, err := (&tls.Dialer{Config: client}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return conn.(*tls.Conn).ConnectionState(), err
}

func TestClientCALetsInItsOwn(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	apiServer := ca.client(t, "kube-apiserver", "api.example.com")
	lapsed := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	serverOnly := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for name, test := range map[string]struct {
		names   []string
		client  []tls.Certificate
		refused bool
	}{
		"a certificate of the CA":                        {client: []tls.Certificate{apiServer}},
		"no certificate":                                 {refused: true},
		"a certificate of another CA":                    {client: []tls.Certificate{other.client(t, "kube-apiserver")}, refused: true},
		"a certificate that has expired":                 {client: []tls.Certificate{ca.keyPair(t, lapsed)}, refused: true},
		"a certificate that is for servers":              {client: []tls.Certificate{ca.keyPair(t, serverOnly)}, refused: true},
		"a common name that is allowed":                  {names: []string{"x", "kube-apiserver"}, client: []tls.Certificate{apiServer}},
		"a DNS name that is allowed":                     {names: []string{"api.example.com"}, client: []tls.Certificate{apiServer}},
		"a name that is not":                             {names: []string{"kube-apiserver"}, client: []tls.Certificate{ca.client(t, "kubelet", "node.example.com")}, refused: true},
		"a part of a name that is":                       {names: []string{"kube-apiserver"}, client: []tls.Certificate{ca.client(t, "kube-apiserver-kubelet-client")}, refused: true},
		"a name that is allowed, signed by another CA":   {names: []string{"kube-apiserver"}, client: []tls.Certificate{other.client(t, "kube-apiserver")}, refused: true},
		"no name, where names are asked for, but signed": {names: []string{"kube-apiserver"}, client: []tls.Certificate{ca.client(t, "")}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := secure(t, ca.bundle(), test.names...)
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				client := s.trusting()
				client.MaxVersion = version
				// Sent whatever the server asks for: an attacker is not polite.
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(test.client) == 0 {
						return &tls.Certificate{}, nil
					}
					return &test.client[0], nil
				}
				if _, err := handshake(t, s.server, client); (err != nil) != test.refused {
					t.Errorf("%s: error %v", tls.VersionName(version), err)
				}
			}
		})
	}
}

// A CA that was exchanged because its key is out must not let in those who were
// there before.
func TestClientCAFollowsItsFile(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	s := secure(t, before.bundle())
	old, renewed := s.trusting(before.client(t, "kube-apiserver")), s.trusting(after.client(t, "kube-apiserver"))
	old.ClientSessionCache = tls.NewLRUClientSessionCache(4) // would resume a session
	letIn := func(client *tls.Config) bool {
		_, err := handshake(t, s.server, client)
		return err == nil
	}
	if !letIn(old) || letIn(renewed) {
		t.Fatal("the first CA is not in force")
	}
	must(t, os.WriteFile(s.file, append(before.bundle(), after.bundle()...), 0o600))
	eventually(t, "both are let in", func() bool { return letIn(renewed) })
	if !letIn(old) {
		t.Error("the old one is turned away while the bundle has both")
	}
	must(t, os.WriteFile(s.file, after.bundle(), 0o600))
	eventually(t, "the old one is turned away", func() bool { return !letIn(old) })
	if !letIn(renewed) {
		t.Error("the new one is turned away")
	}
}

func TestClientCAThatIsNoneLeavesTheLastInForce(t *testing.T) {
	ca := newAuthority(t)
	s := secure(t, ca.bundle())
	clients, err := certs.NewClientCA(certs.ClientCAOptions{File: s.file})
	must(t, err)
	must(t, clients.Read())
	server := certs.ServerTLS(s.watcher, clients)
	good, none := s.trusting(ca.client(t, "kube-apiserver")), s.trusting()
	key := ca.issue(t, time.Now().Add(time.Hour)).key
	garbled := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})
	for name, text := range map[string][]byte{
		"an empty file":                 {},
		"no PEM":                        []byte("nonsense"),
		"half of a bundle":              append(newAuthority(t).bundle(), garbled...),
		"a bundle with a key in it":     append(newAuthority(t).bundle(), key...),
		"a bundle that is far too long": append(newAuthority(t).bundle(), strings.Repeat("\n", 2<<20)...),
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(s.file, text, 0o600))
			if err := clients.Read(); err == nil || !strings.Contains(err.Error(), s.file) {
				t.Errorf("error %v, want one that names the file", err)
			}
			if _, err := handshake(t, server, good); err != nil {
				t.Errorf("the client of the last good CA: %v", err)
			}
			if _, err := handshake(t, server, none); err == nil {
				t.Error("a client without a certificate was let in")
			}
		})
	}
}

// Until there is a CA nobody can be told from anybody.
func TestWithoutClientCANobodyIsLetIn(t *testing.T) {
	ca := newAuthority(t)
	s := secure(t, nil)
	if err := s.clients.Ready(nil); !errors.Is(err, certs.ErrNoClientCA) {
		t.Errorf("ready: %v", err)
	}
	if _, err := handshake(t, s.server, s.trusting(ca.client(t, "kube-apiserver"))); err == nil {
		t.Error("let in")
	}
	must(t, os.WriteFile(s.file, ca.bundle(), 0o600))
	eventually(t, "the CA is read", func() bool { return s.clients.Ready(nil) == nil })
	if _, err := handshake(t, s.server, s.trusting(ca.client(t, "kube-apiserver"))); err != nil {
		t.Error(err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	ca, volume := newAuthority(t), newVolume(t)
	volume.publish(t, ca.issue(t, time.Now().Add(time.Hour)))
	watcher := start(t, certs.WatcherOptions{Dir: volume.dir})
	eventually(t, "there is a certificate", func() bool { return watcher.Ready(nil) == nil })
	for name, test := range map[string]struct {
		least, most uint16
		suites      []uint16
		refused     bool
	}{
		"TLS 1.3":                      {least: tls.VersionTLS13},
		"TLS 1.2":                      {most: tls.VersionTLS12},
		"TLS 1.2 with ChaCha20":        {most: tls.VersionTLS12, suites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}},
		"TLS 1.2 with CBC":             {most: tls.VersionTLS12, suites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}, refused: true},
		"TLS 1.2 without an ephemeral": {most: tls.VersionTLS12, suites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, refused: true},
		"TLS 1.1":                      {least: tls.VersionTLS10, most: tls.VersionTLS11, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			client := &tls.Config{
				RootCAs: ca.pool(), ServerName: serverName,
				MinVersion: test.least, MaxVersion: test.most, CipherSuites: test.suites,
			}
			state, err := handshake(t, certs.ServerTLS(watcher, nil), client)
			if (err != nil) != test.refused {
				t.Errorf("%s %s: error %v", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), err)
			}
		})
	}
}
