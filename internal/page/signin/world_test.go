package signin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/internal/page/signin/signintest"
)

// now is a time that go-oidc, which knows no other clock for some of it, has passed.
var now = time.Now().Truncate(time.Second)

const (
	host     = "garboard.example.com"
	clientID = "garboard-page"
	secret   = "the-client's-secret"
)

// authority is a CA.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: now.Add(time.Hour),
	})
	return a
}

// Pool implements Roots.
func (a *authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template.SerialNumber, template.NotBefore = big.NewInt(1), now.Add(-time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	text, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(a.t, err)
	certificate, err := x509.ParseCertificate(text)
	must(a.t, err)
	return certificate, key
}

// client is a certificate for a client.
func (a *authority) client(name string, groups ...string) *x509.Certificate {
	return a.of(x509.ExtKeyUsageClientAuth, now.Add(time.Hour), name, groups...)
}

func (a *authority) of(usage x509.ExtKeyUsage, until time.Time, name string, groups ...string) *x509.Certificate {
	certificate, _ := a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups}, //nolint:misspell // the library's
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, NotAfter: until,
	})
	return certificate
}

// request is one to the page. change may be nil.
func request(path string, change func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://"+host+path, nil)
	r.RemoteAddr = "192.0.2.7:40000"
	if change != nil {
		change(r)
	}
	return r
}

func showing(certificates ...*x509.Certificate) func(*http.Request) {
	return func(r *http.Request) { r.TLS = &tls.ConnectionState{PeerCertificates: certificates} }
}

// world is a door with a provider.
type world struct {
	*Door
	t        *testing.T
	provider *signintest.Provider
	clock    *clocktesting.FakeClock
}

func newWorld(t *testing.T, change func(*OIDCOptions, *Options)) *world {
	t.Helper()
	w := &world{t: t, provider: signintest.NewProvider(t, clientID, secret), clock: clocktesting.NewFakeClock(now)}
	o := OIDCOptions{
		Issuer: w.provider.URL, ClientID: clientID, Secret: func() (string, error) { return secret, nil }, Scopes: []string{"email"},
		UsernameClaim: "email", GroupsClaim: "groups", GroupsPrefix: "oidc:", Client: w.provider.Client(), Clock: w.clock,
	}
	all := Options{Lifetime: 12 * time.Hour, Clock: w.clock}
	if change != nil {
		change(&o, &all)
	}
	var err error
	all.OIDC, err = NewOIDC(o)
	must(t, err)
	w.Door = NewDoor(all)
	return w
}

// begin goes to the provider, and returns what the browser brings back.
func (w *world) begin(to string) *http.Request {
	w.t.Helper()
	out := httptest.NewRecorder()
	must(w.t, w.Begin(out, request(PathTo(to), nil)))
	back := w.provider.Visit(w.t, out.Header().Get("Location"))
	if back.Scheme != "https" || back.Host != host {
		w.t.Fatalf("the provider sends people to %s", back)
	}
	return request(back.RequestURI(), func(r *http.Request) {
		for _, cookie := range out.Result().Cookies() {
			r.AddCookie(cookie)
		}
	})
}

// signIn signs in, and returns the cookie of the session.
func (w *world) signIn() (*http.Cookie, *Person, string) {
	w.t.Helper()
	out := httptest.NewRecorder()
	p, to, err := w.Finish(out, w.begin("/approvals?q=web"))
	must(w.t, err)
	for _, cookie := range out.Result().Cookies() {
		if cookie.Name == sessionCookie {
			return cookie, p, to
		}
	}
	w.t.Fatal("no cookie of a session")
	return nil, nil, ""
}

// sentence is what a refusal says; empty for none.
func sentence(t *testing.T, err error) (code int, said string) {
	t.Helper()
	if err == nil {
		return 0, ""
	}
	var refusal *RefusalError
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no refusal", err)
	}
	return refusal.Code, refusal.Sentence
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
