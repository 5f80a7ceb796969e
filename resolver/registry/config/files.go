package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/garboard-dev/garboard/internal/configfile"
)

const (
	allowedCA   = "a file with PEM certificates, or the certificates themselves"
	allowedCert = "a file with a PEM certificate and its chain"
	allowedKey  = "a file with the certificate's private key, as PEM"
)

// authorities reads CA certificates, from a file or the settings themselves.
func (r *reader) authorities(at configfile.Value) *x509.CertPool {
	data, ok := []byte(at.Node.Value), true
	if !strings.Contains(at.Node.Value, configfile.PEMBegin) {
		data, ok = r.File(at, allowedCA)
	}
	if !ok || !r.Is(at, "!!str", allowedCA) {
		return nil
	}
	pool, known := r.pools[string(data)]
	if !known {
		pool = parseCertificates(data)
		r.pools[string(data)] = pool
	}
	if pool == nil {
		r.Bad(at, "not certificates in PEM", allowedCA)
	}
	return pool
}

// parseCertificates is nil unless every block is a certificate: a bundle of which a
// part is left out would fail later, without a message. They are trusted beside the
// system's, as containerd has it: a registry redirects to storage of others.
func parseCertificates(data []byte) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	found := false
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil
		}
		pool.AddCert(cert)
		found, data = true, rest
	}
	if !found {
		return nil
	}
	return pool
}

// client reads the certificate that is shown to a registry.
func (r *reader) client(at configfile.Value) *tls.Certificate {
	var cert, key []byte
	read := func(to *[]byte, allowed string) func(configfile.Value) {
		return func(at configfile.Value) { *to, _ = r.File(at, allowed) }
	}
	given := r.Object(at, configfile.Fields{"cert": read(&cert, allowedCert), "key": read(&key, allowedKey)})
	r.Need(at, given, "cert", allowedCert)
	r.Need(at, given, "key", allowedKey)
	if cert == nil || key == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		// The words of crypto/tls repeat what the files have as headers.
		r.Bad(at, "the files are not a certificate and its key", "cert: "+allowedCert+", key: "+allowedKey)
		return nil
	}
	return &pair
}
