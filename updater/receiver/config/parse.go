package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/resolver"
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

// secretKeys name files: who takes one for the secret itself must not find that in a
// log.
var secretKeys = []string{"hmacSecretFile", "bearerTokenFile", "queryTokenFile", "usernameFile", "passwordFile"}

// Parse reads a settings file. name is its path, which messages begin with; the
// files that the settings name are read of from, for a [configfile.Watcher]; nil are
// those of its folder. The error is of type [configfile.Faults] and holds all that is
// wrong.
func Parse(name string, data []byte, from *configfile.Files) (*Config, error) {
	format := configfile.Format{APIVersion: APIVersion, Kind: Kind, Secret: secretKeys}
	return configfile.Parse(format, name, data, from, func(common *configfile.Reader, root configfile.Value) *Config {
		r := &reader{common}
		return r.config(root)
	})
}

type reader struct{ *configfile.Reader }

func (r *reader) config(at configfile.Value) *Config {
	c := &Config{}
	given := r.Root(at, configfile.Fields{"senders": configfile.Set(&c.Senders, r.senders)})
	r.Need(at, given, "senders", "a list of senders")
	return c
}

func (r *reader) senders(at configfile.Value) []Sender {
	var senders []Sender
	names, open := map[string]int{}, map[SenderKind]int{}
	paths := map[SenderKind]int{}
	n := r.List(at, "a list of senders", func(item configfile.Value) {
		if len(senders) == maxSenders {
			return
		}
		s := r.sender(item)
		line := item.Node.Line
		if first, again := names[s.Name]; again && s.Name != "" {
			r.Add(configfile.Fault{Line: line, Path: item.Path + ".name", Value: s.Name,
				Problem: fmt.Sprintf("the same as on line %d; give each sender a name of its own", first)})
		}
		first, shared := paths[s.Kind]
		if _, before := open[s.Kind]; s.Kind != "" && shared && (before || s.Auth.Unauthenticated) {
			r.Add(configfile.Fault{Line: line, Path: item.Path, Problem: fmt.Sprintf(
				"its path is that of the sender on line %d, and one of the two lets every sender in", first)})
		}
		names[s.Name] = line
		if !shared {
			paths[s.Kind] = line
		}
		if s.Auth.Unauthenticated {
			open[s.Kind] = line
		}
		senders = append(senders, s)
	})
	switch {
	case n > maxSenders:
		r.Bad(at, "too many senders", fmt.Sprintf("up to %d", maxSenders))
	case n == 0 && at.Has("!!seq"):
		r.Bad(at, "the list is empty", "one sender or more")
	}
	return senders
}

func (r *reader) sender(at configfile.Value) Sender {
	var s Sender
	var ways []configfile.Value
	way := func(read func(configfile.Value)) func(configfile.Value) {
		return func(at configfile.Value) { ways = append(ways, at); read(at) }
	}
	secret := func(to *Secret) func(configfile.Value) {
		return way(configfile.Set(to, r.secret(minSecret, allowedFile)))
	}
	given := r.Object(at, configfile.Fields{
		"name":            configfile.Set(&s.Name, r.name),
		"sender":          configfile.Set(&s.Kind, r.kind),
		"registry":        configfile.Set(&s.Registry, r.registry),
		"hmacSecretFile":  secret(&s.Auth.HMACSecret),
		"bearerTokenFile": secret(&s.Auth.BearerToken),
		"queryTokenFile":  secret(&s.Auth.QueryToken),
		"basic":           way(configfile.Set(&s.Auth.Basic, r.basic)),
		"oidc":            way(configfile.Set(&s.Auth.OIDC, r.oidc)),
		"unauthenticated": way(configfile.Set(&s.Auth.Unauthenticated, r.yes)),
	})
	r.Need(at, given, "sender", kindNames())
	if _, ok := given["name"]; !ok {
		s.Name = string(s.Kind)
	}
	if given != nil && s.Kind != "" {
		r.suits(at, s, given, ways)
	}
	return s
}

func (r *reader) name(at configfile.Value) string {
	text := r.Text(at, allowedName)
	if text != "" && !nameForm.MatchString(text) {
		r.Bad(at, "", allowedName)
		return ""
	}
	return text
}

// yes reads what has to be said explicitly, and has no other value.
func (r *reader) yes(at configfile.Value) bool {
	if at.Has("!!bool") && strings.EqualFold(at.Node.Value, "true") {
		return true
	}
	r.Bad(at, "", "true")
	return false
}

