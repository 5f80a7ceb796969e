package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout bounds one connection to a backend and one question to the API
// server; both are on loopback.
const dialTimeout = 2 * time.Second

type proxy struct {
	routes string // file name
	lookup *services
	turn   atomic.Uint64
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*dialTimeout)
	defer cancel()
	name, backend, err := p.dial(ctx, r.Host)
	if err != nil {
		log.Printf("CONNECT %s: %v", r.Host, err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer backend.Close()
	log.Printf("CONNECT %s: %s at %s", r.Host, name, backend.RemoteAddr())
	front, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		log.Print(err)
		return
	}
	defer front.Close()
	_, _ = io.WriteString(front, "HTTP/1.1 200 OK\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(backend, buf); closeWrite(backend) })
	both.Go(func() { _, _ = io.Copy(front, backend); closeWrite(front) })
	both.Wait()
}

// closeWrite passes on the end of one direction; the other may still talk.
func closeWrite(c net.Conn) {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// dial connects to a backend of the Service that has the address, "ip:port"
// or "name.namespace.svc:port". The API server is asked where no address is known: a busy
// one takes seconds, of the few that a webhook has.
func (p *proxy) dial(ctx context.Context, address string) (string, net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	routes, err := os.ReadFile(p.routes)
	if err != nil {
		return "", nil, err
	}
	for _, hasAddress := range []func(ctx context.Context, namespace, name, address string) bool{p.lookup.knows, p.lookup.has} {
		for line := range strings.Lines(string(routes)) {
			service, backends, ok := strings.Cut(strings.TrimSpace(line), " ")
			name, servicePort, _ := strings.Cut(service, ":")
			namespace, short, _ := strings.Cut(name, "/")
			if !ok || servicePort != port || strings.HasPrefix(service, "#") {
				continue
			}
			if host == short+"."+namespace+".svc" || hasAddress(ctx, namespace, short, host) {
				c, err := p.first(ctx, strings.Split(strings.TrimSpace(backends), ","))
				return name, c, err
			}
		}
	}
	return "", nil, errors.New("no route")
}

// first tries the backends in turn, and none that is not on loopback.
func (p *proxy) first(ctx context.Context, backends []string) (net.Conn, error) {
	start := int(p.turn.Add(1))
	var errs []error
	for i := range backends {
		b := strings.TrimSpace(backends[(start+i)%len(backends)])
		host, _, err := net.SplitHostPort(b)
		if ip := net.ParseIP(host); err != nil || !ip.IsLoopback() {
			errs = append(errs, fmt.Errorf("%q is no loopback address", b))
			continue
		}
		c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", b)
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
