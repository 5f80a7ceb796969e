package page

import (
	"bufio"
	"context"
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
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/internal/page/signin"
	"github.com/garboard-dev/garboard/internal/page/signin/signintest"
)

const publicHost = "garboard.example.com"

// sharedWorld is a page that people share, by a proxy at 10.0.0.5 or by OIDC.
type sharedWorld struct {
	*Shared
	t        *testing.T
	provider *signintest.Provider
	clock    *clocktesting.FakeClock
	one      *world // what there is to see
	asked    []signin.Person
	refuse   error // whom the API server does not let in
	registry *prometheus.Registry
}

func newSharedWorld(t *testing.T) *sharedWorld {
	t.Helper()
	w := &sharedWorld{t: t, clock: clocktesting.NewFakeClock(time.Now()), one: newWorld(t, interceptor.Funcs{}), registry: prometheus.NewRegistry()}
	w.provider = signintest.NewProvider(t, "page", "secret")
	byOIDC, err := signin.NewOIDC(signin.OIDCOptions{
		Issuer: w.provider.URL, ClientID: "page", Secret: func() (string, error) { return "secret", nil },
		UsernameClaim: "email", GroupsClaim: "groups", Client: w.provider.Client(), Clock: w.clock,
	})
	must(t, err)
	door := signin.NewDoor(signin.Options{
		OIDC: byOIDC, Lifetime: time.Hour, Clock: w.clock,
		Proxy: &signin.Proxy{
			UserHeaders: []string{"X-Remote-User"}, GroupHeaders: []string{"X-Remote-Group"}, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32")},
		},
	})
	counted, err := NewMetrics(w.registry, door.Sessions)
	must(t, err)
	w.Shared, err = NewShared(SharedOptions{
		Door: door, Hosts: []string{publicHost, "other.example.com:8443"}, Access: w.access, Counted: counted, Clock: w.clock, Ended: w.one.ended,
	})
	must(t, err)
	return w
}

func (w *sharedWorld) access(_ context.Context, p signin.Person) (*Access, error) {
	w.asked = append(w.asked, p)
	if w.refuse != nil {
		return nil, w.refuse
	}
	own := *w.one.options.Access
	return &own, nil
}

func (w *sharedWorld) send(r *http.Request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	w.Handler().ServeHTTP(out, r)
	return out
}

// from is a request of a person, by way of the proxy; of nobody where the name is empty.
func from(person, method, path string, form url.Values) *http.Request {
	r := asked(method, path, form)
	r.Host, r.RemoteAddr = publicHost, "192.0.2.7:40000"
	if person != "" {
		r.RemoteAddr = "10.0.0.5:40000"
		r.Header.Set("X-Remote-User", person)
	}
	return r
}

// signIn signs in by OIDC, and returns the cookie of the session.
func (w *sharedWorld) signIn() *http.Cookie {
	w.t.Helper()
	begun := w.send(from("", http.MethodGet, signin.PathTo("/approvals"), nil))
	back := from("", http.MethodGet, w.provider.Visit(w.t, begun.Header().Get("Location")).RequestURI(), nil)
	for _, cookie := range begun.Result().Cookies() {
		back.AddCookie(cookie)
	}
	done := w.send(back)
	if done.Code != http.StatusOK || !strings.Contains(done.Body.String(), `content="0;url=/approvals"`) {
		w.t.Fatalf("%d %s", done.Code, done.Body)
	}
	for _, cookie := range done.Result().Cookies() {
		if cookie.SameSite == http.SameSiteStrictMode {
			return cookie
		}
	}
	w.t.Fatal("no cookie")
	return nil
}

