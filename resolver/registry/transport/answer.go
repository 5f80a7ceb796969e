package transport

import (
	"io"
	"net/http"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// maxErrorBody is read of an error's body, so that the connection can be used
// again; what is longer costs the connection.
const maxErrorBody = 64 << 10

// statusError turns an answer that is no success into an Error and ends its
// body.
func statusError(resp *http.Response) *failure.Error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	Drain(resp)
	if err != nil {
		body = nil // the status says enough
	}
	return failure.OfAnswer(resp.StatusCode, body)
}

// Drain reads the rest of a body, within reason, and closes it: a connection
// with an unread body is not used again.
func Drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody)
	_ = resp.Body.Close()
}
