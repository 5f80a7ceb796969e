package signin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/utils/clock"
)

// recheck is how long a stream goes on of a person who is known by what each request
// brings: then the browser asks anew, and brings it again.
const recheck = 10 * time.Minute

// Options are what a Door is made of. One way in at least is required.
type Options struct {
	Proxy        *Proxy
	Certificates *Certificates
	OIDC         *OIDC
	// Groups are those that people act with here; none is all.
	Groups []string
	// Lifetime is how long a session of OIDC lasts at most. Required.
	Lifetime time.Duration
	// Clock is the time. Required.
	Clock clock.PassiveClock
}

// Door lets people in.
type Door struct {
	options  Options
	sessions *sessions
	key      []byte
}

// NewDoor returns a Door.
func NewDoor(o Options) *Door {
	return &Door{options: o, sessions: newSessions(o.Clock, o.Lifetime), key: []byte(rand.Text())}
}

// Session is what a request is answered in.
type Session struct {
	Person
	// Way is how the person is known: proxy, certificate or oidc.
	Way string
	// Token is what the forms of the session carry.
	Token string
	// Until is when it ends, or has to be looked at again.
	Until time.Time
	// Life ends with it, where its person signs out before that.
	Life context.Context //nolint:containedctx // it is the life of the session
}

// Ways that a person is known by.
const (
	wayProxy       = "proxy"
	wayCertificate = "certificate"
	wayOIDC        = "oidc"
)

// CanSignOut reports whether the session is one that ends here.
func (s *Session) CanSignOut() bool { return s.Way == wayOIDC }

// Session returns the session of a request. It is nil, without an error, where the person
// can sign in at BeginPath; every other error is a *RefusalError.
func (d *Door) Session(r *http.Request) (*Session, error) {
	now := d.options.Clock.Now()
	at := verificationOf(r, now)
	if proxy := d.options.Proxy; proxy != nil {
		if p, err := proxy.person(r, at); p != nil || err != nil {
			return d.known(p, wayProxy, err, now)
		}
	}
	if certificates := d.options.Certificates; certificates != nil {
		if p, err := certificates.person(at); p != nil || err != nil {
			return d.known(p, wayCertificate, err, now)
		}
	}
	if d.options.OIDC == nil {
		return nil, d.unknown(at)
	}
	kept := d.sessions.of(r)
	if kept == nil {
		return nil, nil //nolint:nilnil // they can sign in
	}
	return &Session{Person: kept.person, Way: wayOIDC, Token: d.tokenOf(kept.id), Until: kept.until, Life: kept.life}, nil
}

// known is the session of a person who is known by the request itself.
func (d *Door) known(p *Person, way string, err error, now time.Time) (*Session, error) {
	if err != nil {
		return nil, err
	}
	p, err = admit(*p, d.options.Groups)
	if err != nil {
		return nil, err
	}
	return &Session{Person: *p, Way: way, Token: d.tokenOf(p.Key()), Until: now.Add(recheck), Life: context.Background()}, nil
}

// unknown says how people are known, to one who is not.
func (d *Door) unknown(at verification) *RefusalError {
	switch {
	case d.options.Certificates == nil:
		return unauthorized("This page is reached by its proxy alone, and the request did not come by one that is listed.")
	case len(at.shown) > 0:
		return unauthorized("Your certificate is not good here: it has run out, is not for clients, or another CA has signed it.")
	case d.options.Proxy != nil:
		return unauthorized("This page knows people by client certificates and by its proxy: the request has no certificate, and did not come by a proxy that is listed.")
	default:
		return unauthorized("This page knows people by client certificates, and your browser has shown none.")
	}
}

// Begin sends a browser to the provider, or on to where it wanted to go where its person
// has signed in already.
func (d *Door) Begin(w http.ResponseWriter, r *http.Request) error {
	to := pathIn(r.URL.Query().Get("to"))
	session, err := d.Session(r)
	switch {
	case err != nil:
		return err
	case session != nil:
		http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // pathIn lets through addresses of this page alone
		return nil
	}
	if d.options.OIDC == nil {
		return errNoPage
	}
	address, cookie, err := d.options.OIDC.begin(r, to)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, address, http.StatusSeeOther) //nolint:gosec // the provider's, as it describes itself
	return nil
}

// Finish begins the session of the person whom the provider has sent back, and returns
// them, and where they wanted to go.
func (d *Door) Finish(w http.ResponseWriter, r *http.Request) (p *Person, to string, err error) {
	if d.options.OIDC == nil {
		return nil, "", errNoPage
	}
	p, until, to, err := d.options.OIDC.finish(r)
	if err != nil {
		return nil, "", err
	}
	if p, err = admit(*p, d.options.Groups); err != nil {
		return nil, "", err
	}
	cookie, err := d.sessions.begin(*p, until)
	if err != nil {
		return nil, "", err
	}
	http.SetCookie(w, lax(attemptCookie, "", -1))
	http.SetCookie(w, cookie)
	return p, to, nil
}

// End ends the session of a request.
func (d *Door) End(w http.ResponseWriter, r *http.Request) {
	d.sessions.endOf(r)
	http.SetCookie(w, strict(sessionCookie, "", -1))
}

// Sessions is how many people have signed in, and not out again.
func (d *Door) Sessions() int { return d.sessions.count() }

func (d *Door) tokenOf(session string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(session))
	return hex.EncodeToString(mac.Sum(nil))
}

// IsToken reports whether a form carries the token of its session.
func (s *Session) IsToken(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) == 1
}

// errNoPage answers an address of OIDC where that is no way in.
var errNoPage = &RefusalError{http.StatusNotFound, "There is no such page."}

// PathTo is where signing in begins for a person who wants to go somewhere.
func PathTo(path string) string { return BeginPath + "?" + url.Values{"to": {path}}.Encode() }

// pathIn is an address of this page; its first one for every other.
func pathIn(to string) string {
	at, err := url.Parse(to)
	if err != nil || at.IsAbs() || at.Host != "" || at.User != nil || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\") || strings.HasPrefix(at.Path, BeginPath) {
		return "/"
	}
	return at.RequestURI()
}
