package page

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/page/signin"
)

// SharedOptions are what a Shared is made of.
type SharedOptions struct {
	// Door tells who asks. Required.
	Door *signin.Door
	// Hosts are the names that browsers reach the page by, with a port where it counts.
	// Required.
	Hosts []string
	// Access is how a person reaches the cluster. Required.
	Access func(context.Context, signin.Person) (*Access, error)
	// Counted counts who came in. The default counts nothing.
	Counted *Metrics
	// Log tells who signed in, and who was refused. The default is none.
	Log logr.Logger
	// Clock, Every and Ended are as those of a Page.
	Clock clock.WithTickerAndDelayedExecution
	Every time.Duration
	Ended <-chan struct{}
}

// Shared is one page for many people: each is shown, and does, what the API server lets
// that person see and do.
type Shared struct {
	options SharedOptions
	views   *views
	people  *people
	origins *http.CrossOriginProtection
}

// NewShared returns a Shared. The error is a fault of the program, or of a host name.
func NewShared(o SharedOptions) (*Shared, error) {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	views, err := newViews()
	if err != nil {
		return nil, err
	}
	s := &Shared{options: o, views: views, origins: http.NewCrossOriginProtection()}
	s.people = newPeople(o, views)
	for _, host := range o.Hosts {
		// A proxy may have put another name in the Host header.
		if err := s.origins.AddTrustedOrigin("https://" + host); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Handler returns what answers the requests.
func (s *Shared) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", s.views.asset)
	mux.HandleFunc("GET "+signin.BeginPath, s.begin)
	mux.HandleFunc("GET "+signin.CallbackPath, s.finish)
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.HandleFunc("/", s.answer)
	return s.named(secured(mux))
}

// named lets in requests to the names of the page: what leads here by another one (DNS
// rebinding) is not of this page.
func (s *Shared) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isNamed(s.options.Hosts, r.Host) {
			s.views.refuse(w, r, http.StatusMisdirectedRequest, "This page has another name than the one that it was asked for by.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isNamed reports whether a Host header is one of the names: at any port, where the name
// has none.
func isNamed(hosts []string, host string) bool {
	host = strings.ToLower(host)
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return slices.ContainsFunc(hosts, func(one string) bool {
		one = strings.ToLower(one)
		return one == host || one == name
	})
}

// answer answers a person who has signed in, as that person, for as long as the session
// lasts.
func (s *Shared) answer(w http.ResponseWriter, r *http.Request) {
	in := s.enter(w, r)
	if in == nil {
		return
	}
	page, err := s.people.page(r.Context(), in.Person)
	if err != nil {
		s.turnAway(w, r, in, err)
		return
	}
	if !s.views.isOwn(w, r, s.origins, in.IsToken) {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer s.options.Clock.AfterFunc(in.Until.Sub(s.options.Clock.Now()), cancel).Stop()
	defer context.AfterFunc(in.Life, cancel)() //nolint:contextcheck // the session outlives its requests
	ctx = withSession(ctx, session{token: in.Token, person: in.Name, signOut: in.CanSignOut()})
	page.inside().ServeHTTP(w, r.WithContext(ctx))
}

// turnAway answers a person whom the API server does not let in. Their session ends, so
// that they can sign in as somebody else.
func (s *Shared) turnAway(w http.ResponseWriter, r *http.Request, in *signin.Session, err error) {
	var refusal *signin.RefusalError
	if in.CanSignOut() && errors.As(err, &refusal) {
		s.options.Door.End(w, r)
	}
	s.refuse(w, r, err)
}

// enter returns the session of a request; nil where it has none, and has been answered.
func (s *Shared) enter(w http.ResponseWriter, r *http.Request) *signin.Session {
	in, err := s.options.Door.Session(r)
	switch {
	case err != nil:
		s.refuse(w, r, err)
	case in == nil && (r.Method != http.MethodGet || r.Header.Get("HX-Request") == "true" || !strings.Contains(r.Header.Get("Accept"), "text/html")):
		s.views.refuse(w, r, http.StatusUnauthorized, "There is no session, or it has ended: load the page again to sign in.")
	case in == nil:
		// Not by a redirect: a browser that came from another site sends no strict
		// cookie, and sends it with a request that this page makes.
		s.views.write(w, http.StatusUnauthorized, "signin", view{Title: "Signing in", Here: signin.PathTo(r.URL.RequestURI())})
	default:
		return in
	}
	return nil
}

func (s *Shared) begin(w http.ResponseWriter, r *http.Request) {
	if err := s.options.Door.Begin(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

func (s *Shared) finish(w http.ResponseWriter, r *http.Request) {
	person, to, err := s.options.Door.Finish(w, r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.options.Counted.count(nil)
	s.options.Log.Info("signed in", "user", person.Name, "groups", len(person.Groups))
	s.views.write(w, http.StatusOK, "enter", view{Title: "Garboard", Here: to})
}

func (s *Shared) signOut(w http.ResponseWriter, r *http.Request) {
	in := s.enter(w, r)
	if in == nil || !s.views.isOwn(w, r, s.origins, in.IsToken) {
		return
	}
	if !in.CanSignOut() {
		s.views.refuse(w, r, http.StatusNotFound, "You are known by your certificate, or by the proxy: there is no session here that could end.")
		return
	}
	s.options.Door.End(w, r)
	s.options.Log.Info("signed out", "user", in.Name)
	s.views.write(w, http.StatusOK, "signedout", view{Title: "Signed out"})
}

// refuse answers with why a person may not come in.
func (s *Shared) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.options.Counted.count(err)
	var refusal *signin.RefusalError
	if errors.As(err, &refusal) {
		s.options.Log.Info("refused", "reason", refusal.Sentence, "from", r.RemoteAddr)
		s.views.refuse(w, r, refusal.Code, refusal.Sentence)
		return
	}
	s.views.refuse(w, r, http.StatusBadGateway, "The cluster did not answer: "+shown(err.Error())+".")
}
