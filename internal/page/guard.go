package page

import (
	"context"
	"net/http"
	"net/netip"
)

const (
	// maxForm is more than the forms of the page send, with a comment to fifty updates.
	maxForm = 256 << 10
	// tokenField is the field of a form that has the token.
	tokenField = "token"
)

// policyOfContent lets the browser load nothing but the page's own files.
const policyOfContent = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured sets what browsers are to hold a page to.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policyOfContent)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin") // with less, browsers hide the Origin of forms
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// local lets in requests from this machine, to a name that means it: a page from elsewhere
// whose name leads to loopback (DNS rebinding) sends another Host.
func (p *Page) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().Unmap().IsLoopback() {
			p.refuse(w, r, http.StatusForbidden, "This page answers its own machine alone, and the request came from another address.")
			return
		}
		if !isNamed(loopbackHosts, r.Host) {
			p.refuse(w, r, http.StatusMisdirectedRequest, "This page is at 127.0.0.1 or localhost, and was asked for by another name.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackHosts are the names of this machine, at any port: a tunnel may have another.
var loopbackHosts = []string{"127.0.0.1", "localhost", "::1", "[::1]"}

// session is what a request is answered in.
type session struct {
	// token is what its forms carry.
	token string
	// person is who has signed in, and signOut whether they can end the session. Both are
	// empty on a person's own machine.
	person  string
	signOut bool
}

type sessionKey struct{}

func withSession(ctx context.Context, s session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// sessionIn is the session that a request is answered in, if it is in one.
func sessionIn(ctx context.Context) session {
	s, _ := ctx.Value(sessionKey{}).(session)
	return s
}

// guarded lets in requests with a session. One that changes something has to come from the
// page itself, and to carry the session's token.
func (p *Page) guarded(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		link := p.options.Link
		opened := link.sessionOf(r)
		if opened == "" {
			p.refuse(w, r, http.StatusUnauthorized, "There is no session: open the link that the command printed, in this browser. "+
				"A link opens once; end the command and start it again for another.")
			return
		}
		if p.views.isOwn(w, r, origins, func(token string) bool { return link.isToken(opened, token) }) {
			next.ServeHTTP(w, r.WithContext(withSession(r.Context(), session{token: link.tokenOf(opened)})))
		}
	})
}

// isOwn reports whether a request that changes something was sent by this page, with the
// token of its session, and answers one that was not. All others are.
func (v *views) isOwn(w http.ResponseWriter, r *http.Request, origins *http.CrossOriginProtection, isToken func(string) bool) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if err := origins.Check(r); err != nil {
		v.refuse(w, r, http.StatusForbidden, "The request was sent by another page than this one, and nothing was done.")
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		v.refuse(w, r, http.StatusBadRequest, "The form could not be read, and nothing was done.")
		return false
	}
	if !isToken(r.PostForm.Get(tokenField)) {
		v.refuse(w, r, http.StatusForbidden, "The form carries no token of this session, and nothing was done: load the page again, and send it once more.")
		return false
	}
	return true
}

// token is what the forms that answer a request carry.
func (p *Page) token(r *http.Request) string { return sessionIn(r.Context()).token }

// enter exchanges the secret of the link for a session.
func (p *Page) enter(w http.ResponseWriter, r *http.Request) {
	if p.options.Link.sessionOf(r) == "" {
		cookie := p.options.Link.exchange(r.URL.Query().Get("secret"))
		if cookie == nil {
			p.refuse(w, r, http.StatusForbidden, "This link has been used, or is another's: end the command and start it again for a new one.")
			return
		}
		http.SetCookie(w, cookie)
	}
	// Not by a redirect: after one, a browser that followed the link from another page
	// would not send a strict cookie.
	p.views.write(w, http.StatusOK, "enter", view{Title: "Garboard"})
}
