package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
)

// Credential is what one registry is asked with; the zero value is anonymous.
// It prints as its kind, never as its content, whatever the verb and however
// deep inside another value: hence the pointer.
type Credential struct {
	secret *secret
	source string
	owner  string
	place  string
}

type secret struct {
	username, password string
	identityToken      string
	registryToken      string
	id                 string
}

// Basic is a user name and password. Both must be given: one alone is
// anonymous, as every client has it.
func Basic(username, password string) Credential {
	if username == "" || password == "" {
		return Credential{}
	}
	return newCredential(secret{username: username, password: password})
}

// IdentityToken is a token that a token service exchanges for one of its own
// (OAuth2 refresh token, as Azure gives it). Empty is anonymous.
func IdentityToken(token string) Credential {
	if token == "" {
		return Credential{}
	}
	return newCredential(secret{identityToken: token})
}

// Bearer is a token that is sent to the registry as it is. Empty is anonymous.
func Bearer(token string) Credential {
	if token == "" {
		return Credential{}
	}
	return newCredential(secret{registryToken: token})
}

// newCredential computes the ID at once, since it is asked for at every
// resolution.
func newCredential(s secret) Credential {
	hash := sha256.New()
	for _, part := range []string{s.username, s.password, s.identityToken, s.registryToken} {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // lengths keep "a","bc" and "ab","c" apart
	}
	s.id = hex.EncodeToString(hash.Sum(nil))
	return Credential{secret: &s}
}

// ID tells credentials apart without holding one: what was read with one is
// never an answer for another. "" is anonymous.
func (c Credential) ID() string {
	if c.secret == nil {
		return ""
	}
	return c.secret.id
}

// Distinct are the credentials to try, each once and in their order; the anonymous one if
// there is no other.
func Distinct(all []Credential) []Credential {
	if len(all) == 0 {
		return []Credential{{}}
	}
	var distinct []Credential
	for _, c := range all {
		same := func(other Credential) bool { return other.ID() == c.ID() }
		if !slices.ContainsFunc(distinct, same) {
			distinct = append(distinct, c)
		}
	}
	return distinct
}

// From returns the credential with the name of the place that it was found in,
// such as `Secret "shop/regcred"`, for people. It is no part of the ID.
func (c Credential) From(source string) Credential {
	c.source = source
	return c
}

// As names whose credential it is, where that outlives what it is made of: a
// cloud's tokens are others every hour. Only code that finds credentials by
// itself may say so, never what a tenant writes.
func (c Credential) As(identity string) Credential {
	c.owner = identity
	return c
}

// Identity is what an answer is kept for: that of As, or the ID.
func (c Credential) Identity() string {
	if c.secret != nil && c.owner != "" {
		return "identity " + c.owner
	}
	return c.ID()
}

// At names the place that the credential was read from, and the version of what
// is there, such as a Secret's UID and resource version: a place that holds one
// credential for ever, and tells nothing of it. It is no part of the ID. Like As,
// it is for code that finds credentials by itself.
func (c Credential) At(place string) Credential {
	c.place = place
	return c
}

// Place is a name of the credential that may be written down: that of As or At,
// and never one that was made of its content, which could be guessed from it. ""
// is for one that has no such name, and for anonymous.
func (c Credential) Place() string {
	switch {
	case c.secret == nil:
		return ""
	case c.owner != "":
		return c.Identity()
	default:
		return c.place
	}
}

// Source is where the credential was found; "" if that was not said.
func (c Credential) Source() string { return c.source }

// Anonymous reports whether there is nothing to send.
func (c Credential) Anonymous() bool { return c.secret == nil }

// String names the kind.
func (c Credential) String() string {
	switch {
	case c.secret == nil:
		return "anonymous"
	case c.secret.identityToken != "":
		return "identity token (redacted)"
	case c.secret.registryToken != "":
		return "registry token (redacted)"
	default:
		return "user and password (redacted)"
	}
}

// GoString is String, for %#v.
func (c Credential) GoString() string { return c.String() }

// MarshalText is String, so that no encoder finds more.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalJSON is String, quoted.
func (c Credential) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", c.String()), nil }

// basic is the Authorization header of a Basic challenge; "" where the
// credential has no answer to one.
func (c Credential) basic() string {
	if c.secret == nil || c.secret.username == "" {
		return ""
	}
	pair := c.secret.username + ":" + c.secret.password
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// identity is the token for an OAuth2 exchange, or "".
func (c Credential) identity() string {
	if c.secret == nil {
		return ""
	}
	return c.secret.identityToken
}

// ready is the Authorization header that needs no exchange, or "".
func (c Credential) ready() string {
	if c.secret == nil || c.secret.registryToken == "" {
		return ""
	}
	return "Bearer " + c.secret.registryToken
}
