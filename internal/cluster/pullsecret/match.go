package pullsecret

import (
	"cmp"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver"
)

// Docker Hub is docker.io in references. The key that `docker login` writes for
// it is https://index.docker.io/v1/.
const (
	dockerHub      = "docker.io"
	dockerHubIndex = "index.docker.io"
)

// location is a key of a Secret's entries, or the repository that is looked up,
// taken apart. In a key, the labels are globs.
type location struct {
	labels []string // of the host, between its dots
	port   string
	path   string // with the slash that it begins with
}

// parseLocation takes host[:port][/path] apart, as the kubelet does: as a URL without a
// scheme. What cannot be one leads nowhere.
func parseLocation(text string) (at location, ok bool) {
	parsed, err := url.Parse("https://" + text)
	if err != nil {
		return location{}, false
	}
	host, port, err := net.SplitHostPort(parsed.Host)
	if err != nil { // no port
		host, port = parsed.Host, ""
	}
	return location{labels: strings.Split(host, "."), port: port, path: parsed.Path}, true
}

// normalKey returns a key as the kubelet's index has it: without what says nothing
// about where it leads, which is the scheme, a user, a query, a fragment, the version
// of the registry's API and a lone slash. What cannot be a URL is no key.
func normalKey(key string) (text string, ok bool) {
	if !strings.HasPrefix(key, "https://") && !strings.HasPrefix(key, "http://") {
		key = "https://" + key
	}
	parsed, err := url.Parse(key)
	if err != nil {
		return "", false
	}
	rest := parsed.Path
	if strings.HasPrefix(rest, "/v1/") || strings.HasPrefix(rest, "/v2/") {
		rest = rest[len("/v1"):]
	}
	if rest == "/" {
		rest = ""
	}
	return parsed.Host + rest, true
}

// covers reports whether the key is one for the repository: as many labels, each
// of which matches, the same port as it is written, and the beginning of the
// path, letter by letter and not segment by segment.
func (l location) covers(repository location) bool {
	if l.port != repository.port || len(l.labels) != len(repository.labels) || !strings.HasPrefix(repository.path, l.path) {
		return false
	}
	for i, glob := range l.labels {
		if ok, err := path.Match(glob, repository.labels[i]); err != nil || !ok {
			return false
		}
	}
	return true
}

// login is one entry of a Secret.
type login struct {
	key        string // normal
	at         location
	credential resolver.Credential
}

// keyring is what a Secret holds.
type keyring []login

// lookupCredentials returns the credentials for host/path out of several Secrets. All
// their entries are one keyring: of the keys, the last in the order of text
// comes first, and so a longer path before a shorter one; of the entries of one
// key, that of the first Secret.
func lookupCredentials(rings []keyring, repository string) []resolver.Credential {
	at, ok := parseLocation(repository)
	matched := pick(rings, func(l login) bool { return ok && l.at.covers(at) })
	if host, _, _ := strings.Cut(repository, "/"); len(matched) == 0 && host == dockerHub {
		matched = pick(rings, func(l login) bool { return l.key == dockerHubIndex })
	}
	slices.SortStableFunc(matched, func(a, b login) int { return cmp.Compare(b.key, a.key) })
	found := make([]resolver.Credential, len(matched))
	for i, l := range matched {
		found[i] = l.credential
	}
	return found
}

func pick(rings []keyring, wanted func(login) bool) []login {
	var picked []login
	for _, ring := range rings {
		for _, l := range ring {
			if wanted(l) {
				picked = append(picked, l)
			}
		}
	}
	return picked
}
