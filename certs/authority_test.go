package certs_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/certs"
)

const serverName = "garboard-webhook.garboard.svc"

// pair is one issued certificate with its key, as a Secret holds them.
type pair struct {
	cert, key []byte
	serial    int64
}

// authority signs pairs with growing serial numbers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "an authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(48 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatalf("creating the CA: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("parsing the CA: %v", err)
	}
	return &authority{cert: cert, key: key, next: 100}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(t *testing.T, notAfter time.Time) pair {
	t.Helper()
	return a.sign(t, &x509.Certificate{
		DNSNames:    []string{serverName},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

func (a *authority) sign(t *testing.T, template *x509.Certificate) pair {
	t.Helper()
	a.next++
	key := newKey(t)
	template.SerialNumber, template.KeyUsage = big.NewInt(a.next), x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatalf("signing the certificate: %v", err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatalf("encoding the key: %v", err)
	}
	return pair{
		cert:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:    pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}),
		serial: a.next,
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("generating a key: %v", err)
	}
	return key
}

// volume is a folder that is written to as the kubelet writes a Secret volume:
// tls.crt -> ..data/tls.crt, ..data -> ..N, and a renewal makes folder N+1,
// renames a new ..data over the old one and removes folder N.
type volume struct {
	dir     string
	version int
}

func newVolume(t *testing.T) *volume {
	t.Helper()
	v := &volume{dir: t.TempDir()}
	for _, name := range []string{certs.CertFile, certs.KeyFile} {
		must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(v.dir, name)))
	}
	return v
}

func (v *volume) publish(t *testing.T, p pair) {
	t.Helper()
	old := filepath.Join(v.dir, ".."+strconv.Itoa(v.version))
	v.version++
	folder := ".." + strconv.Itoa(v.version)
	must(t, os.Mkdir(filepath.Join(v.dir, folder), 0o700))
	must(t, os.WriteFile(filepath.Join(v.dir, folder, certs.CertFile), p.cert, 0o600))
	must(t, os.WriteFile(filepath.Join(v.dir, folder, certs.KeyFile), p.key, 0o600))
	must(t, os.Symlink(folder, filepath.Join(v.dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(v.dir, "..data_tmp"), filepath.Join(v.dir, "..data")))
	must(t, os.RemoveAll(old))
}

// overwrite writes one file of the current version in place.
func (v *volume) overwrite(t *testing.T, name string, data []byte) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(v.dir, name), data, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a watcher on the folder until the test ends.
func start(t *testing.T, o certs.WatcherOptions) *certs.Watcher {
	t.Helper()
	if o.Interval == 0 {
		o.Interval = 10 * time.Millisecond
	}
	w, err := certs.NewWatcher(o)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("watching the certificate: %v", err)
		}
	})
	return w
}

// eventually waits for a condition, which must come true long before the
// deadline: that is only there for a broken build.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("waiting until %s: %v", what, ctx.Err())
		case <-ticker.C:
		}
	}
}

// serves says whether the watcher hands out the certificate with this serial
// number.
func serves(w *certs.Watcher, serial int64) bool {
	cert, err := w.GetCertificate(&tls.ClientHelloInfo{})
	return err == nil && cert.Leaf.SerialNumber.Int64() == serial
}
