package certs_test

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/certs"
)

// The API server asks webhooks by HTTP/1.1 alone; what nobody needs is not
// offered to everybody who reaches the port.
func TestHTTP2IsNotOffered(t *testing.T) {
	ca, volume := newAuthority(t), newVolume(t)
	volume.publish(t, ca.issue(t, time.Now().Add(time.Hour)))
	watcher := start(t, certs.WatcherOptions{Dir: volume.dir})
	eventually(t, "there is a certificate", func() bool { return watcher.Ready(nil) == nil })
	s := &secured{serving: ca}
	client := s.trusting()
	client.NextProtos = []string{"h2", "http/1.1"}
	state, err := handshake(t, certs.ServerTLS(watcher, nil), client)
	if err != nil || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("agreed on %q, error %v", state.NegotiatedProtocol, err)
	}
}
