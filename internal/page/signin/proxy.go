package signin

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxy takes the word of proxies that have authenticated a person, as the API server does
// with its flags of the same names.
type Proxy struct {
	// UserHeaders and GroupHeaders are what the proxy sets. The first header of a user
	// that is there counts, and all of groups.
	UserHeaders, GroupHeaders []string
	// GroupSeparator parts several groups in one value; empty where each has a value of
	// its own.
	GroupSeparator string
	// Addresses are those that proxies connect from; none is any.
	Addresses []netip.Prefix
	// CA signs the certificates that proxies show; nil asks for none. One of CA and
	// Addresses is required.
	CA Roots
	// Names are those of the certificates that count; none is all.
	Names []string
}

// Roots are certificates that sign others. They are nil until they are known.
type Roots interface{ Pool() *x509.CertPool }

// person returns who the proxy says it is, nil where the request came by none. A header
// that anybody else has set is refused, since it is meant to deceive, or a proxy that is
// not listed.
func (p *Proxy) person(r *http.Request, at verification) (*Person, error) {
	if !p.isSender(r, at) {
		for _, name := range slices.Concat(p.UserHeaders, p.GroupHeaders) {
			if len(r.Header.Values(name)) > 0 {
				return nil, forbidden("The request names a user or a group in the header %s, and did not come by a proxy that may.", name)
			}
		}
		return nil, nil //nolint:nilnil // another way may know the person
	}
	for _, name := range p.UserHeaders {
		switch values := r.Header.Values(name); {
		case len(values) > 1:
			return nil, forbidden("The proxy names %d users in the header %s: allowed is one.", len(values), name)
		case len(values) == 1 && values[0] != "":
			return &Person{Name: values[0], Groups: p.groups(r)}, nil
		}
	}
	return nil, unauthorized("The request came by the proxy, which names no user: the header %s is missing.", strings.Join(p.UserHeaders, " or "))
}

// isSender reports whether a proxy that is listed sent a request.
func (p *Proxy) isSender(r *http.Request, at verification) bool {
	if len(p.Addresses) > 0 {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !slices.ContainsFunc(p.Addresses, func(prefix netip.Prefix) bool { return prefix.Contains(from.Addr().Unmap().WithZone("")) }) {
			return false
		}
	}
	if p.CA == nil {
		return len(p.Addresses) > 0
	}
	leaf := at.by(p.CA)
	return leaf != nil && (len(p.Names) == 0 || slices.Contains(p.Names, leaf.Subject.CommonName))
}

func (p *Proxy) groups(r *http.Request) []string {
	var groups []string
	for _, name := range p.GroupHeaders {
		for _, value := range r.Header.Values(name) {
			values := []string{value}
			if p.GroupSeparator != "" {
				values = strings.Split(value, p.GroupSeparator)
			}
			for _, group := range values {
				if group = strings.TrimSpace(group); group != "" {
					groups = append(groups, group)
				}
			}
		}
	}
	return groups
}
