package registry

import (
	"cmp"
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// apiRoot is what repositories hang below, where nothing else is said.
const apiRoot = "/v2"

// endpoint is one place that is asked about repositories: a mirror, or the
// registry itself.
type endpoint struct {
	client *auth.Client
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

var (
	errNoURL    = errors.New("allowed: http or https, a host, and a path")
	errNoProxy  = errors.New("allowed: http or https, a host, and a user with password")
	errNoMirror = errors.New("it has no URL")
)

// checkURL refuses what the client would not ask as it is written.
func checkURL(u *url.URL) error {
	if !isWebURL(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errNoURL
	}
	return nil
}

func isWebURL(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Opaque == ""
}

// newEndpoint takes the settings of an endpoint, whose URLs were checked.
func newEndpoint(e config.Endpoint, client *auth.Client, pageSize int) endpoint {
	made := endpoint{client: client, url: e.URL, root: apiRoot, plain: e.PlainHTTP, pageSize: pageSize}
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

// Address is where a repository is asked about.
func (e *endpoint) address(r Repository) auth.Address {
	at := auth.Address{Host: r.endpoint(), Root: e.root, Free: e.free, Plain: e.plain}
	if e.url != nil {
		at.Scheme, at.Host = e.url.Scheme, strings.ToLower(e.url.Host)
	}
	// As containerd: a host other than the reference's is told which registry is meant.
	if e.mirror || at.Host != r.endpoint() {
		at.Namespace = r.Host()
	}
	return at
}

// credentialOf is what the settings file says to sign in with.
func credentialOf(c *config.Credentials) Credential {
	if c == nil {
		return Credential{}
	}
	for _, found := range []Credential{auth.IdentityToken(c.IdentityToken), auth.Bearer(c.Token), auth.Basic(c.Username, c.Password)} {
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
