package registry

import (
	"cmp"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// apiRoot is what repositories hang below, where nothing else is said.
const apiRoot = "/v2"

// endpoint is one place that is asked about repositories: a mirror, or the
// registry itself.
type endpoint struct {
	way *way
	// url is nil where it is the host of the image reference. Where the
	// settings say that the registry itself is elsewhere, it is the registry,
	// and what was found to sign in with goes there.
	url   *url.URL
	root  string
	free  bool // the root is the operator's, and perhaps no API's
	plain bool
	// pageSize is asked for of a list.
	pageSize int
	// mirror: another host than the registry, with a credential of its own. A
	// credential that was found for the registry is never sent there.
	mirror     bool
	credential Credential
}

// address is where an endpoint asks about the repositories of one registry. It
// is comparable: pings and tokens are kept by it, so that nothing learnt at one
// place is ever used at another.
type address struct {
	scheme string // "" where the ping finds it out
	host   string
	root   string
	free   bool
	plain  bool
	// namespace is the registry that a mirror is asked about.
	namespace string
}

var (
	errNoURL    = errors.New("allowed: http or https, a host, and a path")
	errNoProxy  = errors.New("allowed: http or https, a host, and a user with password")
	errNoMirror = errors.New("it has no URL")
)

// checkURL refuses what the client would not ask as it is written.
func checkURL(u *url.URL) error {
	if !web(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errNoURL
	}
	return nil
}

func web(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Opaque == ""
}

// newEndpoint takes the settings of an endpoint, whose URLs were checked.
func newEndpoint(e config.Endpoint, w *way, pageSize int) endpoint {
	made := endpoint{way: w, url: e.URL, root: apiRoot, plain: e.PlainHTTP, pageSize: pageSize}
	if e.URL != nil {
		made.root = rootOf(e.URL.Path, e.OverridePath)
		made.free = e.OverridePath
		made.plain = false // the URL has said it
	}
	return made
}

// rootOf is the path as containerd reads it: /v2 follows unless it ends so, or
// the path is said to be complete.
func rootOf(given string, complete bool) string {
	root := strings.TrimSuffix(path.Clean("/"+given), "/")
	if complete || strings.HasSuffix(root, apiRoot) {
		return root
	}
	return root + apiRoot
}

// address is where a repository's questions go.
func (e *endpoint) address(r Repository) address {
	at := address{host: r.endpoint(), root: e.root, free: e.free, plain: e.plain}
	if e.url != nil {
		at.scheme, at.host = e.url.Scheme, strings.ToLower(e.url.Host)
	}
	// As containerd: whoever is not the host of the reference is told it.
	if e.mirror || at.host != r.endpoint() {
		at.namespace = r.Host()
	}
	return at
}

// query adds the ns parameter, by which a mirror of several registries knows
// which one is meant. A Link names it perhaps, perhaps not.
func (a address) query(query string) string {
	if a.namespace == "" {
		return query
	}
	parts := slices.DeleteFunc(strings.Split(query, "&"), func(part string) bool {
		return part == "" || strings.HasPrefix(part, "ns=")
	})
	return strings.Join(append(parts, "ns="+url.QueryEscape(a.namespace)), "&")
}

// credentialOf is what the settings file says to sign in with.
func credentialOf(c *config.Credentials) Credential {
	if c == nil {
		return Credential{}
	}
	for _, found := range []Credential{IdentityToken(c.IdentityToken), Bearer(c.Token), Basic(c.Username, c.Password)} {
		if !found.Anonymous() {
			return found.From("registry settings")
		}
	}
	return Credential{}
}

// ownCredentials are those for the registry itself: wherever it is asked, it
// is the one that they are for.
func ownCredentials(r *config.Registry) Credential {
	return credentialOf(cmp.Or(r.Credentials, r.Server.Credentials))
}
