package registry

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

func TestNothingLeftPausesTheHost(t *testing.T) {
	now := newClock()
	for name, tt := range map[string]struct {
		headers map[string]string
		want    time.Duration
	}{
		"until the reset":           {map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "40"}, 40 * time.Second},
		"no reset":                  {map[string]string{"RateLimit-Remaining": "0"}, 0},
		"something left":            {map[string]string{"RateLimit-Remaining": "1", "RateLimit-Reset": "40"}, 0},
		"Docker Hub's, for a list":  {map[string]string{"RateLimit-Remaining": "0;w=21600"}, 0},
		"nothing left, in nonsense": {map[string]string{"RateLimit-Remaining": "-0", "RateLimit-Reset": "40"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": func(w http.ResponseWriter, r *http.Request) {
				for key, value := range tt.headers {
					w.Header().Set(key, value)
				}
				twoTags(w, r)
			}}))
			c := client(t, at(now))
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Fatal(err)
			}
			_, err := list(t, c, registry.repository("b"), Credential{})
			if tt.want == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if got := wantError(t, err, RateLimited).RetryAfter; got != tt.want {
				t.Errorf("RetryAfter is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLimitedAnswerMayNameItsReset(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("RateLimit-Reset", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}}))
	_, err := list(t, client(t, at(newClock())), registry.repository("a"), Credential{})
	if got := wantError(t, err, RateLimited).RetryAfter; got != 7*time.Second {
		t.Errorf("RetryAfter is %s, want 7s", got)
	}
}

// hub is a registry that counts pulls as Docker Hub does, and whose HEAD gives
// no digest, so that a GET is asked for.
type hub struct {
	left map[string]string // by user
	// quiet: a HEAD does not tell of the count. A pull beyond it is refused.
	quiet bool
	// more is a header of a pull that is refused.
	more http.Header
}

func (h *hub) manifest(w http.ResponseWriter, r *http.Request) {
	user, _, _ := r.BasicAuth()
	left, pull := h.left[user], r.Method == http.MethodGet
	if left != "" && (pull || !h.quiet) {
		w.Header().Set("RateLimit-Limit", "100;w=21600")
		w.Header().Set("RateLimit-Remaining", left+";w=21600")
	}
	if left == "0" && pull {
		maps.Copy(w.Header(), h.more)
		says(http.StatusTooManyRequests, `{"errors":[{"code":"TOOMANYREQUESTS"}]}`)(w, r)
		return
	}
	says(http.StatusOK, `{"schemaVersion":2}`)(w, r)
}

func (h *hub) start(t *testing.T) *fake {
	t.Helper()
	return newFake(t, open(map[string]http.HandlerFunc{
		"/v2/{$}": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		},
		"/v2/a/manifests/{tag}": h.manifest,
		"/v2/a/tags/list":       twoTags,
	}))
}

func TestQuotaOfPullsStopsPullsAlone(t *testing.T) {
	counter := &hub{left: map[string]string{"": "0"}}
	registry := counter.start(t)
	now := newClock()
	c := client(t, at(now))
	digest := func(credential Credential) error {
		_, err := c.Digest(t.Context(), named(registry.repository("a")), "1", credential)
		return err
	}

	// The HEAD shows that nothing is left: of this credential's quota, so that
	// nobody else is told to wait.
	if got := wantError(t, digest(Credential{}), RateLimited).RetryAfter; got != 0 {
		t.Errorf("RetryAfter is %s, want none", got)
	}
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Errorf("a list is no pull: %v", err)
	}
	if err := digest(auth.Basic("paying", "x")); err != nil {
		t.Errorf("another account has its own quota: %v", err)
	}
	registry.since()
	now.Advance(quotaWindow - time.Nanosecond)
	wantKind(t, digest(Credential{}), RateLimited)
	if gets := registry.count("GET /v2/a/manifests/1"); gets > 0 {
		t.Errorf("pulled %d times", gets)
	}

	counter.left[""] = "1"
	if err := digest(Credential{}); err != nil {
		t.Errorf("a HEAD showed that something is left: %v", err)
	}
	counter.left[""] = "0"
	wantKind(t, digest(Credential{}), RateLimited)
	counter.left[""] = ""
	now.Advance(quotaWindow)
	if err := digest(Credential{}); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// The nodes pull with the same account, or from the same address. Whose pulls they have used
// up is refused one; nobody else has to wait for that.
func TestRefusedPullIsItsCredentialsAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		more   http.Header
		others failure.Kind // of other credentials' requests; "" for none
	}{
		"the quota is used up":       {nil, ""},
		"and the host wants a pause": {http.Header{"Retry-After": {"60"}}, RateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			counter := &hub{left: map[string]string{"": "0"}, quiet: true, more: tt.more}
			registry := counter.start(t)
			c := client(t, at(newClock()))
			digest := func(credential Credential) error {
				_, err := c.Digest(t.Context(), named(registry.repository("a")), "1", credential)
				return err
			}
			if refused := wantError(t, digest(Credential{}), RateLimited); refused.Status != http.StatusTooManyRequests {
				t.Errorf("refused with %d, want by the registry", refused.Status)
			}
			if got := failure.KindOf(digest(auth.Basic("paying", "x"))); got != tt.others {
				t.Errorf("another account's pull: %q, want %q", got, tt.others)
			}
			if _, err := list(t, c, registry.repository("a"), Credential{}); failure.KindOf(err) != tt.others {
				t.Errorf("a list, which is no pull: %v, want %q", err, tt.others)
			}
			registry.since()
			wantKind(t, digest(Credential{}), RateLimited)
			if gets := registry.count("GET /v2/a/manifests/1"); gets > 0 {
				t.Errorf("pulled %d times more", gets)
			}
			if remaining, limit, known := c.Limit(registry.host()); remaining != 0 || limit != 100 || !known {
				t.Errorf("got %d of %d, %t; want 0 of 100", remaining, limit, known)
			}
		})
	}
}

func TestLimitIsTheLastSaid(t *testing.T) {
	counter := &hub{left: map[string]string{"": "76"}}
	registry := counter.start(t)
	c := client(t, at(newClock()))
	if _, _, known := c.Limit(registry.host()); known {
		t.Error("a limit is known of a registry that was not asked")
	}
	if _, err := c.Digest(t.Context(), named(registry.repository("a")), "1", Credential{}); err != nil {
		t.Fatal(err)
	}
	if remaining, limit, known := c.Limit(registry.host()); remaining != 76 || limit != 100 || !known {
		t.Errorf("got %d of %d, %t; want 76 of 100", remaining, limit, known)
	}
}
