package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keysDir holds, inside the cluster's folder: ca.crt, apiserver.crt and .key,
// sa.key (signs the tokens of ServiceAccounts), token (the administrator's),
// tokens.csv (the API server's list of it).
const keysDir = "keys"

// keysLast is longer than a cluster lives, even one that is kept with "up".
const keysLast = 365 * 24 * time.Hour

// writeKeys makes the keys of a new cluster, whose API server is at the address. A
// cluster that starts again keeps its own: kubeconfigs and ServiceAccount tokens in use stay good.
func writeKeys(dir, address string) error {
	keys := filepath.Join(dir, keysDir)
	if _, err := os.Stat(keys); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files, err := newKeys(net.ParseIP(address))
	if err != nil {
		return fmt.Errorf("making the cluster's keys: %w", err)
	}
	// All or nothing, so that an interrupted start can be repeated.
	temp := keys + ".tmp"
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o700)); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(temp, name), text, 0o600); err != nil {
			return err
		}
	}
	return os.Rename(temp, keys)
}

func newKeys(address net.IP) (map[string][]byte, error) {
	ca := certificateOf("garboard-test-cluster", true)
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	server := certificateOf("kube-apiserver", false)
	server.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	// 10.96.0.1 is the Service "kubernetes".
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1), address}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	accountKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	files := map[string][]byte{
		"token":      []byte(token),
		"tokens.csv": fmt.Appendf(nil, "%s,admin,admin,system:masters\n", token),
	}
	return files, errors.Join(
		put(files, "ca.crt", "CERTIFICATE", func() ([]byte, error) { return sign(ca, ca, caKey.Public(), caKey) }),
		put(files, "apiserver.crt", "CERTIFICATE", func() ([]byte, error) { return sign(server, ca, serverKey.Public(), caKey) }),
		put(files, "apiserver.key", "EC PRIVATE KEY", func() ([]byte, error) { return x509.MarshalECPrivateKey(serverKey) }),
		put(files, "sa.key", "EC PRIVATE KEY", func() ([]byte, error) { return x509.MarshalECPrivateKey(accountKey) }),
	)
}

func certificateOf(name string, isCA bool) *x509.Certificate {
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(keysLast),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  isCA,
	}
	if isCA {
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign, nil
	}
	return c
}

func sign(c, ca *x509.Certificate, key crypto.PublicKey, caKey *ecdsa.PrivateKey) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, c, ca, key, caKey)
}

func put(files map[string][]byte, name, block string, der func() ([]byte, error)) error {
	b, err := der()
	files[name] = pem.EncodeToMemory(&pem.Block{Type: block, Bytes: b})
	return err
}
