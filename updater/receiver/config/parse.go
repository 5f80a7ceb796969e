package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/keelson-dev/keelson/resolver"
	registryconfig "github.com/keelson-dev/keelson/resolver/registry/config"
)

// maxSenders bounds the file: each request is compared with all senders of its
// path.
const maxSenders = 64

// minSecret is how long a secret has to be, in bytes: shorter ones are guessed.
const minSecret = 16

const (
	allowedName     = "a name of letters, digits, - and _, up to 63 characters"
	allowedRegistry = "a host such as harbor.corp or harbor.corp:5000, with a path where the images have one"
	allowedFile     = "a file with a secret of 16 bytes or more"
	allowedWord     = "a file with one line"
	allowedAuth     = "one of hmacSecretFile, bearerTokenFile, queryTokenFile, basic, oidc, and unauthenticated: true"
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$`)

// Parse reads a settings file. name is its path, which messages begin with; the
// files that the settings name are looked for from its folder. The error is of
// type [registryconfig.Faults] and holds all that is wrong.
func Parse(name string, data []byte) (*Config, error) {
	r := &reader{name: name, dir: filepath.Dir(name), read: map[string][]byte{}}
	return r.parse(data)
}

func (r *reader) parse(data []byte) (*Config, error) {
	c := &Config{}
	if root, ok := r.document(data); ok {
		given := r.object(root, fields{
			"apiVersion": func(at value) { r.exactly(at, APIVersion) },
			"kind":       func(at value) { r.exactly(at, Kind) },
			"senders":    func(at value) { c.Senders = r.senders(at) },
		})
		r.need(root, given, "apiVersion", APIVersion)
		r.need(root, given, "kind", Kind)
		r.need(root, given, "senders", "a list of senders")
	}
	if len(r.faults) > 0 {
		return nil, r.sorted()
	}
	return c, nil
}

func (r *reader) senders(at value) []Sender {
	var senders []Sender
	names, open := map[string]int{}, map[SenderKind]int{}
	paths := map[SenderKind]int{}
	for _, item := range r.list(at, "a list of senders") {
		if len(senders) == maxSenders {
			r.bad(item, "too many senders", fmt.Sprintf("up to %d", maxSenders))
			break
		}
		s := r.sender(item)
		line := item.node.Line
		if first, again := names[s.Name]; again && s.Name != "" {
			r.add(registryconfig.Fault{Line: line, Path: item.path + ".name", Value: s.Name,
				Problem: fmt.Sprintf("the same as on line %d; give each sender a name of its own", first)})
		}
		first, shared := paths[s.Kind]
		if _, before := open[s.Kind]; s.Kind != "" && shared && (before || s.Auth.Unauthenticated) {
			r.add(registryconfig.Fault{Line: line, Path: item.path, Problem: fmt.Sprintf(
				"its path is that of the sender on line %d, and one of the two lets everybody in", first)})
		}
		names[s.Name] = line
		if !shared {
			paths[s.Kind] = line
		}
		if s.Auth.Unauthenticated {
			open[s.Kind] = line
		}
		senders = append(senders, s)
	}
	if at.node.ShortTag() == seqTag && len(at.node.Content) == 0 {
		r.bad(at, "the list is empty", "one sender or more")
	}
	return senders
}

func (r *reader) sender(at value) Sender {
	var s Sender
	var ways []value
	way := func(read func(value)) func(value) {
		return func(at value) { ways = append(ways, at); read(at) }
	}
	given := r.object(at, fields{
		"name":            func(at value) { s.Name = r.matching(at, nameForm, allowedName) },
		"sender":          func(at value) { s.Kind = r.kind(at) },
		"registry":        func(at value) { s.Registry = r.registry(at) },
		"hmacSecretFile":  way(func(at value) { s.Auth.HMACSecret = r.secret(at, minSecret, allowedFile) }),
		"bearerTokenFile": way(func(at value) { s.Auth.BearerToken = r.secret(at, minSecret, allowedFile) }),
		"queryTokenFile":  way(func(at value) { s.Auth.QueryToken = r.secret(at, minSecret, allowedFile) }),
		"basic":           way(func(at value) { s.Auth.Basic = r.basic(at) }),
		"oidc":            way(func(at value) { s.Auth.OIDC = r.oidc(at) }),
		"unauthenticated": way(func(at value) { s.Auth.Unauthenticated = r.yes(at) }),
	})
	r.need(at, given, "sender", kindNames())
	if _, ok := given["name"]; !ok {
		s.Name = string(s.Kind)
	}
	if given != nil && s.Kind != "" {
		r.suits(at, s, given, ways)
	}
	return s
}

// suits checks what a kind of sender can do.
func (r *reader) suits(at value, s Sender, given map[string]value, ways []value) {
	switch {
	case len(ways) == 0:
		r.add(registryconfig.Fault{Line: at.node.Line, Path: at.path, Problem: "nothing says how the sender proves who it is", Allowed: allowedAuth})
	case len(ways) > 1:
		r.add(registryconfig.Fault{Line: ways[1].node.Line, Path: ways[1].path,
			Problem: "a sender proves who it is in one way", Allowed: allowedAuth})
	}
	if key, ok := given["hmacSecretFile"]; ok && !s.Kind.Signs() {
		r.bad(key, fmt.Sprintf("%s does not sign what it sends", s.Kind), "")
	}
	if key, ok := given["queryTokenFile"]; ok && !s.Kind.OnlyURL() {
		r.bad(key, "URLs end in logs, and "+string(s.Kind)+" can send a header", "only for dockerhub and quay")
	}
	if key, ok := given["oidc"]; ok && !s.Kind.Google() {
		r.bad(key, fmt.Sprintf("%s sends no such token", s.Kind), "only for gar and gcr")
	}
	if key, ok := given["registry"]; ok && s.Kind == Native {
		r.bad(key, "a native notification names the image in full", "")
	}
	if _, ok := given["registry"]; !ok && s.Kind.NamesNoRegistry() {
		r.need(at, given, "registry", allowedRegistry)
	}
}

func (r *reader) kind(at value) SenderKind {
	text := r.text(at, kindNames())
	for _, kind := range Kinds() {
		if text == string(kind) {
			return kind
		}
	}
	if text != "" {
		r.bad(at, "", kindNames())
	}
	return ""
}

func kindNames() string {
	names := make([]string, 0, len(Kinds()))
	for _, kind := range Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// registry checks that images can begin so, and keeps the spelling that a
// repository has: docker.io, in lower case.
func (r *reader) registry(at value) string {
	text := r.text(at, allowedRegistry)
	if text == "" {
		return ""
	}
	const probe = "/keelson/probe"
	host, _, _ := strings.Cut(text, "/")
	reference, err := resolver.ParseReference(text + probe)
	registry, ok := strings.CutSuffix(reference.Repository, probe)
	// A word without a dot or a port would be a path on Docker Hub.
	if err != nil || !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		r.bad(at, "", allowedRegistry)
		return ""
	}
	return registry
}

func (r *reader) basic(at value) *Basic {
	var b Basic
	given := r.object(at, fields{
		"usernameFile": func(at value) { b.Username = r.secret(at, 1, allowedWord) },
		"passwordFile": func(at value) { b.Password = r.secret(at, minSecret, allowedFile) },
	})
	r.need(at, given, "usernameFile", allowedWord)
	r.need(at, given, "passwordFile", allowedFile)
	return &b
}

func (r *reader) oidc(at value) *OIDC {
	o := OIDC{Issuer: googleIssuer, KeysURL: googleKeys}
	const audience, email = "the audience that the subscription sets", "the e-mail of the subscription's service account"
	given := r.object(at, fields{
		"issuer":   func(at value) { o.Issuer = r.https(at) },
		"audience": func(at value) { o.Audience = r.text(at, audience) },
		"email":    func(at value) { o.Email = r.text(at, email) },
		"keysURL":  func(at value) { o.KeysURL = r.https(at) },
	})
	r.need(at, given, "audience", audience)
	r.need(at, given, "email", email)
	_, issuer := given["issuer"]
	if _, keys := given["keysURL"]; given != nil && issuer != keys {
		r.bad(at, "issuer and keysURL belong together", "both, or neither for Google's")
	}
	return &o
}

func (r *reader) https(at value) string {
	const allowed = "an https:// URL without user, query and fragment"
	text := r.text(at, allowed)
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		at.veiled = true // it may hold a password
		r.bad(at, "", allowed)
	}
	return text
}
