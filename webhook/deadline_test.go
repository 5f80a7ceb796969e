package webhook_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// patience notes how long each resolution may take, and whether its caller has
// left.
type patience struct {
	ends time.Time
	left error
}

func (p *patience) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	p.ends, _ = ctx.Deadline()
	p.left = ctx.Err()
	return resolver.Resolution{Tag: q.Tag}, nil
}

// The API server tells how long it waits, rounded up to a second. What waits for
// a registry as long as that is answered too late, and that is a failed write.
func TestRegistriesAreWaitedForASecondLess(t *testing.T) {
	w := newWorld(t)
	asked := &patience{}
	w.serveWith(asked)
	review := write{object: w.deployment("patch", "1.2.0")}.review()
	for name, test := range map[string]struct {
		query string
		want  time.Duration
	}{
		"what is left of the request":               {"?timeout=3s", 2 * time.Second},
		"the most that the API server waits":        {"?timeout=30s", 29 * time.Second},
		"more than it ever waits":                   {"?timeout=10h", 29 * time.Second},
		"nothing, which is five seconds":            {"", 4 * time.Second},
		"no duration, which is five seconds, too":   {"?timeout=soon", 4 * time.Second},
		"less than nothing, and five seconds again": {"?timeout=-1s", 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			w.serve(t, webhook.MutatePath+test.query, review)
			least, most := before.Add(test.want), time.Now().Add(test.want)
			if asked.ends.Before(least) || asked.ends.After(most) {
				t.Errorf("it may take until %v, want a time from %v to %v", asked.ends, least, most)
			}
		})
	}
}

// What a caller who has left asked for, a list perhaps, is of use to the next;
// and the end of the server must not take the time from its last requests.
func TestCallerWhoLeavesEndsNothing(t *testing.T) {
	w := newWorld(t)
	asked := &patience{}
	w.serveWith(asked)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	body := bytes.NewReader(write{object: w.deployment("patch", "1.2.0")}.review())
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, webhook.MutatePath, body)
	request.Header.Set("Content-Type", "application/json")
	w.mux.ServeHTTP(httptest.NewRecorder(), request)
	if asked.ends.IsZero() || asked.left != nil {
		t.Errorf("the resolution has the deadline %v and the error %v", asked.ends, asked.left)
	}
}
