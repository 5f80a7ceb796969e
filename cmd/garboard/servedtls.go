package main

import (
	"cmp"
	"crypto/tls"
	"errors"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/certs"
)

// servedTLS follows the files that a server's TLS is made of, if there are any; nil is
// plain HTTP. name is what the readiness probe calls the certificate.
func servedTLS(manager ctrl.Manager, name, cert, key string) (*tls.Config, error) {
	if cmp.Or(cert, key) == "" {
		return nil, nil //nolint:nilnil // plain HTTP is no error
	}
	certificate, err := certs.NewWatcher(certs.WatcherOptions{Cert: cert, Key: key})
	if err != nil {
		return nil, err
	}
	return certs.ServerTLS(certificate, nil), errors.Join(manager.Add(certificate), manager.AddReadyzCheck(name, certificate.Ready))
}
