package document

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Challenge is what a registry wants to see before it answers. The zero value
// is nothing.
type Challenge struct {
	Scheme  string // "", "basic", "bearer"
	Realm   string
	Service string
	Scope   string
}

// maxChallenge bounds what is parsed of one header.
const maxChallenge = 8 << 10

// ReadChallenge picks from an answer's WWW-Authenticate headers: Bearer before
// Basic, since Gitea and others offer both and Bearer serves the anonymous too.
func ReadChallenge(header http.Header) Challenge {
	var best Challenge
	for _, value := range header.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(value) {
			switch {
			case c.Scheme == "bearer" && c.Realm != "":
				return c
			case c.Scheme == "basic" && best.Scheme == "":
				best = c
			}
		}
	}
	return best
}

// parseChallenges reads a header of RFC 9110, section 11.6.1: challenges, each
// a scheme and parameters, all separated by commas. What it cannot read ends it.
func parseChallenges(text string) []Challenge {
	if len(text) > maxChallenge {
		return nil
	}
	var found []Challenge
	for {
		text = strings.TrimLeft(text, " \t,")
		word, rest := cutToken(text)
		if word == "" {
			return found
		}
		value, after, isParameter := readParameter(rest)
		if !isParameter {
			found = append(found, Challenge{Scheme: strings.ToLower(word)})
			text = rest
			continue
		}
		if len(found) > 0 {
			found[len(found)-1].set(strings.ToLower(word), value)
		}
		text = after
	}
}

func (c *Challenge) set(key, value string) {
	switch key {
	case "realm":
		c.Realm = value
	case "service":
		c.Service = value
	case "scope":
		c.Scope = value
	}
}

// readParameter reads `= value` or `="quoted value"`.
func readParameter(text string) (value, rest string, ok bool) {
	rest, ok = strings.CutPrefix(strings.TrimLeft(text, " \t"), "=")
	if !ok {
		return "", text, false
	}
	rest = strings.TrimLeft(rest, " \t")
	if !strings.HasPrefix(rest, `"`) {
		value, rest = cutToken(rest)
		return value, rest, true
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			return b.String(), rest[i+1:], true
		case '\\':
			i++
			if i == len(rest) {
				return b.String(), "", true
			}
		}
		b.WriteByte(rest[i])
	}
	return b.String(), "", true
}

// cutToken cuts the leading run of characters that need no quotes. Values without
// quotes are read generously, up to the next separator, blank or quote.
func cutToken(text string) (word, rest string) {
	end := strings.IndexAny(text, " \t,;=\"")
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// TokenService is the URL that tokens come from: TLS, unless the registry
// itself is spoken to in plain HTTP. Its address is the dialer's matter: a
// realm on another host is normal, one on a private address is not.
func (c Challenge) TokenService(base *url.URL) (*url.URL, error) {
	realm, err := url.Parse(c.Realm)
	if err != nil {
		return nil, failure.Bad("parsing the token realm: %w", err)
	}
	if realm.Host == "" || realm.User != nil || realm.Opaque != "" {
		return nil, failure.Bad("token realm is not a plain URL")
	}
	if realm.Scheme != "https" && (realm.Scheme != "http" || base.Scheme != "http") {
		return nil, &failure.Error{Kind: failure.Blocked, Err: failure.ErrScheme}
	}
	realm.Fragment = ""
	return realm, nil
}
