package webhook

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// heldAnswer keeps an answer back until it is whole. An answer whose time is over is never
// sent: it would refuse the write whatever the failure policy says. The log gets its line
// behind the answer, so that the caller does not wait for it.
type heldAnswer struct {
	http.ResponseWriter

	late   atomic.Bool
	status int
	body   []byte
	told   []func()
}

type heldKey struct{}

// tooLate notes that the request's time is over, so that the failure policy decides.
func tooLate(ctx context.Context) {
	if held, ok := ctx.Value(heldKey{}).(*heldAnswer); ok {
		held.late.Store(true)
	}
}

// afterAnswer calls tell once the answer to the request was sent, or now if none is held
// back. Call it on the request's own goroutine.
func afterAnswer(ctx context.Context, tell func()) {
	if held, ok := ctx.Value(heldKey{}).(*heldAnswer); ok {
		held.told = append(held.told, tell)
		return
	}
	tell()
}

// WriteHeader keeps the status.
func (h *heldAnswer) WriteHeader(status int) { h.status = status }

// Write keeps what is written.
func (h *heldAnswer) Write(data []byte) (int, error) {
	h.body = append(h.body, data...)
	return len(data), nil
}

// send sends the answer. It names the length, so that the caller has all of it once it is
// flushed, and does not wait for the end of the request. A caller that has left needs none.
func (h *heldAnswer) send() {
	h.Header().Set("Content-Length", strconv.Itoa(len(h.body)))
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	_, _ = h.ResponseWriter.Write(h.body)
	if len(h.told) > 0 {
		_ = http.NewResponseController(h.ResponseWriter).Flush()
	}
}

// tell tells of the request.
func (h *heldAnswer) tell() (none admission.Response) {
	for _, tell := range h.told {
		tell()
	}
	return none
}
