package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// servicePort is "namespace/service:port".
var servicePort = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+:[0-9]+$`)

// Route sends the API server's calls of a Service to processes on loopback:
// service is "namespace/name:port" with the Service's port, backends are
// "127.0.0.1:9443" and the like. They take turns, and one that is down is
// skipped. It holds from the next connection on. No backends removes the route.
// The Service must exist and have a ClusterIP; Pods and endpoints do not count.
func (c *Cluster) Route(service string, backends ...string) error {
	if !servicePort.MatchString(service) {
		return fmt.Errorf("routing %q: not of the form namespace/service:port", service)
	}
	for _, b := range backends {
		host, _, err := net.SplitHostPort(b)
		if err != nil {
			return fmt.Errorf("routing %q: %w", service, err)
		}
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("routing %q: %q is no loopback address", service, b)
		}
	}
	c.routing.Lock()
	defer c.routing.Unlock()
	name := filepath.Join(c.Dir, routesFile)
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return replaceFile(name, []byte(withRoute(string(old), service, backends)))
}

// withRoute is the text of a routes file with one route set or removed. Lines
// that a person wrote stay.
func withRoute(text, service string, backends []string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		return name == service || name == ""
	})
	if len(backends) > 0 {
		lines = append(lines, service+" "+strings.Join(backends, ","))
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
