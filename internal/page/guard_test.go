package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// Each request that may not come in is told so in a sentence, and changes nothing.
func TestRefusals(t *testing.T) {
	const hold = "/workloads/shop/Deployment/web/hold"
	wanted := func(w *world) url.Values { return w.form("container", "web", "version", "1.4.1") }
	for name, test := range map[string]struct {
		request func(*world) *http.Request
		code    int
		says    string
	}{
		"no session": {
			func(*world) *http.Request { return asked(http.MethodGet, "/", nil) },
			http.StatusUnauthorized, "There is no session: open the link that the command printed",
		},
		"a cookie that is another's": {
			func(*world) *http.Request {
				r := asked(http.MethodGet, "/", nil)
				r.AddCookie(&http.Cookie{Name: "garboard-page-8080", Value: "AAAA"})
				return r
			},
			http.StatusUnauthorized, "There is no session",
		},
		"a stream of events without a session": {
			func(*world) *http.Request { return asked(http.MethodGet, "/events", nil) },
			http.StatusUnauthorized, "There is no session",
		},
		"the link a second time": {
			func(w *world) *http.Request { return asked(http.MethodGet, w.options.Link.Path(), nil) },
			http.StatusForbidden, "This link has been used, or is another&#39;s",
		},
		"a form without a token": {
			func(w *world) *http.Request {
				r := asked(http.MethodPost, hold, url.Values{"container": {"web"}, "version": {"1.4.1"}})
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "The form carries no token of this session, and nothing was done",
		},
		"a form with the token of another session": {
			func(w *world) *http.Request {
				form := wanted(w)
				form.Set("token", NewLink("8080").tokenOf(w.cookie.Value))
				r := asked(http.MethodPost, hold, form)
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "The form carries no token of this session, and nothing was done",
		},
		"a token in the address": {
			func(w *world) *http.Request {
				r := asked(http.MethodPost, hold+"?"+wanted(w).Encode(), url.Values{"container": {"web"}})
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "The form carries no token of this session, and nothing was done",
		},
		"a form of another site": {
			func(w *world) *http.Request {
				r := asked(http.MethodPost, hold, wanted(w))
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "The request was sent by another page than this one, and nothing was done",
		},
		"a form of another port, sent by an old browser": {
			func(w *world) *http.Request {
				r := asked(http.MethodPost, hold, wanted(w))
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "http://127.0.0.1:9999")
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "The request was sent by another page than this one, and nothing was done",
		},
		"a form that is too long": {
			func(w *world) *http.Request {
				form := wanted(w)
				form.Set("version", strings.Repeat("1", maxForm))
				r := asked(http.MethodPost, hold, form)
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusBadRequest, "The form could not be read, and nothing was done",
		},
		"a name that leads here from elsewhere": {
			func(w *world) *http.Request {
				r := asked(http.MethodGet, "/", nil)
				r.Host = "rebound.example.com:8080"
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusMisdirectedRequest, "was asked for by another name",
		},
		"a name that begins as a loopback address": {
			func(w *world) *http.Request {
				r := asked(http.MethodGet, "/", nil)
				r.Host = "127.0.0.1.example.com"
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusMisdirectedRequest, "was asked for by another name",
		},
		"another machine": {
			func(w *world) *http.Request {
				r := asked(http.MethodGet, "/", nil)
				r.RemoteAddr = "192.0.2.7:40000"
				r.AddCookie(w.cookie)
				return r
			},
			http.StatusForbidden, "the request came from another address",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, interceptor.Funcs{})
			got := w.send(test.request(w))
			if got.Code != test.code || !strings.Contains(got.Body.String(), test.says) {
				t.Errorf("got %d:\n%s\nwant %d and %q", got.Code, got.Body, test.code, test.says)
			}
			if held := holdOf(t, w, "web"); held != "" {
				t.Errorf("%q is held", held)
			}
		})
	}
}

// A browser may come by each name of this machine, and through a tunnel with another port.
func TestNamesOfThisMachine(t *testing.T) {
	for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "localhost:9000", "127.0.0.1"} {
		w := newWorld(t, interceptor.Funcs{})
		r := asked(http.MethodGet, "/", nil)
		r.Host = host
		if got := w.answer(r); got.Code != http.StatusOK {
			t.Errorf("%s: got %d: %s", host, got.Code, got.Body)
		}
	}
}

func TestLinkIsExchangedOnce(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	w.options.Link = NewLink("8080")
	wrong := w.send(asked(http.MethodGet, "/enter?secret=guessed", nil))
	if wrong.Code != http.StatusForbidden || len(wrong.Result().Cookies()) > 0 {
		t.Errorf("a wrong secret: got %d and %v", wrong.Code, wrong.Result().Cookies())
	}
	first := w.send(asked(http.MethodGet, w.options.Link.Path(), nil))
	cookies := first.Result().Cookies()
	if first.Code != http.StatusOK || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("got %d and %v", first.Code, cookies)
	}
	if strings.Contains(first.Body.String(), w.options.Link.secret) {
		t.Error("the answer repeats the secret")
	}
	inside := asked(http.MethodGet, "/", nil)
	inside.AddCookie(cookies[0])
	if got := w.send(inside); got.Code != http.StatusOK {
		t.Errorf("with the cookie: got %d: %s", got.Code, got.Body)
	}
	again := asked(http.MethodGet, w.options.Link.Path(), nil)
	again.AddCookie(cookies[0])
	if got := w.send(again); got.Code != http.StatusOK {
		t.Errorf("the browser that has the cookie opens the link again: got %d", got.Code)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t, interceptor.Funcs{})
	for _, r := range []*http.Request{
		asked(http.MethodGet, "/", nil), asked(http.MethodGet, "/nowhere", nil), asked(http.MethodGet, "/enter", nil), asked(http.MethodGet, "/assets/page.css", nil),
	} {
		for name, want := range map[string]string{
			"Content-Security-Policy": policyOfContent, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := w.answer(r).Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", r.URL.Path, name, got, want)
			}
		}
	}
	if strings.Contains(policyOfContent, "unsafe") {
		t.Error("the policy lets in inline scripts or styles")
	}
}

func TestBadQueriesNameWhatIsAllowed(t *testing.T) {
	for query, want := range map[string]string{
		"show=everything":                "show: &#34;everything&#34;: allowed: behind, waiting, held, rolling, failed, unknown, ungoverned, current",
		"sort=size":                      "sort: &#34;size&#34;: allowed: checked, container, days, lag, policy, running, state, workload",
		"page=0":                         "page: &#34;0&#34;: allowed: a number from 1",
		"page=last":                      "page: &#34;last&#34;: allowed: a number from 1",
		"q=" + strings.Repeat("a", 1000): "q: 1000 bytes: allowed: at most 200",
	} {
		w := newWorld(t, interceptor.Funcs{})
		got := w.answer(asked(http.MethodGet, "/workloads?"+query, nil))
		if got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%.40s: got %d:\n%s", query, got.Code, got.Body)
		}
	}
}

// bodyOf is what a view shows.
func bodyOf(t *testing.T, got *httptest.ResponseRecorder) string {
	t.Helper()
	if got.Code != http.StatusOK {
		t.Fatalf("got %d:\n%s", got.Code, got.Body)
	}
	return got.Body.String()
}
