package registry

import (
	"net/http"
	"net/url"
	"strings"
)

// challenge is what a registry wants to see before it answers. The zero value
// is nothing.
type challenge struct {
	scheme  string // "", "basic", "bearer"
	realm   string
	service string
	scope   string
}

// maxChallenge bounds what is parsed of one header.
const maxChallenge = 8 << 10

// challengeOf picks from an answer's WWW-Authenticate headers: Bearer before
// Basic, since Gitea and others offer both and Bearer serves the anonymous too.
func challengeOf(header http.Header) challenge {
	var best challenge
	for _, value := range header.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(value) {
			switch {
			case c.scheme == "bearer" && c.realm != "":
				return c
			case c.scheme == "basic" && best.scheme == "":
				best = c
			}
		}
	}
	return best
}

// parseChallenges reads a header of RFC 9110, section 11.6.1: challenges, each
// a scheme and parameters, all separated by commas. What it cannot read ends it.
func parseChallenges(text string) []challenge {
	if len(text) > maxChallenge {
		return nil
	}
	var found []challenge
	for {
		text = strings.TrimLeft(text, " \t,")
		word, rest := token(text)
		if word == "" {
			return found
		}
		value, after, isParameter := parameter(rest)
		if !isParameter {
			found = append(found, challenge{scheme: strings.ToLower(word)})
			text = rest
			continue
		}
		if len(found) > 0 {
			found[len(found)-1].set(strings.ToLower(word), value)
		}
		text = after
	}
}

func (c *challenge) set(key, value string) {
	switch key {
	case "realm":
		c.realm = value
	case "service":
		c.service = value
	case "scope":
		c.scope = value
	}
}

// parameter reads `= value` or `="quoted value"`.
func parameter(text string) (value, rest string, ok bool) {
	rest, ok = strings.CutPrefix(strings.TrimLeft(text, " \t"), "=")
	if !ok {
		return "", text, false
	}
	rest = strings.TrimLeft(rest, " \t")
	if !strings.HasPrefix(rest, `"`) {
		value, rest = token(rest)
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

// token cuts the leading run of characters that need no quotes. Values without
// quotes are read generously, up to the next separator, blank or quote.
func token(text string) (word, rest string) {
	end := strings.IndexAny(text, " \t,;=\"")
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// tokenService is the URL that tokens come from: TLS, unless the registry
// itself is spoken to in plain HTTP. Its address is the dialer's matter: a
// realm on another host is normal, one on a private address is not.
func (c challenge) tokenService(base *url.URL) (*url.URL, error) {
	realm, err := url.Parse(c.realm)
	if err != nil {
		return nil, badAnswer("parsing the token realm: %w", err)
	}
	if realm.Host == "" || realm.User != nil || realm.Opaque != "" {
		return nil, badAnswer("token realm is not a plain URL")
	}
	if realm.Scheme != "https" && (realm.Scheme != "http" || base.Scheme != "http") {
		return nil, &Error{Kind: Refused, Err: errScheme}
	}
	realm.Fragment = ""
	return realm, nil
}
