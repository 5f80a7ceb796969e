package signin

import (
	"crypto/x509"
	"net/http"
	"time"
)

// Certificates knows people by their client certificates, as the API server does: the
// common name is the user, each organisation a group.
type Certificates struct {
	// CA signs them. Required.
	CA Roots
}

// person returns who showed a certificate of the CA; nil where another CA, or none, is
// behind the request.
func (c *Certificates) person(at verification) (*Person, error) {
	leaf := at.by(c.CA)
	if leaf == nil {
		return nil, nil //nolint:nilnil // another way may know the person
	}
	if leaf.Subject.CommonName == "" {
		return nil, forbidden("Your certificate names no user: its subject has no common name.")
	}
	return &Person{Name: leaf.Subject.CommonName, Groups: leaf.Subject.Organization}, nil //nolint:misspell // the library's
}

// verification is what there is to verify the certificate of a request by.
type verification struct {
	shown []*x509.Certificate
	at    time.Time
}

func verificationOf(r *http.Request, at time.Time) verification {
	if r.TLS == nil {
		return verification{}
	}
	return verification{r.TLS.PeerCertificates, at}
}

// by returns the certificate that was shown, if it is good, for a client, and signed by a
// CA: now, and not when the connection was made.
func (v verification) by(ca Roots) *x509.Certificate {
	pool := ca.Pool()
	if len(v.shown) == 0 || pool == nil {
		return nil
	}
	between := x509.NewCertPool()
	for _, certificate := range v.shown[1:] {
		between.AddCert(certificate)
	}
	if _, err := v.shown[0].Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: between, CurrentTime: v.at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return nil
	}
	return v.shown[0]
}
