package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Pattern names repositories: a host, with the port where there is one, and a
// path prefix of whole segments. `*.` in front stands for one or more labels,
// `*` alone for every host. The zero value names every repository.
type Pattern struct {
	host string // without "*."; "" is every host
	wild bool   // only hosts below host
	path string // "" or a/b
}

// dockerHub is the host that Docker Hub has in image references.
const dockerHub = "docker.io"

// maxPattern is longer than a host and a path may be together.
const maxPattern = 512

// The grammar of names as the distribution specification has it: a looser one
// would take patterns that no repository can match, which in a deny-list is
// worse than none.
var (
	hostName    = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$`)
	patternPath = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
)

const allowedPattern = "host, host:port, *.domain or *, and /path behind it, in lower case"

var errPattern = errors.New("allowed: " + allowedPattern)

// ParsePattern reads a pattern; the host is taken in any case. The other names
// of Docker Hub, index.docker.io and registry-1.docker.io, become docker.io.
func ParsePattern(text string) (Pattern, error) {
	if len(text) > maxPattern {
		return Pattern{}, errPattern
	}
	host, path, hasPath := strings.Cut(text, "/")
	p := Pattern{host: strings.ToLower(host), path: path}
	if hasPath && !patternPath.MatchString(path) {
		return Pattern{}, errPattern
	}
	if p.host == "*" {
		p.host = ""
		return p, nil
	}
	p.host, p.wild = strings.CutPrefix(p.host, "*.")
	if !validHost(p.host) || p.wild && strings.HasPrefix(p.host, "[") {
		return Pattern{}, errPattern
	}
	p.host = CanonicalHost(p.host)
	if !p.wild && (p.host == "index.docker.io" || p.host == "registry-1.docker.io") {
		p.host = dockerHub
	}
	return p, nil
}

// CanonicalHost returns the one spelling of a host of references, in lower case, that
// counts: its port without zeros in front, and an IPv6 address in its short form. Others
// lead to the same registry, past what names it.
func CanonicalHost(host string) string {
	name, port := host, ""
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		name, port = host[:colon], ":"+strings.TrimLeft(host[colon+1:], "0")
	}
	if !strings.HasPrefix(name, "[") {
		return name + port
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case err != nil:
		return host
	case address.Is4In6():
		return address.Unmap().String() + port
	default:
		return "[" + address.String() + "]" + port
	}
}

// validHost checks a host in lower case, with or without a port; an IPv6
// address stands in brackets.
func validHost(host string) bool {
	if address, ok := strings.CutPrefix(host, "["); ok {
		address, rest, closed := strings.Cut(address, "]")
		parsed, err := netip.ParseAddr(address)
		return closed && err == nil && parsed.Is6() && parsed.Zone() == "" && validPort(rest)
	}
	name, _, _ := strings.Cut(host, ":")
	return len(name) <= 253 && hostName.MatchString(name) && validPort(host[len(name):])
}

// validPort checks a port with the colon in front of it; none is good.
func validPort(text string) bool {
	if text == "" {
		return true
	}
	digits, ok := strings.CutPrefix(text, ":")
	port, err := strconv.ParseUint(digits, 10, 16)
	return ok && err == nil && port > 0
}

// misses tells why a pattern that was written so is not of what was meant: no image lies
// under it. It is empty for all others. A host without dot and port may be that of a token
// service, where no path follows it.
func (p Pattern) misses(text string, images bool) string {
	if _, err := netip.ParsePrefix(text); err == nil {
		return "a range of addresses, and hosts are compared as images name them"
	}
	if p.wild || p.host == "" || p.host == "localhost" || strings.ContainsAny(p.host, ".:[") || !images && p.path == "" {
		return ""
	}
	meant := dockerHub + "/" + p.String()
	if p.path == "" {
		meant = dockerHub + "/library/" + p.host
	}
	return fmt.Sprintf("an image's host has a dot or a port; did you mean %q?", meant)
}

// every reports whether the host may be any.
func (p Pattern) every() bool { return p.host == "" }

// Matches reports whether a repository, given by its host in lower case and
// its path, lies under the pattern.
func (p Pattern) Matches(host, path string) bool {
	switch {
	case p.host == "":
	case p.wild && !strings.HasSuffix(host, "."+p.host), !p.wild && host != p.host:
		return false
	}
	return p.path == "" || path == p.path || strings.HasPrefix(path, p.path+"/")
}

// String is the pattern as it is written.
func (p Pattern) String() string {
	text := p.host
	switch {
	case p.host == "":
		text = "*"
	case p.wild:
		text = "*." + p.host
	}
	if p.path != "" {
		text += "/" + p.path
	}
	return text
}

// For returns the settings of a repository, nil where none are set. host is in
// lower case, docker.io for Docker Hub.
func (c *Config) For(host, path string) *Registry {
	if c == nil {
		return nil
	}
	for i := range c.Registries {
		if c.Registries[i].Prefix.Matches(host, path) {
			return &c.Registries[i]
		}
	}
	return nil
}

// Allows reports whether a repository may be asked at all.
func (c *Config) Allows(host, path string) bool {
	if c == nil {
		return true
	}
	for _, p := range c.Deny {
		if p.Matches(host, path) {
			return false
		}
	}
	for _, p := range c.Allow {
		if p.Matches(host, path) {
			return true
		}
	}
	return len(c.Allow) == 0
}
