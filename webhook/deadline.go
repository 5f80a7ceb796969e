package webhook

import (
	"context"
	"net/http"
	"time"
)

const (
	// defaultTimeout is what the install manifest sets as timeoutSeconds, for
	// requests that name none.
	defaultTimeout = 5 * time.Second
	// margin is how long before the request's end the answer leaves. The API
	// server rounds what is left up to a whole second.
	margin = time.Second
)

// withDeadline gives each request a context of its own: it ends a margin
// before the caller stops waiting, and it is detached from the server's, which
// is cancelled at shutdown while answers are still due.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timeout, err := time.ParseDuration(r.URL.Query().Get("timeout"))
		if err != nil || timeout <= 0 {
			timeout = defaultTimeout
		}
		// Nobody waits longer than the API server ever does.
		timeout = min(timeout, 30*time.Second)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), timeout-margin)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
