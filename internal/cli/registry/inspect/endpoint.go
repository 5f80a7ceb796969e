package inspect

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// endpoint is the place that the last request for a list was sent to: mirrors
// are asked before the registry, and the first that answers ends it.
func (i *Inspector) endpoint(r *Report, requests []registry.Request) *Endpoint {
	var at *url.URL
	for _, request := range slices.Backward(requests) {
		if u, err := url.Parse(request.URL); err == nil && strings.HasSuffix(u.Path, "/tags/list") {
			at = u
			break
		}
	}
	if at == nil {
		return &Endpoint{URL: r.Registry} // not reached: a list was read
	}
	found := &Endpoint{URL: at.Scheme + "://" + at.Host, Address: i.Trace.peer(withPort(at))}
	listed := config.Endpoint{}
	if settings := i.Config.For(r.Registry, r.Repository); settings != nil {
		listed = settings.Server
		same := func(m config.Endpoint) bool {
			return m.URL.Scheme == at.Scheme && strings.EqualFold(m.URL.Host, at.Host)
		}
		if n := slices.IndexFunc(settings.Mirrors, same); n >= 0 {
			found.Mirror, listed = true, settings.Mirrors[n]
		}
	}
	found.Guarded = !listed.Private && listed.Proxy == nil && guarded(found)
	return found
}

// guarded reports an address that the client's guard keeps from servers. It
// knows the common ones, which is enough for advice.
func guarded(e *Endpoint) bool {
	addr, err := netip.ParseAddr(e.Address)
	if err != nil || isProxied(e.URL) {
		return false
	}
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// withPort is a URL's host as it is dialled.
func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
