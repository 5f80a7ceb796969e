package auth

import (
	"net/url"
	"slices"
	"strings"
)

// Address is where an endpoint asks about the repositories of one registry. It
// is comparable: pings and tokens are kept by it, so that nothing learnt at one
// place is ever used at another.
type Address struct {
	Scheme string // "" if the ping finds it out
	Host   string
	Root   string
	// Free: the root is the operator's, and perhaps no API's.
	Free bool
	// Plain: the host is spoken to in plain HTTP first.
	Plain bool
	// Namespace is the registry that a mirror is asked about.
	Namespace string
}

// Query adds the ns parameter, by which a mirror of several registries knows
// which one is meant. A Link names it perhaps, perhaps not.
func (a Address) Query(query string) string {
	if a.Namespace == "" {
		return query
	}
	parts := slices.DeleteFunc(strings.Split(query, "&"), func(part string) bool {
		return part == "" || strings.HasPrefix(part, "ns=")
	})
	return strings.Join(append(parts, "ns="+url.QueryEscape(a.Namespace)), "&")
}
