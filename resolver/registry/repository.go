package registry

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// Repository is a canonical name of a repository: docker.io/library/nginx. It comes from
// a parser and nowhere else, so that who holds one need not look at it again. The zero
// value is none. Equal names are equal values.
type Repository struct {
	name string // host/path
	host int    // how long the host is
}

// Host is lower-case, with the port if one was written; docker.io for Docker Hub.
func (r Repository) Host() string { return r.name[:r.host] }

// Path is what follows: library/nginx.
func (r Repository) Path() string {
	if r.name == "" {
		return ""
	}
	return r.name[r.host+1:]
}

// String is the canonical name; "" where there is none.
func (r Repository) String() string { return r.name }

// dockerHub is the name that Docker Hub has in references, and hubAPI the host
// that answers for it.
const (
	dockerHub = "docker.io"
	hubAPI    = "registry-1.docker.io"
)

// maxName is longer than any host and path together may be.
const maxName = 255 + 1 + 255

// ParseRepository reads `host/path`, without tag and digest. A name in short
// form (nginx) becomes its canonical self, docker.io/library/nginx.
func ParseRepository(text string) (Repository, error) {
	if len(text) > maxName {
		return Repository{}, fmt.Errorf("parsing a repository of %d characters: at most %d are allowed", len(text), maxName)
	}
	if plain, ok := PlainRepository(text); ok {
		return plain, nil
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return Repository{}, fmt.Errorf("parsing repository %q: %w", text, err)
	}
	if !reference.IsNameOnly(named) {
		return Repository{}, fmt.Errorf("parsing repository %q: a tag or digest does not belong here", text)
	}
	return NewRepository(named)
}

// HostError refuses a reference whose first part is meant for a host, and can be none of a
// registry: by a capital letter alone it is told from a path, and container runtimes take it
// for the name of a machine in the local network; or it has an underscore, and they see no
// registry at all; or it is another spelling of a host.
type HostError struct {
	// Host is the part as it was written, and Canonical how it has to be, if it is that.
	Host, Canonical string
}

func (e *HostError) Error() string {
	switch {
	case e.Canonical != "":
		return fmt.Sprintf("%q is another spelling of a host; allowed: %q", e.Host, e.Canonical)
	case strings.Contains(e.Host, "_"):
		return fmt.Sprintf("%q is no host of a registry: letters, digits, '-' and '.' are allowed", e.Host)
	default:
		return fmt.Sprintf("the capital letter makes %q a host, and a registry's host needs a dot or a port", e.Host)
	}
}

// NewRepository takes the name of a parsed reference. The error is a *HostError.
func NewRepository(named reference.Named) (Repository, error) {
	host := strings.ToLower(reference.Domain(named))
	// The grammar takes "a_b.io/app" for a path that has no host.
	if host == "" {
		written, _, _ := strings.Cut(named.Name(), "/")
		return Repository{}, &HostError{Host: written}
	}
	// It also takes a host that is told from a path by a capital
	// letter alone: in lower case it would name a Docker Hub repository.
	if host != "localhost" && !strings.ContainsAny(host, ".:") {
		return Repository{}, &HostError{Host: reference.Domain(named)}
	}
	// Settings of a registry, and what bounds the requests to it, go by its name.
	if canonical := config.CanonicalHost(host); canonical != host {
		return Repository{}, &HostError{Host: reference.Domain(named), Canonical: canonical}
	}
	return Repository{name: host + "/" + reference.Path(named), host: len(host)}, nil
}

// endpoint is the host that requests go to.
func (r Repository) endpoint() string { return endpointOf(r.Host()) }

// endpointOf is where the host of a reference answers.
func endpointOf(host string) string {
	if host == dockerHub {
		return hubAPI
	}
	return host
}

// HostOf is the host that references name where an endpoint answers: the other way round
// of where requests go.
func HostOf(endpoint string) string {
	if endpoint == hubAPI {
		return dockerHub
	}
	return endpoint
}
