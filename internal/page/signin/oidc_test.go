package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleSignInByOIDC(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*OIDCOptions, *Options)
		claims map[string]any
		want   Person
	}{
		"by their email, with a prefix of groups": {want: Person{Name: "ann@example.com", Groups: []string{"oidc:all", "oidc:shop"}}},
		"by the subject, with the provider before it": {
			change: func(o *OIDCOptions, _ *Options) { o.UsernameClaim, o.GroupsClaim = "", "" }, want: Person{Name: "ISSUER#7"},
		},
		"without a prefix":      {change: func(o *OIDCOptions, _ *Options) { o.UsernameClaim, o.UsernamePrefix, o.GroupsClaim = "sub", "-", "" }, want: Person{Name: "7"}},
		"with a prefix":         {change: func(o *OIDCOptions, _ *Options) { o.UsernamePrefix, o.GroupsClaim = "sso:", "" }, want: Person{Name: "sso:ann@example.com"}},
		"without groups":        {claims: map[string]any{"groups": nil}, want: Person{Name: "ann@example.com"}},
		"with one group":        {claims: map[string]any{"groups": "shop"}, want: Person{Name: "ann@example.com", Groups: []string{"oidc:shop"}}},
		"with a verified email": {claims: map[string]any{"email_verified": true, "groups": nil}, want: Person{Name: "ann@example.com"}},
		"with the groups that count here": {
			change: func(_ *OIDCOptions, o *Options) { o.Groups = []string{"oidc:shop", "oidc:others"} }, want: Person{Name: "ann@example.com", Groups: []string{"oidc:shop"}},
		},
		"with a claim that is asked for": {
			change: func(o *OIDCOptions, _ *Options) {
				o.Required, o.GroupsClaim = map[string]string{"hd": "example.com"}, ""
			},
			claims: map[string]any{"hd": "example.com"}, want: Person{Name: "ann@example.com"},
		},
		"a group of the cluster, under the provider's prefix": {
			claims: map[string]any{"groups": []string{"system:masters"}}, want: Person{Name: "ann@example.com", Groups: []string{"oidc:system:masters"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.change)
			w.provider.Claims = test.claims
			cookie, p, to := w.signIn()
			test.want.Name = strings.Replace(test.want.Name, "ISSUER", w.provider.URL, 1)
			if diff := cmp.Diff(test.want, *p); diff != "" {
				t.Errorf("person (-want +got)\n%s", diff)
			}
			if to != "/approvals?q=web" {
				t.Errorf("goes on to %q", to)
			}
			session, err := w.Session(request("/", func(r *http.Request) { r.AddCookie(cookie) }))
			must(t, err)
			if diff := cmp.Diff(test.want, session.Person); diff != "" {
				t.Errorf("session (-want +got)\n%s", diff)
			}
			if !session.CanSignOut() || !session.Until.Equal(now.Add(12*time.Hour)) || w.Sessions() != 1 {
				t.Errorf("can sign out: %t, until %s, of %d sessions", session.CanSignOut(), session.Until, w.Sessions())
			}
		})
	}
}

// What the page asks a provider for, and what the browser keeps meanwhile.
func TestBeginningOfASignIn(t *testing.T) {
	w := newWorld(t, nil)
	w.begin("/")
	asked := w.provider.Asked()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "scope": "openid email", "code_challenge_method": "S256", "redirect_uri": "https://" + host + CallbackPath,
	} {
		if got := asked.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(asked.Get(name)) < 20 {
			t.Errorf("%s: %q can be guessed", name, asked.Get(name))
		}
	}
	out := httptest.NewRecorder()
	must(t, w.Begin(out, request(PathTo("/"), nil)))
	cookie := out.Result().Cookies()[0]
	if !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 600 || !strings.HasPrefix(cookie.Name, "__Host-") {
		t.Errorf("the cookie of the attempt: %s", cookie)
	}
	at, _ := url.Parse(out.Header().Get("Location"))
	for _, secret := range []string{at.Query().Get("state"), at.Query().Get("nonce"), asked.Get("state")} {
		if strings.Contains(cookie.Value, secret) {
			t.Error("the cookie can be read")
		}
	}
	session, _, _ := w.signIn()
	if !session.Secure || !session.HttpOnly || session.SameSite != http.SameSiteStrictMode || session.Path != "/" || session.MaxAge != 12*60*60 {
		t.Errorf("the cookie of the session: %s", session)
	}
}

