package receiver

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/garboard-dev/garboard/internal/inflight"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// refusalEvery is how often a path's refusals are logged: a client that reaches the
// port can make as many as he likes.
const refusalEvery = time.Minute

// outcome is how a notification ended, as the metric names it.
type outcome string

// Outcomes of notifications.
const (
	accepted        outcome = "accepted"
	ignored         outcome = "ignored"
	unauthenticated outcome = "unauthenticated"
	malformed       outcome = "malformed"
	tooLarge        outcome = "too_large"
	limited         outcome = "limited"
	overloaded      outcome = "overloaded"
)

// answer is what the sender gets. The text names nothing of the payload.
type answer struct {
	outcome outcome
	status  int
	text    string
}

// tooMany answers a sender that tells more than it may.
var tooMany = answer{outcome: limited, status: http.StatusTooManyRequests, text: "too many notifications"}

// ServeHTTP answers one notification.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	route := r.route(req.URL.Path)
	switch {
	case route == nil:
		http.Error(w, "no such sender", http.StatusNotFound)
		return
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "notifications are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	a := r.take(w, req, route)
	r.options.Metrics.notified(route.kind, a.outcome)
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	// A sender that is sent elsewhere comes back with a GET, or not at all: no
	// answer is a redirection.
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n") // a sender that is gone wants no answer
}

// take reads a notification and hands it over.
func (r *Receiver) take(w http.ResponseWriter, req *http.Request, route *route) answer {
	if a, ok := fitsRoute(req, route); !ok {
		return a
	}
	// Who is refused by the header alone is not listened to any further.
	if route.headerAlone() && route.sender(req, nil) == nil {
		return r.refuse(route)
	}
	payload, err := r.bodies.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody), inflight.Interrupt(w))
	defer payload.Release()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), errors.Is(err, inflight.ErrTooLarge):
		return answer{outcome: tooLarge, status: http.StatusRequestEntityTooLarge, text: "the notification is too large"}
	case errors.Is(err, inflight.ErrNoRoom):
		return answer{outcome: overloaded, status: http.StatusServiceUnavailable, text: "too many notifications at once"}
	case err != nil:
		return answer{outcome: malformed, status: http.StatusBadRequest, text: "the notification cannot be read"}
	}
	s := route.sender(req, payload.Data)
	if s == nil {
		return r.refuse(route)
	}
	if !s.limit.AllowN(r.options.Clock.Now(), 1) {
		return tooMany
	}
	return r.hand(s, message{header: req.Header, body: payload.Data, registry: s.Registry})
}

// fitsRoute checks what can be said before anything is read.
func fitsRoute(req *http.Request, route *route) (answer, bool) {
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")) // many senders have odd ones, or none
	switch {
	case req.ContentLength > MaxBody:
		return answer{outcome: tooLarge, status: http.StatusRequestEntityTooLarge, text: "the notification is too large"}, false
	case media == "application/x-www-form-urlencoded" || media == "multipart/form-data":
		return answer{outcome: malformed, status: http.StatusUnsupportedMediaType, text: "set the webhook's content type to application/json"}, false
	case req.URL.RawQuery != "" && !route.readsQuery():
		return answer{outcome: malformed, status: http.StatusBadRequest,
			text: "the URL has a query, which ends in logs: send the credential in a header"}, false
	default:
		return answer{}, true
	}
}

func (r *Receiver) refuse(route *route) answer {
	route.refused.Do(func() {
		r.options.Log.Info("refused", "sender", route.kind, "reason", "no configured sender matched (logged once a minute)")
	})
	return answer{outcome: unauthenticated, status: http.StatusUnauthorized, text: "authentication failed"}
}

// hand reads what was sent, and hands it over.
func (r *Receiver) hand(s *sender, m message) answer {
	pushes, err := pushesOf(s.Kind, m, r.options.Clock.Now())
	log := r.options.Log.WithValues("sender", s.Name)
	switch {
	case err != nil:
		text := "not a notification of this sender" + wrongPath(s.Kind, m)
		log.Info("malformed", "error", printable.Cut(err.Error(), maxReason), "answer", text)
		return answer{outcome: malformed, status: http.StatusBadRequest, text: text}
	case len(pushes) == 0:
		text := "nothing to do" + wrongPath(s.Kind, m)
		log.V(1).Info("ignored", "answer", text)
		return answer{outcome: ignored, status: http.StatusOK, text: text}
	}
	// Each repository counts: what one sender may tell must not take the room of the others.
	if !s.limit.AllowN(r.options.Clock.Now(), len(pushes)-1) {
		return tooMany
	}
	if err := r.options.Sink.Pushed(pushes); err != nil {
		log.Info("overloaded", "error", err.Error())
		return answer{outcome: overloaded, status: http.StatusServiceUnavailable, text: "too many notifications at once"}
	}
	log.Info("accepted", "repositories", namesOf(pushes))
	return answer{outcome: accepted, status: http.StatusAccepted, text: "accepted"}
}

// wrongPath tells, as the end of an answer, where a message should have been posted that is a
// notification of another kind of sender.
func wrongPath(kind config.SenderKind, m message) string {
	other := anotherKind(kind, m)
	if other == "" {
		return ""
	}
	return "; " + string(other) + " sends this, whose path is " + PathPrefix + string(other)
}

// maxReason bounds what a line of the log says of a payload, in characters.
const maxReason = 200

// maxNamed bounds the repositories in one line of the log.
const maxNamed = 10

func namesOf(pushes []poll.Push) []string {
	names := make([]string, 0, maxNamed)
	for _, push := range pushes[:min(len(pushes), maxNamed)] {
		names = append(names, push.Repository)
	}
	return names
}

// sender is the first that the request proves to be from; nil is none.
func (t *route) sender(req *http.Request, body []byte) *sender {
	ctx, cancel := context.WithTimeout(req.Context(), proofTimeout)
	defer cancel()
	for _, s := range t.senders {
		if s.proof.check(ctx, req, body) {
			return s
		}
	}
	return nil
}

// headerAlone reports whether no sender of the path signs the body.
func (t *route) headerAlone() bool {
	for _, s := range t.senders {
		if s.proof.signed {
			return false
		}
	}
	return true
}

// readsQuery reports whether a sender of the path proves itself in the URL.
func (t *route) readsQuery() bool {
	for _, s := range t.senders {
		if s.Auth.QueryToken != "" {
			return true
		}
	}
	return false
}
