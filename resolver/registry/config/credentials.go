package config

import (
	"strings"

	"github.com/garboard-dev/garboard/internal/configfile"
)

const allowedCredentials = "username with password or passwordFile, identityToken or identityTokenFile, or token or tokenFile"

// credentials reads what to sign in with. No message shows what is given.
func (r *reader) credentials(at configfile.Value) *Credentials {
	var c Credentials
	given := r.Object(at, configfile.Fields{
		"username":          configfile.Set(&c.Username, r.username),
		"password":          configfile.Set(&c.Password, r.secret),
		"passwordFile":      configfile.Set(&c.Password, r.SecretFile),
		"identityToken":     configfile.Set(&c.IdentityToken, r.token),
		"identityTokenFile": configfile.Set(&c.IdentityToken, r.tokenFile),
		"token":             configfile.Set(&c.Token, r.token),
		"tokenFile":         configfile.Set(&c.Token, r.tokenFile),
	})
	if 2*len(given) != len(at.Node.Content) {
		return nil // What is missing may stand under the unknown key.
	}
	if given == nil {
		return nil
	}
	ways := 0
	for _, key := range []string{"password", "identityToken", "token"} {
		_, inline := given[key]
		file, named := given[key+"File"]
		if inline && named {
			r.Add(configfile.Fault{Line: file.Node.Line, Path: file.Path, Problem: key + " is given too", Allowed: "one of the two"})
		}
		if inline || named {
			ways++
		}
	}
	_, user := given["username"]
	_, password := given["password"]
	_, passwordFile := given["passwordFile"]
	switch {
	case ways == 0 && !user:
		r.Bad(at, "nothing to sign in with", allowedCredentials)
	case ways > 1:
		r.Bad(at, "several ways to sign in", allowedCredentials)
	case user != (password || passwordFile):
		r.Bad(at, "a user name and a password are given together", allowedCredentials)
	}
	return &c
}

// username has no colon: Basic authentication ends it there.
func (r *reader) username(at configfile.Value) string {
	const allowed = "a text without a colon"
	name := r.Text(at, allowed)
	if strings.Contains(name, ":") {
		r.Bad(at, "", allowed)
	}
	return name
}

func (r *reader) secret(at configfile.Value) string { return r.Text(at, "a text") }

func (r *reader) token(at configfile.Value) string { return r.header(at, r.secret(at)) }

func (r *reader) tokenFile(at configfile.Value) string { return r.header(at, r.SecretFile(at)) }

// header refuses a token that no HTTP header can hold, which would fail each
// request later on.
func (r *reader) header(at configfile.Value, token string) string {
	if strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.Bad(at, "the token has blanks, line ends or letters that no token has", "printable ASCII")
		return ""
	}
	return token
}
