package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"sync"
)

// Link is the way into a page on a person's own machine: a secret in the first address
// that is opened, which is exchanged for a cookie, once. Other programs and people of the
// machine can reach the port, and have neither.
type Link struct {
	// cookie is the cookie's name. It has the port, since cookies know none.
	cookie string
	key    []byte

	mu      sync.Mutex
	secret  string
	session string
}

// NewLink returns a Link with a new secret, of a page at a port.
func NewLink(port string) *Link {
	return &Link{cookie: "garboard-page-" + port, key: []byte(rand.Text()), secret: rand.Text()}
}

// Path is the address that lets in who opens it first.
func (l *Link) Path() string { return "/enter?secret=" + l.secret }

// exchange returns the cookie of a new session for the secret; nil where it is another
// one, or was exchanged before.
func (l *Link) exchange(secret string) *http.Cookie {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != "" || subtle.ConstantTimeCompare([]byte(secret), []byte(l.secret)) != 1 {
		return nil
	}
	l.session = rand.Text()
	return &http.Cookie{Name: l.cookie, Value: l.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode} //nolint:gosec // loopback is plain HTTP
}

// sessionOf returns the session of a request; empty where it has none.
func (l *Link) sessionOf(r *http.Request) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cookie := range r.CookiesNamed(l.cookie) {
		if l.session != "" && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(l.session)) == 1 {
			return l.session
		}
	}
	return ""
}

// tokenOf is what the forms of a session carry, so that no other page can send them.
func (l *Link) tokenOf(session string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(session))
	return hex.EncodeToString(mac.Sum(nil))
}

// isToken reports whether a form carries the token of a session.
func (l *Link) isToken(session, token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(l.tokenOf(session))) == 1
}
