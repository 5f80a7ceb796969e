package webhook

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// defaultTimeout is what the install manifest sets as timeoutSeconds, for
	// requests that name none.
	defaultTimeout = 5 * time.Second
	// margin is how long before the request's end the answer leaves. The API
	// server rounds what is left up to a whole second.
	margin = time.Second
	// maxTimeout is the longest that the API server ever waits.
	maxTimeout = 30 * time.Second
)

// withDeadline gives each request a context of its own: it ends a margin
// before the caller stops waiting, and it is detached from the server's: what a
// caller who leaves has asked for is of use to the next.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timeout, err := time.ParseDuration(timeoutOf(r.URL))
		if err != nil || timeout <= 0 {
			timeout = defaultTimeout
		}
		timeout = min(timeout, maxTimeout)
		caller, leave := context.WithTimeout(context.WithoutCancel(r.Context()), timeout)
		defer leave()
		ctx, cancel := context.WithTimeout(context.WithValue(caller, callerKey{}, caller), timeout-margin)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// timeoutOf is the timeout that a caller names. The API server names nothing else.
func timeoutOf(u *url.URL) string {
	if text, only := strings.CutPrefix(u.RawQuery, "timeout="); only && !strings.ContainsAny(text, "&;%+=") {
		return text
	}
	return u.Query().Get("timeout")
}

type callerKey struct{}

// callerOf returns the context of a request that ends with the time that its caller
// waits: what is not read by then is not needed.
func callerOf(ctx context.Context) context.Context {
	if caller, ok := ctx.Value(callerKey{}).(context.Context); ok {
		return caller
	}
	return ctx
}
