package registry

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBadHostListsAreNamed(t *testing.T) {
	_, err := New(Options{Insecure: []string{"http://x", "ok:5000"}, Private: []string{"10.0.0.0/99", "*.example", "a b"}})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, entry := range []string{"http://x", "10.0.0.0/99", "*.example", "a b"} {
		if !strings.Contains(err.Error(), entry) {
			t.Errorf("error does not name %q: %v", entry, err)
		}
	}
}

// nowhere is a registry that must not be asked.
func nowhere(t *testing.T) *fake {
	return newFake(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was asked") }))
}

func TestUnlistedLoopbackIsRefusedLikeUnreachable(t *testing.T) {
	registry := nowhere(t)
	c := client(t, func(o *Options) { o.Private = nil })
	_, port, _ := net.SplitHostPort(registry.host())

	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		_, err := list(t, c, host+":"+port+"/a", Credential{})
		failed := wantError(t, err, Blocked)
		unreachable := &Error{Kind: Unreachable, Repository: failed.Repository}
		if diff := cmp.Diff(unreachable.Error(), failed.Error()); diff != "" {
			t.Errorf("texts tell refused from unreachable (-unreachable +refused):\n%s", diff)
		}
	}
}

// dns answers every A question with one address, and nothing else.
func dns(t *testing.T, answer [4]byte) *net.Resolver {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(dnsAnswer(buffer[:n], answer), from)
		}
	}()
	var dialer net.Dialer
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func dnsAnswer(question []byte, address [4]byte) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // root, type, class
	isA := binary.BigEndian.Uint16(question[end-4:]) == 1
	reply := append([]byte{}, question[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	copy(reply[6:12], make([]byte, 6))
	if isA {
		reply[7] = 1
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		reply = append(reply, address[:]...)
	}
	return reply
}

// The name says nothing: the check belongs after DNS.
func TestNameThatResolvesToLoopbackIsRefused(t *testing.T) {
	registry := nowhere(t)
	_, port, _ := net.SplitHostPort(registry.host())
	c, err := newClient(Options{Insecure: []string{"registry.example"}}, dns(t, [4]byte{127, 0, 0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = list(t, c, "registry.example:"+port+"/a", Credential{})
	wantKind(t, err, Blocked)
}

func TestListedNameMayResolveToLoopback(t *testing.T) {
	server := newTLS(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	options := Options{Private: []string{"example.com"}}
	trusting(server)(&options)
	c, err := newClient(options, dns(t, [4]byte{127, 0, 0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list(t, c, "example.com:"+port+"/a", Credential{}); err != nil {
		t.Fatal(err)
	}
}