func TestRefusedSignIns(t *testing.T) {
	const elsewhere = "This sign-in was not begun in this browser, or longer than 10 minutes ago, or by another tab: begin again."
	claim := func(name string, value any) func(*world, *http.Request) {
		return func(w *world, _ *http.Request) { w.provider.Claims = map[string]any{name: value} }
	}
	query := func(pairs ...string) func(*world, *http.Request) {
		return func(_ *world, r *http.Request) {
			q := r.URL.Query()
			for i := 0; i+1 < len(pairs); i += 2 {
				q.Set(pairs[i], pairs[i+1])
			}
			r.URL.RawQuery = q.Encode()
		}
	}
	for name, test := range map[string]struct {
		options func(*OIDCOptions, *Options)
		change  func(*world, *http.Request)
		code    int
		says    string
	}{
		"a browser without the cookie": {change: func(_ *world, r *http.Request) { r.Header.Del("Cookie") }, code: 403, says: elsewhere},
		"another's state":              {change: query("state", "another"), code: 403, says: elsewhere},
		"no state":                     {change: query("state", ""), code: 403, says: elsewhere},
		"a cookie that was made up": {
			change: func(_ *world, r *http.Request) {
				r.Header.Set("Cookie", attemptCookie+"=eyJTdGF0ZSI6IiJ9")
			}, code: 403, says: elsewhere,
		},
		"a cookie of another run": {
			change: func(w *world, r *http.Request) {
				other, err := newSealer()
				must(w.t, err)
				sealed, err := other.seal(attempt{State: r.URL.Query().Get("state"), Until: now.Add(time.Minute)})
				must(w.t, err)
				r.Header.Set("Cookie", attemptCookie+"="+sealed)
			}, code: 403, says: elsewhere,
		},
		"too late": {change: func(w *world, _ *http.Request) { w.clock.Step(attemptLimit) }, code: 403, says: elsewhere},
		"an answer of another provider": {
			change: query("iss", "https://evil.example.com"), code: 403, says: `The answer came from "https://evil.example.com", which is not the identity provider of this page.`,
		},
		"a provider that says no": {
			change: query("error", "access_denied", "error_description", "not\nyou."), code: 403, says: `The identity provider did not sign you in: access_denied: not you.`,
		},
		"a code that is none":      {change: query("code", "another"), code: 403, says: "The identity provider gave no token: invalid_grant."},
		"a secret that is another": {options: func(o *OIDCOptions, _ *Options) { o.Secret = func() (string, error) { return "x", nil } }, code: 403, says: "The identity provider gave no token: invalid_grant."},
		"an answer without an ID token": {
			change: func(w *world, _ *http.Request) {
				w.provider.Answer = func(out http.ResponseWriter, _ *http.Request) {
					out.Header().Set("Content-Type", "application/json")
					_, _ = out.Write([]byte(`{"access_token":"a","token_type":"Bearer"}`))
				}
			}, code: 403, says: "The identity provider answered without an ID token: is the scope openid allowed to the client?",
		},
		"a provider that is away":      {change: func(w *world, _ *http.Request) { w.provider.Close() }, code: 502, says: "The identity provider could not be asked: "},
		"a token for another client":   {change: claim("aud", "another"), code: 403, says: "The identity provider's token does not count: "},
		"a token of another provider":  {change: claim("iss", "https://evil.example.com"), code: 403, says: "The identity provider's token does not count: "},
		"a token that has run out":     {change: claim("exp", now.Add(-time.Hour).Unix()), code: 403, says: "The identity provider's token does not count: "},
		"a token of another sign-in":   {change: claim("nonce", "another"), code: 403, says: "The identity provider's token was made for another sign-in: begin again."},
		"a token without a nonce":      {change: claim("nonce", ""), code: 403, says: "The identity provider's token was made for another sign-in: begin again."},
		"a token without the user":     {change: claim("email", nil), code: 403, says: "The identity provider's token names no user: it has no text in the claim email."},
		"a user that is a number":      {change: claim("email", 7), code: 403, says: "The identity provider's token names no user: it has no text in the claim email."},
		"an email that is not checked": {change: claim("email_verified", false), code: 403, says: `The identity provider has not verified the address "ann@example.com".`},
		"an email that is checked in other words": {
			change: claim("email_verified", "true"), code: 403, says: `The identity provider has not verified the address "ann@example.com".`,
		},
		"groups that are no list": {change: claim("groups", map[string]any{"a": 1}), code: 403, says: "The claim groups of the identity provider's token is no list of groups."},
		"a claim that is missing": {
			options: func(o *OIDCOptions, _ *Options) { o.Required = map[string]string{"hd": "example.com"} },
			code:    403, says: `The identity provider's token has not the claim hd with the value "example.com", which this page asks for.`,
		},
		"a user of the cluster": {
			change: claim("email", "system:admin"), code: 403,
			says: `The user "system:admin" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"a group of the cluster, without a prefix": {
			options: func(o *OIDCOptions, _ *Options) { o.GroupsPrefix = "" }, change: claim("groups", []string{"system:masters"}), code: 403,
			says: `The group "system:masters" is one of the cluster's own, as all that begin with system: are, and does not sign in here.`,
		},
		"a group of the cluster behind a space, which a header would lose": {
			options: func(o *OIDCOptions, _ *Options) { o.GroupsPrefix = "" }, change: claim("groups", []string{" system:masters"}), code: 403,
			says: `The group " system:masters" is not a name that the page takes:`,
		},
		"a user with a space at the end": {
			change: claim("email", "ann@example.com "), code: 403, says: `The user "ann@example.com" is not a name that the page takes:`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.options)
			back := w.begin("/")
			if test.change != nil {
				test.change(w, back)
			}
			out := httptest.NewRecorder()
			_, _, err := w.Finish(out, back)
			if code, said := sentence(t, err); code != test.code || !strings.HasPrefix(said, test.says) || test.says == "" {
				t.Errorf("got %d %q, want %d %q", code, said, test.code, test.says)
			}
			if len(out.Result().Cookies()) > 0 || w.Sessions() != 0 {
				t.Errorf("a session was made: %v", out.Result().Cookies())
			}
		})
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		options func(*OIDCOptions, *Options)
		end     func(*world, *http.Cookie)
		left    int
		dead    bool // what goes on in it is to end
	}{
		"after their time": {end: func(w *world, _ *http.Cookie) { w.clock.Step(12 * time.Hour) }},
		"with the token, if that is passed on": {
			options: func(o *OIDCOptions, _ *Options) { o.PassToken = true }, end: func(w *world, _ *http.Cookie) { w.clock.Step(time.Hour + time.Minute) }, // the provider's clock is the real one
		},
		"when the person signs out": {
			end: func(w *world, c *http.Cookie) {
				w.End(httptest.NewRecorder(), request("/", func(r *http.Request) { r.AddCookie(c) }))
			}, dead: true,
		},
		"not before": {end: func(w *world, _ *http.Cookie) { w.clock.Step(12*time.Hour - time.Second) }, left: 1},
		"not by the sign-out of another": {
			end: func(w *world, _ *http.Cookie) {
				w.End(httptest.NewRecorder(), request("/", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: sessionCookie, Value: "another"}) }))
			}, left: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.options)
			cookie, _, _ := w.signIn()
			ask := request("/", func(r *http.Request) { r.AddCookie(cookie) })
			before, err := w.Session(ask)
			must(t, err)
			if before == nil {
				t.Fatal("no session")
			}
			test.end(w, cookie)
			after, err := w.Session(ask)
			must(t, err)
			if got := w.Sessions(); got != test.left || (after != nil) != (test.left == 1) {
				t.Errorf("%d sessions are left, and the browser's is %v", got, after)
			}
			if dead := before.Life.Err() != nil; dead != test.dead {
				t.Errorf("its life has ended: %t", dead)
			}
		})
	}
}

