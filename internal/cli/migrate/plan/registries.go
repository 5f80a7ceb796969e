package plan

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// registries writes the settings of the registries that look private: Garboard sends
// nothing to such an address unless it is told to.
func (s *environment) registries() (File, bool) {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: %s\nkind: %s\nregistries:\n", config.APIVersion, config.Kind)
	found := false
	for _, host := range s.hosts {
		if !looksPrivate(host) {
			continue
		}
		found = true
		fmt.Fprintf(&text, "- prefix: %q\n  private: true\n", host)
		if s.keel.Is(keel.InsecureRegistry) {
			text.WriteString("  # Where it has TLS after all, name the CA that verifies it (ca) in place of this.\n  plainHTTP: true\n")
		}
	}
	if !found {
		return File{}, false
	}
	return File{ConfigMap: registriesName, Name: "registries.yaml", Text: text.String(), Overlay: "registries-config"}, true
}

// looksPrivate reports whether a host's name or address is one of a private network.
func looksPrivate(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	ends := []string{".svc", ".local", ".internal", ".lan", ".corp", ".home", ".intranet", ".localhost"}
	return !strings.Contains(name, ".") || slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(name, end) })
}