// secret reads the file that a value names.
func (r *reader) secret(least int, allowed string) func(configfile.Value) Secret {
	return func(at configfile.Value) Secret {
		data, ok := r.File(at, allowed)
		text := strings.TrimSpace(string(data))
		switch {
		case !ok:
		case len(text) < least:
			r.Bad(at, fmt.Sprintf("the file holds %d bytes", len(text)), allowed)
		case strings.ContainsAny(text, "\r\n"):
			r.Bad(at, "the file has several lines", "one secret a file; list the sender twice to take an old and a new one")
		default:
			return Secret(text)
		}
		return ""
	}
}

// suits checks what a kind of sender can do.
func (r *reader) suits(at configfile.Value, s Sender, given map[string]configfile.Value, ways []configfile.Value) {
	switch {
	case len(ways) == 0:
		r.Add(configfile.Fault{Line: at.Node.Line, Path: at.Path, Problem: "nothing says how the sender proves who it is", Allowed: allowedAuth})
	case len(ways) > 1:
		r.Add(configfile.Fault{Line: ways[1].Node.Line, Path: ways[1].Path,
			Problem: "a sender proves who it is in one way", Allowed: allowedAuth})
	}
	if key, ok := given["hmacSecretFile"]; ok && !s.Kind.Signs() {
		r.Bad(key, fmt.Sprintf("%s does not sign what it sends", s.Kind), "")
	}
	if key, ok := given["queryTokenFile"]; ok && !s.Kind.OnlyURL() {
		r.Bad(key, "URLs end in logs, and "+string(s.Kind)+" can send a header", "only for dockerhub and quay")
	}
	if key, ok := given["oidc"]; ok && !s.Kind.Google() {
		r.Bad(key, fmt.Sprintf("%s sends no such token", s.Kind), "only for gar and gcr")
	}
	if key, ok := given["registry"]; ok && s.Kind == Native {
		r.Bad(key, "a native notification names the image in full", "")
	}
	if _, ok := given["registry"]; !ok && s.Kind.NamesNoRegistry() {
		r.Need(at, given, "registry", allowedRegistry)
	}
}

func (r *reader) kind(at configfile.Value) SenderKind {
	text := r.Text(at, kindNames())
	for _, kind := range Kinds() {
		if text == string(kind) {
			return kind
		}
	}
	if text != "" {
		r.Bad(at, "", kindNames())
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
func (r *reader) registry(at configfile.Value) string {
	text := r.Text(at, allowedRegistry)
	if text == "" {
		return ""
	}
	const probe = "/garboard/probe"
	host, _, _ := strings.Cut(text, "/")
	reference, err := resolver.ParseReference(text + probe)
	registry, ok := strings.CutSuffix(reference.Repository.String(), probe)
	// A word without a dot or a port would be a path on Docker Hub.
	if err != nil || !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		r.Bad(at, "", allowedRegistry)
		return ""
	}
	return registry
}

func (r *reader) basic(at configfile.Value) *Basic {
	var b Basic
	given := r.Object(at, configfile.Fields{
		"usernameFile": configfile.Set(&b.Username, r.secret(1, allowedWord)),
		"passwordFile": configfile.Set(&b.Password, r.secret(minSecret, allowedFile)),
	})
	r.Need(at, given, "usernameFile", allowedWord)
	r.Need(at, given, "passwordFile", allowedFile)
	return &b
}

func (r *reader) oidc(at configfile.Value) *OIDC {
	o := OIDC{Issuer: googleIssuer, KeysURL: googleKeys}
	const audience, email = "the audience that the subscription sets", "the e-mail of the subscription's service account"
	given := r.Object(at, configfile.Fields{
		"issuer":   configfile.Set(&o.Issuer, r.https),
		"audience": func(at configfile.Value) { o.Audience = r.Text(at, audience) },
		"email":    func(at configfile.Value) { o.Email = r.Text(at, email) },
		"keysURL":  configfile.Set(&o.KeysURL, r.https),
	})
	r.Need(at, given, "audience", audience)
	r.Need(at, given, "email", email)
	_, issuer := given["issuer"]
	if _, keys := given["keysURL"]; given != nil && issuer != keys {
		r.Bad(at, "issuer and keysURL belong together", "both, or neither for Google's")
	}
	return &o
}

func (r *reader) https(at configfile.Value) string {
	const allowed = "an https:// URL without user, query and fragment"
	text := r.Text(at, allowed)
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		at.Veiled = true // it may hold a password
		r.Bad(at, "", allowed)
	}
	return text
}