// The token that is passed on is the person's, and the API server hears of no other.
func TestTokensArePassedOnWhereThatIsAsked(t *testing.T) {
	for pass, want := range map[bool]bool{false: false, true: true} {
		w := newWorld(t, func(o *OIDCOptions, _ *Options) { o.PassToken = pass })
		_, p, _ := w.signIn()
		if got := strings.Count(p.Token, ".") == 2; got != want {
			t.Errorf("pass %t: the person's token is %q", pass, p.Token)
		}
	}
}

// A person who is signed in already goes on without the provider.
func TestSignedInPeopleGoOn(t *testing.T) {
	w := newWorld(t, nil)
	cookie, _, _ := w.signIn()
	w.provider.Close()
	out := httptest.NewRecorder()
	must(t, w.Begin(out, request(PathTo("/registries"), func(r *http.Request) { r.AddCookie(cookie) })))
	if got := out.Header().Get("Location"); got != "/registries" {
		t.Errorf("goes on to %q", got)
	}
}

// Nobody is led elsewhere by a link to the sign-in.
func TestSignInsLeadToThisPageAlone(t *testing.T) {
	for to, want := range map[string]string{
		"/workloads?q=a&page=2": "/workloads?q=a&page=2", "/": "/", "": "/", "//evil.example.com": "/", "/\\evil.example.com": "/", "https://evil.example.com/": "/",
		"javascript:alert(1)": "/", "evil": "/", "/sign-in?to=/": "/", "/sign-in/callback": "/", "/\t/evil.example.com": "/", "http:/evil": "/", "/%": "/",
	} {
		if got := pathIn(to); got != want {
			t.Errorf("%q: got %q, want %q", to, got, want)
		}
	}
}

func TestNoOIDCIsNoWay(t *testing.T) {
	people := newAuthority(t)
	door := NewDoor(Options{Certificates: &Certificates{CA: people}, Lifetime: time.Hour, Clock: newWorld(t, nil).clock})
	_, _, err := door.Finish(httptest.NewRecorder(), request(CallbackPath, nil))
	for _, err := range []error{err, door.Begin(httptest.NewRecorder(), request(BeginPath, showing(people.client("")))), door.Begin(httptest.NewRecorder(), request(BeginPath, nil))} {
		if code, said := sentence(t, err); !slices.Contains([]int{401, 403, 404}, code) || said == "" {
			t.Errorf("got %d %q", code, said)
		}
	}
}
