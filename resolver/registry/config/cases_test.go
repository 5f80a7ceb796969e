package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secret is what no message may hold; the files of testdata have it wherever a
// password or token stands, or has slipped to.
const secret = "hunter2-secret"

// folder goes to a folder with the settings files of testdata and the files
// that they name.
func folder(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	files := named(t)
	for _, name := range cases(t, "*.yaml") {
		data, err := os.ReadFile(name)
		must(t, err)
		files[filepath.Base(name)] = string(data)
	}
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	t.Chdir(dir)
}

// named are the files that the settings of testdata name.
func named(t *testing.T) map[string]string {
	t.Helper()
	ca, _ := pair(t)
	cert, key := pair(t)
	return map[string]string{
		"ca.pem": ca, "client.crt": cert, "client.key": key,
		"password": secret + "\r\n", "token": secret + "\n", "two-lines": secret + "\nmore\n", "empty": "\n",
	}
}

// pair is a certificate that signs itself, and its key.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
}

// cases are the files of testdata, by absolute path: a test may change its
// folder.
func cases(t *testing.T, pattern string) []string {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	must(t, err)
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	must(t, err)
	if len(found) == 0 {
		t.Fatalf("no files %s in testdata", pattern)
	}
	return found
}

// sentence is what a case's file name says.
func sentence(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), ".yaml")
	return strings.ReplaceAll(name, "-", " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
