package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/internal/configfile"
)

const (
	allowedHosts = "a list of mappings, each with a host"
	allowedURL   = "http:// or https://, a host, :port and /path where needed; no user, query or fragment"
	allowedProxy = "http:// or https://, a host and :port where needed; no user, path, query or fragment"
)

// urlPath has no escapes and no dots that lead elsewhere; a registry needs
// neither.
var urlPath = regexp.MustCompile(`^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

// connection are the keys that a registry and its mirrors share.
func (r *reader) connection(e *Endpoint) configfile.Fields {
	return configfile.Fields{
		"ca":          configfile.Set(&e.RootCAs, r.authorities),
		"client":      configfile.Set(&e.Client, r.client),
		"private":     configfile.Set(&e.Private, r.Boolean),
		"proxy":       configfile.Set(&e.Proxy, r.proxy),
		"credentials": configfile.Set(&e.Credentials, r.credentials),
	}
}

// mirrors leaves out those that must not be asked what a tag stands for: that
// is all that we ask.
func (r *reader) mirrors(at configfile.Value) []Endpoint {
	var mirrors []Endpoint
	r.List(at, allowedHosts, func(at configfile.Value) {
		var e Endpoint
		resolves := true
		known := r.connection(&e)
		known["host"] = configfile.Set(&e.URL, r.address)
		known["overridePath"] = configfile.Set(&e.OverridePath, r.Boolean)
		known["capabilities"] = configfile.Set(&resolves, r.resolves)
		given := r.Object(at, known)
		r.Need(at, given, "host", allowedURL)
		r.noCertificates(&e, given)
		if resolves {
			mirrors = append(mirrors, e)
		}
	})
	return mirrors
}

// resolves reads capabilities as containerd has them.
func (r *reader) resolves(at configfile.Value) bool {
	const allowed = "pull, resolve, push"
	var capabilities []string
	n := r.List(at, "a list of "+allowed, func(at configfile.Value) {
		text := r.Text(at, allowed)
		if text != "" && !slices.Contains(strings.Split(allowed, ", "), text) {
			r.Bad(at, "", allowed)
		}
		capabilities = append(capabilities, text)
	})
	if n == 0 && at.Node.ShortTag() == "!!seq" {
		r.Bad(at, "the list is empty", "leave the key out for all, or a list of "+allowed)
	}
	return slices.Contains(capabilities, "resolve")
}

// noCertificates refuses what only TLS has a use for, where there is none.
func (r *reader) noCertificates(e *Endpoint, given map[string]configfile.Value) {
	if !e.PlainHTTP && (e.URL == nil || e.URL.Scheme != "http") {
		return
	}
	for _, key := range []string{"ca", "client"} {
		if at, ok := given[key]; ok {
			r.Bad(at, "plain HTTP has no certificates", "with https alone")
		}
	}
}

// address reads where a registry or mirror is.
func (r *reader) address(at configfile.Value) *url.URL {
	u := r.url(at, allowedURL)
	if u == nil {
		return nil
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if !urlPath.MatchString(u.Path) {
		r.Bad(at, "", allowedURL)
		return nil
	}
	return u
}

func (r *reader) proxy(at configfile.Value) *url.URL {
	u := r.url(at, allowedProxy)
	if u == nil {
		return nil
	}
	if u.Path != "" && u.Path != "/" {
		r.Bad(at, "", allowedProxy)
		return nil
	}
	u.Path = ""
	return u
}

// url reads scheme, host and path, the host in lower case; nil after a fault.
func (r *reader) url(at configfile.Value, allowed string) *url.URL {
	text := r.Text(at, allowed)
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Opaque != "",
		!validHost(strings.ToLower(u.Host)), u.RawPath != "", strings.ContainsAny(text, "?#%"):
		r.Bad(at, "", allowed)
		return nil
	case u.User != nil:
		r.Bad(at, "a user or password in a URL", allowed)
		return nil
	}
	u.Host = strings.ToLower(u.Host)
	return u
}
