package config

import (
	"cmp"
	"crypto/x509"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/garboard-dev/garboard/internal/configfile"
)

// What a settings file says it is.
const (
	APIVersion = "garboard.dev/v1alpha1"
	Kind       = "RegistriesConfig"
)

// What the numbers may be: Docker Hub's and Amazon's largest pages are below
// maxPageSize, and nothing is gained beyond the others.
const (
	maxPageSize    = 10_000
	maxBurst       = 10_000
	maxConcurrency = 1000
)

// Parse reads a settings file. name is its path, which messages begin with; the
// files that the settings name are read of from, for a [configfile.Watcher]; nil are
// those of its folder. The error is always of type Faults, and holds all that is wrong;
// but if the file is not plain YAML, that is the only fault, since the rest means nothing.
func Parse(name string, data []byte, from *configfile.Files) (*Config, error) {
	return configfile.Parse(format(), name, data, from, func(common *configfile.Reader, root configfile.Value) *Config {
		r := &reader{Reader: common, pools: map[string]*x509.CertPool{}}
		return r.config(root)
	})
}

func format() configfile.Format {
	return configfile.Format{
		APIVersion: APIVersion, Kind: Kind,
		Secret: []string{"credentials", "username", "password", "identityToken", "token"},
		Advice: func(key string) string {
			if key == "skipverify" || key == "insecureskipverify" {
				return "certificates are always verified; give the CA instead, as ca"
			}
			return ""
		},
	}
}

// reader goes through one file.
type reader struct {
	*configfile.Reader
	pools map[string]*x509.CertPool // by PEM text: bundles are large and shared
}

func (r *reader) config(at configfile.Value) *Config {
	c := &Config{}
	r.Root(at, configfile.Fields{
		"allow":      configfile.Set(&c.Allow, r.allow),
		"deny":       configfile.Set(&c.Deny, r.patterns),
		"registries": configfile.Set(&c.Registries, r.registries),
	})
	return c
}

// pattern is nil after a fault: the zero Pattern is that of every registry. images tells
// that it is of images alone, and not of token services too.
func (r *reader) pattern(at configfile.Value, images bool) *Pattern {
	text := r.Text(at, allowedPattern)
	if text == "" {
		return nil
	}
	p, err := ParsePattern(text)
	if err != nil {
		r.Bad(at, "", allowedPattern)
		return nil
	}
	if why := p.misses(text, images); why != "" {
		r.Bad(at, why, allowedPattern)
		return nil
	}
	return &p
}

func (r *reader) patterns(at configfile.Value) []Pattern {
	var patterns []Pattern
	r.List(at, "a list, each "+allowedPattern, func(at configfile.Value) {
		if p := r.pattern(at, true); p != nil {
			patterns = append(patterns, *p)
		}
	})
	return patterns
}

// allow refuses an empty list: to some it means nothing, to others everything.
func (r *reader) allow(at configfile.Value) []Pattern {
	patterns := r.patterns(at)
	if at.Node.ShortTag() == "!!seq" && len(at.Node.Content) == 0 {
		r.Bad(at, "the list is empty; leave the key out to allow every registry", "")
	}
	return patterns
}

// registries are sorted so that the first that matches is the one that counts.
func (r *reader) registries(at configfile.Value) []Registry {
	var registries []Registry
	lines := map[Pattern]int{}
	r.List(at, "a list of mappings, each with a prefix", func(at configfile.Value) {
		registry, prefix := r.registry(at)
		if prefix == nil {
			return
		}
		if line, again := lines[registry.Prefix]; again {
			r.Once(*prefix, line, "each prefix once")
			return
		}
		lines[registry.Prefix] = prefix.Node.Line
		registries = append(registries, registry)
	})
	slices.SortStableFunc(registries, func(a, b Registry) int { return a.Prefix.compare(b.Prefix) })
	return registries
}

// registry also returns the prefix as it was given; nil where it is no good.
func (r *reader) registry(at configfile.Value) (registry Registry, prefix *configfile.Value) {
	g := &registry
	known := r.connection(&g.Server)
	known["prefix"] = func(at configfile.Value) {
		if p := r.pattern(at, false); p != nil {
			g.Prefix, prefix = *p, &at
		}
	}
	known["server"] = configfile.Set(&g.Server.URL, r.address)
	known["hosts"] = configfile.Set(&g.Mirrors, r.mirrors)
	known["plainHTTP"] = configfile.Set(&g.Server.PlainHTTP, r.Boolean)
	known["requestsPerSecond"] = configfile.Set(&g.RequestsPerSecond, r.rate)
	known["burst"] = configfile.Set(&g.Burst, r.Whole(maxBurst))
	known["concurrency"] = configfile.Set(&g.Concurrency, r.Whole(maxConcurrency))
	known["pageSize"] = configfile.Set(&g.PageSize, r.Whole(maxPageSize))
	known["pollMinimum"] = configfile.Set(&g.PollMinimum, r.Duration(time.Second, 0, "a duration of 1s or more, such as 5m or 1h30m"))
	given := r.Object(at, known)
	r.Need(at, given, "prefix", allowedPattern)

	_, hasServer := given["server"]
	if g.Server.PlainHTTP && hasServer {
		r.Bad(given["plainHTTP"], "the URL of server says how it is spoken to", "without server")
	}
	if prefix != nil && g.Prefix.every() && !hasServer {
		r.noIdentity(given)
	}
	r.noCertificates(&g.Server, given)
	g.Credentials = g.Server.Credentials
	return registry, prefix
}

// noIdentity keeps what we sign in with from whatever host an image names.
func (r *reader) noIdentity(given map[string]configfile.Value) {
	for _, key := range []string{"credentials", "client"} {
		if at, ok := given[key]; ok {
			r.Bad(at, "every registry that an image names would see it", "under the prefix of a registry or domain, or with server")
		}
	}
}

// compare puts the pattern that says more first: the longer path, then the
// exact host, then the longer domain; * is last.
func (p Pattern) compare(q Pattern) int {
	rank := func(p Pattern) int {
		switch {
		case p.host == "":
			return 2
		case p.wild:
			return 1
		default:
			return 0
		}
	}
	return cmp.Or(
		cmp.Compare(len(q.path), len(p.path)),
		cmp.Compare(rank(p), rank(q)),
		cmp.Compare(len(q.host), len(p.host)),
		cmp.Compare(p.String(), q.String()),
	)
}

// rate reads a number above 0.
func (r *reader) rate(at configfile.Value) float64 {
	const allowed = "a number above 0"
	if !at.Has("!!int") && !r.Is(at, "!!float", allowed) {
		return 0
	}
	n, err := strconv.ParseFloat(at.Node.Value, 64)
	if err != nil || !(n > 0) || math.IsInf(n, 0) {
		r.Bad(at, "", allowed)
		return 0
	}
	return n
}
