package registry

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// settings are what holds between two calls of Reconfigure. They do not change:
// a read takes them once and ends with them.
type settings struct {
	config  *config.Config
	clients []*auth.Client // the first is that of all that the file does not name
	routes  []route
	byName  map[*config.Registry]*route
	rest    route // of repositories without settings
}

// route is how the repositories of one entry of the settings file are read.
type route struct {
	registry *config.Registry
	host     config.Pattern // of the prefix, without the path
	mirrors  []endpoint
	server   endpoint
	// credential is the settings file's for the registry itself.
	credential Credential
}

// Reconfigure takes other settings; nil are none, which allow every registry.
// It may be called while reads are under way: these end with the settings that
// they began with, and lose neither connection nor answer.
//
// What was learnt by settings that are now others is dropped: connections,
// pings and tokens. What stayed the same is kept, and so is each pause that a
// host asked for. The error names every endpoint that cannot be used; the old
// settings hold then.
func (c *Client) Reconfigure(to *config.Config) error {
	c.reconfiguring.Lock()
	defer c.reconfiguring.Unlock()

	var old []*auth.Client
	if held := c.settings.Load(); held != nil {
		old = held.clients
	}
	next, err := c.newSettings(to, old)
	if err != nil {
		return err
	}
	c.settings.Store(next)
	for _, client := range old {
		if !slices.Contains(next.clients, client) {
			client.Close()
		}
	}
	return nil
}

// newSettings builds settings, with those clients of the old ones whose settings
// are the same. No client is made if anything is wrong.
func (c *Client) newSettings(to *config.Config, old []*auth.Client) (*settings, error) {
	if err := checkEndpoints(to); err != nil {
		return nil, err
	}
	if to == nil {
		to = &config.Config{}
	}
	s := &settings{config: to, byName: make(map[*config.Registry]*route, len(to.Registries))}
	clientFor := func(wanted transport.Settings) *auth.Client {
		same := func(client *auth.Client) bool { return client.Settings().Equal(wanted) }
		if at := slices.IndexFunc(s.clients, same); at >= 0 {
			return s.clients[at]
		}
		var found *auth.Client
		if at := slices.IndexFunc(old, same); at >= 0 {
			found = old[at]
		} else {
			found = c.connect(wanted)
		}
		s.clients = append(s.clients, found)
		return found
	}
	s.rest = newRoute(&config.Registry{PageSize: c.options.PageSize}, clientFor)
	s.routes = make([]route, len(to.Registries))
	for i := range to.Registries {
		r := to.Registries[i]
		r.PageSize = cmp.Or(r.PageSize, c.options.PageSize)
		s.routes[i] = newRoute(&r, clientFor)
		s.byName[&to.Registries[i]] = &s.routes[i]
	}
	return s, nil
}

func newRoute(r *config.Registry, clientFor func(transport.Settings) *auth.Client) route {
	made := route{
		registry:   r,
		host:       hostOf(r.Prefix),
		server:     newEndpoint(r.Server, clientFor(settingsOf(r.Server)), r.PageSize),
		credential: ownCredentials(r),
	}
	for _, m := range r.Mirrors {
		mirror := newEndpoint(m, clientFor(settingsOf(m)), r.PageSize)
		mirror.mirror, mirror.credential = true, credentialOf(m.Credentials)
		made.mirrors = append(made.mirrors, mirror)
	}
	return made
}

// settingsOf are those of the connection to an endpoint.
func settingsOf(e config.Endpoint) transport.Settings {
	return transport.Settings{Private: e.Private, RootCAs: e.RootCAs, Certificate: e.Client, Proxy: e.Proxy}
}

// hostOf is a pattern without its path.
func hostOf(p config.Pattern) config.Pattern {
	host, _, _ := strings.Cut(p.String(), "/")
	found, err := config.ParsePattern(host)
	if err != nil {
		return p // not reached: it is a pattern's own text
	}
	return found
}

// checkEndpoints names every endpoint that cannot be used.
func checkEndpoints(c *config.Config) error {
	if c == nil {
		return nil
	}
	var faults []error
	check := func(r *config.Registry, what string, u *url.URL, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("reading the settings of registry %q: %s %q: %w", r.Prefix, what, u.Redacted(), err))
		}
	}
	proxy := func(r *config.Registry, u *url.URL) {
		if u != nil && !isWebURL(u) {
			check(r, "proxy", u, errNoProxy)
		}
	}
	for i := range c.Registries {
		r := &c.Registries[i]
		if r.Server.URL != nil {
			check(r, "server", r.Server.URL, checkURL(r.Server.URL))
		}
		proxy(r, r.Server.Proxy)
		for _, m := range r.Mirrors {
			if m.URL == nil {
				check(r, "mirror", nil, errNoMirror)
				continue
			}
			check(r, "mirror", m.URL, checkURL(m.URL))
			proxy(r, m.Proxy)
		}
	}
	return errors.Join(faults...)
}

// route is how a repository is read.
func (s *settings) route(r Repository) *route {
	if found, ok := s.byName[s.config.For(r.Host(), r.Path())]; ok {
		return found
	}
	return &s.rest
}

// listsPrivate reports whether the settings name a host, with or without port,
// as one whose addresses may be private.
func (s *settings) listsPrivate(host string) bool {
	host = strings.ToLower(host)
	bare := transport.WithoutPort(host)
	lists := func(e config.Endpoint) bool {
		if !e.Private || e.URL == nil {
			return false
		}
		listed := strings.ToLower(e.URL.Host)
		return listed == host || listed == bare
	}
	for i := range s.routes {
		r := &s.routes[i]
		server := r.registry.Server
		if server.Private && server.URL == nil && (r.host.Matches(host, "") || r.host.Matches(bare, "")) {
			return true
		}
		if lists(server) || slices.ContainsFunc(r.registry.Mirrors, lists) {
			return true
		}
	}
	return false
}