// formToken is the one that a view's forms carry.
func formToken(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `name="token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !ok || token == "" {
		t.Fatalf("no token in %s", body)
	}
	return token
}

// Each request that may not come in is told so in a sentence, and changes nothing.
func TestSharedRefusals(t *testing.T) {
	const hold = "/workloads/shop/Deployment/web/hold"
	wanted := func(w *sharedWorld, of string) url.Values {
		token := formToken(t, w.send(from(of, http.MethodGet, "/workloads/shop/Deployment/web", nil)).Body.String())
		return url.Values{"token": {token}, "container": {"web"}, "version": {"1.4.1"}}
	}
	for name, test := range map[string]struct {
		request func(*sharedWorld) *http.Request
		code    int
		says    string
	}{
		"another name": {
			func(*sharedWorld) *http.Request {
				r := from("ann", http.MethodGet, "/", nil)
				r.Host = "rebound.example.com"
				return r
			}, http.StatusMisdirectedRequest, "This page has another name than the one that it was asked for by.",
		},
		"a name at another port than the one that is named": {
			func(*sharedWorld) *http.Request {
				r := from("ann", http.MethodGet, "/", nil)
				r.Host = "other.example.com:9443"
				return r
			}, http.StatusMisdirectedRequest, "This page has another name than the one that it was asked for by.",
		},
		"a stream of events without a session": {
			func(*sharedWorld) *http.Request {
				r := from("", http.MethodGet, "/events", nil)
				r.Header.Set("Accept", "text/event-stream")
				return r
			}, http.StatusUnauthorized, "There is no session, or it has ended: load the page again to sign in.",
		},
		"a form without a session": {
			func(*sharedWorld) *http.Request { return from("", http.MethodPost, hold, url.Values{}) },
			http.StatusUnauthorized, "There is no session, or it has ended: load the page again to sign in.",
		},
		"a listed proxy without the header": {
			func(*sharedWorld) *http.Request {
				r := from("ann", http.MethodGet, "/", nil)
				r.Header.Del("X-Remote-User")
				return r
			}, http.StatusUnauthorized, "The request came by the proxy, which names no user: the header X-Remote-User is missing.",
		},
		"the header from an address that is not listed": {
			func(*sharedWorld) *http.Request {
				r := from("ann", http.MethodGet, "/", nil)
				r.RemoteAddr = "10.0.0.6:40000"
				return r
			}, http.StatusForbidden, "did not come by a proxy that may.",
		},
		"a form with another's token": {
			func(w *sharedWorld) *http.Request { return from("bob", http.MethodPost, hold, wanted(w, "ann")) },
			http.StatusForbidden, "The form carries no token of this session, and nothing was done",
		},
		"a form of another site": {
			func(w *sharedWorld) *http.Request {
				r := from("ann", http.MethodPost, hold, wanted(w, "ann"))
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				return r
			}, http.StatusForbidden, "The request was sent by another page than this one, and nothing was done",
		},
		"a form of another site, sent by an old browser": {
			func(w *sharedWorld) *http.Request {
				r := from("ann", http.MethodPost, hold, wanted(w, "ann"))
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "https://evil.example.com")
				return r
			}, http.StatusForbidden, "The request was sent by another page than this one, and nothing was done",
		},
		"a person whom the API server does not let in": {
			func(w *sharedWorld) *http.Request {
				w.refuse = &signin.RefusalError{Code: http.StatusForbidden, Sentence: "The page may not act as you."}
				return from("ann", http.MethodGet, "/", nil)
			}, http.StatusForbidden, "The page may not act as you.",
		},
		"an API server that is away": {
			func(w *sharedWorld) *http.Request {
				w.refuse = errors.New("connection refused")
				return from("ann", http.MethodGet, "/", nil)
			}, http.StatusBadGateway, "The cluster did not answer: connection refused.",
		},
		"a sign-out where the proxy knows the person": {
			func(w *sharedWorld) *http.Request { return from("ann", http.MethodPost, "/sign-out", wanted(w, "ann")) },
			http.StatusNotFound, "You are known by your certificate, or by the proxy: there is no session here that could end.",
		},
		"a way back from the provider that was not begun": {
			func(*sharedWorld) *http.Request {
				return from("", http.MethodGet, signin.CallbackPath+"?state=a&code=b", nil)
			},
			http.StatusForbidden, "This sign-in was not begun in this browser",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSharedWorld(t)
			got := w.send(test.request(w))
			if body := got.Body.String(); got.Code != test.code || !strings.Contains(body, test.says) {
				t.Errorf("got %d %s, want %d %q", got.Code, body, test.code, test.says)
			}
			if held := holdOf(t, w.one, "web"); held != "" {
				t.Errorf("a hold was set: %s", held)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Two people are shown what is theirs, and read from the cluster once each.
func TestEachPersonHasTheirOwnPage(t *testing.T) {
	w := newSharedWorld(t)
	for _, person := range []string{"ann", "bob", "ann", "bob"} {
		got := w.send(from(person, http.MethodGet, "/", nil))
		if body := got.Body.String(); got.Code != http.StatusOK || !strings.Contains(body, `>`+person+`</p>`) || strings.Contains(body, "/sign-out") {
			t.Errorf("%s: %d %s", person, got.Code, body)
		}
	}
	if len(w.asked) != 2 || w.asked[0].Name != "ann" || w.asked[1].Name != "bob" {
		t.Errorf("asked for %+v", w.asked)
	}
	w.clock.Step(time.Minute)
	w.send(from("bob", http.MethodGet, "/", nil))
	if len(w.asked) != 3 || len(w.people.pages) != 1 {
		t.Errorf("asked for %+v, and %d are kept after a rest", w.asked, len(w.people.pages))
	}
	for i := range maxPeople + 3 {
		w.send(from("person-"+string(rune('0'+i/10))+string(rune('0'+i%10)), http.MethodGet, "/", nil))
	}
	if len(w.people.pages) != maxPeople {
		t.Errorf("%d people are kept, want %d", len(w.people.pages), maxPeople)
	}
}

// What a person does is done, by the name of their own.
func TestSharedActions(t *testing.T) {
	w := newSharedWorld(t)
	view := w.send(from("ann", http.MethodGet, "/workloads/shop/Deployment/web", nil))
	form := url.Values{"token": {formToken(t, view.Body.String())}, "container": {"web"}, "version": {"1.4.1"}}
	r := from("ann", http.MethodPost, "/workloads/shop/Deployment/web/hold", form)
	r.Header.Del("Sec-Fetch-Site")
	r.Header.Set("Origin", "https://"+publicHost)
	r.Host = "other.example.com:8443" // as a proxy that puts another name there
	if got := w.send(r); got.Code != http.StatusOK {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	if held := holdOf(t, w.one, "web"); held != "web=1.4.1" {
		t.Errorf("held: %q", held)
	}
}

// A browser without a session is led to the provider by a request that the page itself
// makes, comes back to where it wanted to go, and is out when it signs out.
func TestSessionOfOIDC(t *testing.T) {
	w := newSharedWorld(t)
	led := w.send(from("", http.MethodGet, "/workloads?q=web&page=1", nil))
	if led.Code != http.StatusUnauthorized || !strings.Contains(led.Body.String(), `content="0;url=/sign-in?to=%2Fworkloads%3Fq%3Dweb%26page%3D1"`) {
		t.Fatalf("%d %s", led.Code, led.Body)
	}
	cookie := w.signIn()
	ask := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := from("", method, path, form)
		r.AddCookie(cookie)
		return w.send(r)
	}
	view := ask(http.MethodGet, "/", nil)
	if view.Code != http.StatusOK || !strings.Contains(view.Body.String(), ">ann@example.com</p>") {
		t.Fatalf("%d %s", view.Code, view.Body)
	}
	if out := ask(http.MethodPost, "/sign-out", url.Values{"token": {"another"}}); out.Code != http.StatusForbidden {
		t.Errorf("signed out by a form of another: %d", out.Code)
	}
	out := ask(http.MethodPost, "/sign-out", url.Values{"token": {formToken(t, view.Body.String())}})
	if out.Code != http.StatusOK || !strings.Contains(out.Body.String(), "You are signed out") || out.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	if again := ask(http.MethodGet, "/", nil); again.Code != http.StatusUnauthorized {
		t.Errorf("after the sign-out: %d", again.Code)
	}
	must(t, testutil.GatherAndCompare(w.registry, strings.NewReader(`
# HELP garboard_page_sessions Sessions of people who have signed in to the page by OIDC, and not out again.
# TYPE garboard_page_sessions gauge
garboard_page_sessions 0
# HELP garboard_page_sign_ins_total People who signed in to the page by OIDC, and requests that were refused for who sent them, by outcome.
# TYPE garboard_page_sign_ins_total counter
garboard_page_sign_ins_total{outcome="failed"} 0
garboard_page_sign_ins_total{outcome="refused"} 0
garboard_page_sign_ins_total{outcome="signed_in"} 1
`)))
}

// Who is turned away can sign in as somebody else.
func TestSessionEndsWhereTheClusterRefusesThePerson(t *testing.T) {
	w := newSharedWorld(t)
	cookie := w.signIn()
	w.refuse = &signin.RefusalError{Code: http.StatusForbidden, Sentence: "The page may not act as you."}
	r := from("", http.MethodGet, "/", nil)
	r.AddCookie(cookie)
	if got := w.send(r); got.Code != http.StatusForbidden {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	w.refuse = nil
	if got := w.send(r); got.Code != http.StatusUnauthorized {
		t.Errorf("the session goes on: %d", got.Code)
	}
}

// A stream of events ends with its session.
func TestStreamsEndWithTheSession(t *testing.T) {
	for name, end := range map[string]func(w *sharedWorld, cookie *http.Cookie){
		"when the person signs out": func(w *sharedWorld, cookie *http.Cookie) {
			r := from("", http.MethodGet, "/", nil)
			r.AddCookie(cookie)
			token := formToken(w.t, w.send(r).Body.String())
			r = from("", http.MethodPost, "/sign-out", url.Values{"token": {token}})
			r.AddCookie(cookie)
			w.send(r)
		},
		"after its time": func(w *sharedWorld, _ *http.Cookie) { w.clock.Step(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newSharedWorld(t)
			server := httptest.NewServer(w.Handler())
			defer server.Close()
			cookie := w.signIn()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", http.NoBody)
			must(t, err)
			r.Host = publicHost
			r.AddCookie(cookie)
			answer, err := server.Client().Do(r)
			must(t, err)
			defer func() { _ = answer.Body.Close() }()
			lines := bufio.NewScanner(answer.Body)
			if !lines.Scan() || lines.Text() != "event: version" {
				t.Fatalf("got %q", lines.Text())
			}
			end(w, cookie)
			for lines.Scan() { // until it ends: the test's own limit tells of one that does not
				continue
			}
		})
	}
}

// The names are those of Host headers, whatever their case.
func TestPublicNames(t *testing.T) {
	hosts := []string{"Garboard.example.com", "other.example.com:8443"}
	for host, want := range map[string]bool{
		"garboard.example.com": true, "GARBOARD.example.com:443": true, "garboard.example.com:9443": true, "other.example.com:8443": true,
		"other.example.com": false, "other.example.com:443": false, "garboard.example.com.evil.example": false, "evil.example": false, "": false, "127.0.0.1": false,
	} {
		if got := isNamed(hosts, host); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}

// A client's certificate is one of TLS: this is the whole way once.
func TestPeopleWithCertificatesAreKnownOverTLS(t *testing.T) {
	w := newSharedWorld(t)
	ca, mine := certificates(t)
	door := signin.NewDoor(signin.Options{Certificates: &signin.Certificates{CA: pool{ca}}, Lifetime: time.Hour, Clock: w.clock})
	shared, err := NewShared(SharedOptions{Door: door, Hosts: []string{"127.0.0.1"}, Access: w.access, Clock: w.clock, Ended: w.one.ended})
	must(t, err)
	server := httptest.NewUnstartedServer(shared.Handler())
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	for name, test := range map[string]struct {
		shown []tls.Certificate
		code  int
	}{"with one": {[]tls.Certificate{mine}, http.StatusOK}, "without": {nil, http.StatusUnauthorized}} {
		transport := server.Client().Transport.(*http.Transport).Clone() //nolint:forcetypeassert // it is
		transport.TLSClientConfig.Certificates = test.shown
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/", http.NoBody)
		must(t, err)
		answer, err := transport.RoundTrip(r)
		must(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode != test.code {
			t.Errorf("%s: got %d, want %d", name, answer.StatusCode, test.code)
		}
		transport.CloseIdleConnections()
	}
	if len(w.asked) != 1 || w.asked[0].Name != "ann" || len(w.asked[0].Groups) != 1 {
		t.Errorf("asked for %+v", w.asked)
	}
}

// pool is a CA.
type pool struct{ *x509.Certificate }

// Pool implements signin.Roots.
func (p pool) Pool() *x509.CertPool {
	all := x509.NewCertPool()
	all.AddCert(p.Certificate)
	return all
}

func certificates(t *testing.T) (*x509.Certificate, tls.Certificate) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		if parent == nil {
			parent, signer = template, key
		}
		text, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		must(t, err)
		certificate, err := x509.ParseCertificate(text)
		must(t, err)
		return certificate, key
	}
	ca, key := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	mine, own := issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "ann", Organization: []string{"shop"}}, //nolint:misspell // the library's
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, key)
	return ca, tls.Certificate{Certificate: [][]byte{mine.Raw}, PrivateKey: own}
}
