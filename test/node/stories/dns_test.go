package stories

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	servicesDomain = ".svc.cluster.local."
	// largestQuery is that of DNS over UDP without extensions.
	largestQuery = 512
)

// serveNames answers the questions of Pods for the addresses of Services, as a cluster's
// DNS does, until the context ends. It knows nothing else.
func (n *node) serveNames(ctx context.Context, address string) error {
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", net.JoinHostPort(address, "53"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	go func() {
		query := make([]byte, largestQuery)
		for {
			size, from, err := conn.ReadFrom(query)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			if answer, err := n.answerName(ctx, query[:size]); err == nil {
				_, _ = conn.WriteTo(answer, from) // a client that misses it asks again
			}
		}
	}()
	return nil
}

func (n *node) answerName(ctx context.Context, query []byte) ([]byte, error) {
	var asked dnsmessage.Message
	if err := asked.Unpack(query); err != nil {
		return nil, err
	}
	if len(asked.Questions) != 1 {
		return nil, errors.New("not one question")
	}
	question := asked.Questions[0]
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true, RecursionDesired: asked.RecursionDesired, RecursionAvailable: true},
		Questions: asked.Questions,
	}
	at, known := n.serviceAddress(ctx, question.Name.String())
	switch {
	case !known:
		answer.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		answer.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 5},
			Body:   &dnsmessage.AResource{A: at.As4()},
		}}
	}
	return answer.Pack()
}

func (n *node) serviceAddress(ctx context.Context, name string) (netip.Addr, bool) {
	service, ok := strings.CutSuffix(name, servicesDomain)
	service, namespace, dots := strings.Cut(service, ".")
	if !ok || !dots {
		return netip.Addr{}, false
	}
	got, err := n.Client().CoreV1().Services(namespace).Get(ctx, service, metav1.GetOptions{})
	if err != nil {
		return netip.Addr{}, false
	}
	at, err := netip.ParseAddr(got.Spec.ClusterIP)
	return at, err == nil && at.Is4()
}
