package transport

import (
	"context"
	"net/http"
	"path"
	"time"
)

const (
	// firstPause is for a 429 that names none; it doubles to maxUnnamedPause.
	firstPause      = 30 * time.Second
	maxUnnamedPause = 15 * time.Minute
	// pauseSpread is the part of it that is certain; the rest is left to chance.
	pauseSpread = 0.5
	// maxQuotas are kept of a host: it has one for each credential.
	maxQuotas = 256
)

// pause is what a host asks all its clients for. Its hostLimiter locks it.
type pause struct {
	until   time.Time // no request before
	unnamed int       // pauses in a row that we chose ourselves
	chosen  time.Time // when the last of them was
	seen    limits    // last said
}

func (p *pause) left(now time.Time) time.Duration { return max(0, p.until.Sub(now)) }

// observe takes the pause that an answer asks for: a 429 that is not about one
// credential's quota, a 503 that names one, and whatever says that nothing remains until
// a certain moment. A pause is made longer, never shorter.
func (p *pause) observe(status int, named time.Duration, said limits, began, now time.Time, jitter func() float64) (changed bool) {
	var asked time.Duration
	switch {
	case status == http.StatusTooManyRequests:
		if asked = max(named, said.reset); asked == 0 {
			asked = p.choose(began, now, jitter)
		}
	case status == http.StatusServiceUnavailable:
		asked = named
	case status < http.StatusInternalServerError:
		p.unnamed = 0
	}
	if said.known && said.remaining == 0 {
		asked = max(asked, said.reset)
	}
	if asked == 0 || !now.Add(asked).After(p.until) {
		return false
	}
	p.until = now.Add(asked)
	return true
}

// choose is the pause for an answer that names none. Requests that were already under way
// when the last pause began met the same limit, and do not make it longer.
func (p *pause) choose(began, now time.Time, jitter func() float64) time.Duration {
	if p.unnamed > 0 && !began.After(p.chosen) {
		return 0
	}
	chosen := spreadPause(doubledPause(firstPause, p.unnamed, maxUnnamedPause), pauseSpread, jitter)
	p.unnamed++
	p.chosen = now
	return chosen
}

// quota is Docker Hub's count of pulls, which has no moment when it is full
// again. It concerns GETs of manifests and blobs alone; a HEAD is free, and
// shows what remains. Its hostLimiter locks it.
type quota struct {
	until time.Time // no pull before
}

func (q *quota) left(now time.Time) time.Duration { return max(0, q.until.Sub(now)) }

// observe stops pulls when none remain, for a window at most: after that one is
// tried even if there was no request since.
func (q *quota) observe(said limits, now time.Time) {
	switch {
	case said.remaining > 0:
		q.until = time.Time{}
	case said.exhausted() && q.left(now) == 0:
		q.until = now.Add(said.window)
	}
}

// quota is that of the request's credential. The hostLimiter is locked.
func (l *hostLimiter) quota(req *http.Request) *quota {
	id, _ := req.Context().Value(quotaOwnerKey{}).(string)
	return l.quotas.Get(id, func() *quota { return new(quota) })
}

// countsAsPull reports a request that counts as a pull. What stands before the last
// two parts of the path is a repository's name, which may be anything.
func countsAsPull(req *http.Request) bool {
	kind := path.Base(path.Dir(req.URL.Path))
	return req.Method == http.MethodGet && (kind == "manifests" || kind == "blobs")
}

type quotaOwnerKey struct{}

// WithQuotaOwner marks the requests of a read with the ID of the credential whose
// quota they use: the pulls of one namespace's account are no concern of another's.
func WithQuotaOwner(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, quotaOwnerKey{}, id)
}
