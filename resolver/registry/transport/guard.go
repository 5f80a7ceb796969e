package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// guard decides which addresses may be dialled. It is asked with the address
// that DNS gave, at the last moment before the connection, so it holds for
// pings, tokens, lists, redirects and a name that changes its mind.
type guard struct {
	every    bool
	hosts    map[string]bool // host or host:port
	networks []netip.Prefix
}

func newGuard(entries []string) (*guard, error) {
	g := &guard{hosts: map[string]bool{}}
	var faults []error
	for _, entry := range entries {
		if entry == "*" {
			g.every = true
			continue
		}
		if network, err := netip.ParsePrefix(entry); err == nil {
			g.networks = append(g.networks, network.Masked())
			continue
		}
		host, ok := NormalizeHost(entry)
		if !ok {
			faults = append(faults, fmt.Errorf("reading private registry %q: a host, host:port, address, CIDR or * is allowed", entry))
			continue
		}
		g.hosts[host] = true
	}
	return g, errors.Join(faults...)
}

var hostPattern = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$`)

// NormalizeHost is an entry of a list in lower case, with an IPv6 address without
// port put into the brackets that URLs have.
func NormalizeHost(entry string) (string, bool) {
	host := strings.ToLower(entry)
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		host = "[" + host + "]"
	}
	return host, hostPattern.MatchString(host)
}

// WithoutPort cuts the port and the brackets of an IPv6 address.
func WithoutPort(host string) string {
	if rest, ok := strings.CutPrefix(host, "["); ok {
		bare, _, _ := strings.Cut(rest, "]")
		return bare
	}
	if strings.Count(host, ":") == 1 {
		bare, _, _ := strings.Cut(host, ":")
		return bare
	}
	return host
}

// permits reports whether host, perhaps with a port, may be dialled at addr. named
// says that an image reference named the host, rather than a redirect or a
// token realm.
func (g *guard) permits(host string, addr netip.Addr, named bool) bool {
	addr = addr.Unmap().WithZone("")
	if public(addr) {
		return true
	}
	host = strings.ToLower(host)
	bare := WithoutPort(host)
	if g.hosts[host] || g.hosts[bare] || g.hosts["["+bare+"]"] {
		return true
	}
	if within(g.networks, addr) {
		return true
	}
	return g.every && (named || !metadata(addr))
}

// special are the networks, beside those that net/netip knows, that no public
// registry lives in: those of IANA's registries of special-purpose addresses, and
// the address at which Azure's platform answers, which is public by its number.
// Some carry an IPv4 address inside, where the address written is not the one
// reached. IPv6 outside of globalUnicast needs no row.
var special = []netip.Prefix{ //nolint:gochecknoglobals // a table
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.31.196.0/24"),
	netip.MustParsePrefix("192.52.193.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("192.175.48.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2620:4f:8000::/48"),
	netip.MustParsePrefix("3fff::/20"),
}

// globalUnicast is all of IPv6 that IANA hands out for use on the internet. What
// lies outside is special (discard, translation, segment routing), or not handed out.
var globalUnicast = netip.MustParsePrefix("2000::/3") //nolint:gochecknoglobals // a constant

func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	return !within(special, addr)
}

// credentialServices are where clouds hand out credentials or settings of a
// machine, outside of the link-local addresses.
var credentialServices = []netip.Prefix{ //nolint:gochecknoglobals // a table
	netip.MustParsePrefix("100.100.100.200/32"),     // Alibaba
	netip.MustParsePrefix("168.63.129.16/32"),       // Azure's platform
	netip.MustParsePrefix("192.0.0.192/32"),         // Oracle, the classic cloud
	netip.MustParsePrefix("fd00:42::42/128"),        // Scaleway
	netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), // Oracle
	netip.MustParsePrefix("fd00:ec2::/32"),          // Amazon: metadata, and identities of Pods
	netip.MustParsePrefix("fd20:ce::254/128"),       // Google
}

// metadata reports the addresses where clouds hand out credentials.
func metadata(addr netip.Addr) bool {
	return addr.IsLinkLocalUnicast() || within(credentialServices, addr)
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// target is the host that a request is meant for. It goes with the request, so
// that a redirect to another host is told from it.
type target struct {
	host string
	// realm: a token service that the settings list as private, and no more.
	realm bool
}

type targetKey struct{}

// WithTarget marks the requests of a read with the host that the reference names,
// or the settings if they name another.
func WithTarget(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, targetKey{}, target{host: host})
}

// WithTokenRealm marks the requests to a token service whose host the settings list.
func WithTokenRealm(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, targetKey{}, target{host: host, realm: true})
}

// IsTarget reports whether a request to host is meant for it.
func IsTarget(ctx context.Context, host string) bool {
	_, ok := targetOf(ctx, host)
	return ok
}

// targetOf returns the target of a request to host, if it is meant for that host.
func targetOf(ctx context.Context, host string) (target, bool) {
	t, ok := ctx.Value(targetKey{}).(target)
	return t, ok && t.host != "" && (host == t.host || WithoutPort(host) == WithoutPort(t.host))
}

// allows reports whether a request may go to host, perhaps with a port, at addr.
// private is what the settings grant to the host that the request is meant for,
// and to no other.
func (g *guard) allows(ctx context.Context, host string, addr netip.Addr, private bool) bool {
	meant, ok := targetOf(ctx, host)
	if private && ok && (!meant.realm || !metadata(addr.Unmap())) {
		return true
	}
	return g.permits(host, addr, ok && !meant.realm)
}

// dial returns the DialContext of a transport. The context that a connection is
// made under holds the values of the request's.
func (g *guard) dial(timeout time.Duration, dns *net.Resolver, private bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, host string) (net.Conn, error) {
		dialer := net.Dialer{
			Timeout:  timeout,
			Resolver: dns,
			ControlContext: func(ctx context.Context, _, resolved string, _ syscall.RawConn) error {
				addr, err := netip.ParseAddrPort(resolved)
				if err != nil || !g.allows(ctx, host, addr.Addr(), private) {
					return failure.ErrAddress
				}
				return nil
			},
		}
		return dialer.DialContext(ctx, network, host)
	}
}

// literal refuses an address that is written into the URL. The dialer would
// too, but not behind a proxy, nor where a connection is already there.
func (g *guard) literal(req *http.Request, private bool) error {
	addr, err := netip.ParseAddr(req.URL.Hostname())
	if err != nil {
		return nil //nolint:nilerr // a name: the dialer sees what it resolves to
	}
	if !g.allows(req.Context(), req.URL.Host, addr, private) {
		return failure.ErrAddress
	}
	return nil
}
