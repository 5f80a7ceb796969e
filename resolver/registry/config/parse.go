package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
)

// What a settings file says it is.
const (
	APIVersion = "keelson.dev/v1alpha1"
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
// files that the settings name are looked for from its folder. The error is
// always of type Faults, and holds all that is wrong; but what is no plain YAML
// is told alone, since the rest of it means nothing.
func Parse(name string, data []byte) (*Config, error) {
	return parse(name, data, newFiles(filepath.Dir(name)))
}

func parse(name string, data []byte, from *files) (*Config, error) {
	r := &reader{name: name, files: from}
	var c *Config
	if root, ok := r.document(data); ok {
		c = r.config(root)
	}
	if faults := r.all(); len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// reader goes through one file and gathers what is wrong with it.
type reader struct {
	name   string
	files  *files
	faults Faults
	untold int // faults beyond the bound
}

func (r *reader) config(at value) *Config {
	c := &Config{}
	given := r.object(at, fields{
		"apiVersion": func(at value) { r.exactly(at, APIVersion) },
		"kind":       func(at value) { r.exactly(at, Kind) },
		"allow":      set(&c.Allow, r.allow),
		"deny":       set(&c.Deny, r.patterns),
		"registries": set(&c.Registries, r.registries),
	})
	r.need(at, given, "apiVersion", APIVersion)
	r.need(at, given, "kind", Kind)
	return c
}

// need asks for a key. A value that is no mapping has its fault already.
func (r *reader) need(at value, given map[string]value, key, allowed string) {
	if _, ok := given[key]; !ok && given != nil {
		r.add(Fault{Line: at.node.Line, Path: at.key(key, nil).path, Problem: "required", Allowed: allowed})
	}
}

func (r *reader) exactly(at value, want string) {
	if got := r.text(at, want); got != "" && got != want {
		r.bad(at, "", want)
	}
}

// pattern is nil after a fault: the zero Pattern is that of every registry.
func (r *reader) pattern(at value) *Pattern {
	text := r.text(at, allowedPattern)
	if text == "" {
		return nil
	}
	p, err := ParsePattern(text)
	if err != nil {
		r.bad(at, "", allowedPattern)
		return nil
	}
	return &p
}

func (r *reader) patterns(at value) []Pattern {
	var patterns []Pattern
	r.list(at, "a list, each "+allowedPattern, func(at value) {
		if p := r.pattern(at); p != nil {
			patterns = append(patterns, *p)
		}
	})
	return patterns
}

// allow refuses an empty list: to some it means nothing, to others everything.
func (r *reader) allow(at value) []Pattern {
	patterns := r.patterns(at)
	if at.node.ShortTag() == "!!seq" && len(at.node.Content) == 0 {
		r.bad(at, "the list is empty; leave the key out to allow every registry", "")
	}
	return patterns
}

// registries are sorted so that the first that matches is the one that counts.
func (r *reader) registries(at value) []Registry {
	var registries []Registry
	lines := map[Pattern]int{}
	r.list(at, "a list of mappings, each with a prefix", func(at value) {
		registry, prefix := r.registry(at)
		if prefix == nil {
			return
		}
		if line, again := lines[registry.Prefix]; again {
			r.bad(*prefix, fmt.Sprintf("the same as on line %d", line), "each prefix once")
			return
		}
		lines[registry.Prefix] = prefix.node.Line
		registries = append(registries, registry)
	})
	slices.SortStableFunc(registries, func(a, b Registry) int { return a.Prefix.compare(b.Prefix) })
	return registries
}

// registry also returns the prefix as it was given; nil where it is no good.
func (r *reader) registry(at value) (registry Registry, prefix *value) {
	g := &registry
	known := r.connection(&g.Server)
	known["prefix"] = func(at value) {
		if p := r.pattern(at); p != nil {
			g.Prefix, prefix = *p, &at
		}
	}
	known["server"] = set(&g.Server.URL, r.address)
	known["hosts"] = set(&g.Mirrors, r.mirrors)
	known["plainHTTP"] = set(&g.Server.PlainHTTP, r.boolean)
	known["requestsPerSecond"] = set(&g.RequestsPerSecond, r.rate)
	known["burst"] = set(&g.Burst, r.whole(maxBurst))
	known["concurrency"] = set(&g.Concurrency, r.whole(maxConcurrency))
	known["pageSize"] = set(&g.PageSize, r.whole(maxPageSize))
	known["pollMinimum"] = set(&g.PollMinimum, r.duration)
	given := r.object(at, known)
	r.need(at, given, "prefix", allowedPattern)

	_, hasServer := given["server"]
	if g.Server.PlainHTTP && hasServer {
		r.bad(given["plainHTTP"], "the URL of server says how it is spoken to", "without server")
	}
	if prefix != nil && g.Prefix.every() && !hasServer {
		r.noIdentity(given)
	}
	r.noCertificates(&g.Server, given)
	g.Credentials = g.Server.Credentials
	return registry, prefix
}

// noIdentity keeps what we sign in with from whatever host an image names.
func (r *reader) noIdentity(given map[string]value) {
	for _, key := range []string{"credentials", "client"} {
		if at, ok := given[key]; ok {
			r.bad(at, "every registry that an image names would see it", "under the prefix of a registry or domain, or with server")
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
