package config

import "strings"

const allowedCredentials = "username with password or passwordFile, identityToken or identityTokenFile, or token or tokenFile"

// credentials reads what to sign in with. No message shows what is given.
func (r *reader) credentials(at value) *Credentials {
	var c Credentials
	given := r.object(at, fields{
		"username":          set(&c.Username, r.username),
		"password":          set(&c.Password, r.secret),
		"passwordFile":      set(&c.Password, r.secretFile),
		"identityToken":     set(&c.IdentityToken, r.token),
		"identityTokenFile": set(&c.IdentityToken, r.tokenFile),
		"token":             set(&c.Token, r.token),
		"tokenFile":         set(&c.Token, r.tokenFile),
	})
	if 2*len(given) != len(at.node.Content) {
		return nil // What is missing may stand under the key that nobody knows.
	}
	if given == nil {
		return nil
	}
	ways := 0
	for _, key := range []string{"password", "identityToken", "token"} {
		_, inline := given[key]
		file, named := given[key+"File"]
		if inline && named {
			r.add(Fault{Line: file.node.Line, Path: file.path, Problem: key + " is given too", Allowed: "one of the two"})
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
		r.bad(at, "nothing to sign in with", allowedCredentials)
	case ways > 1:
		r.bad(at, "several ways to sign in", allowedCredentials)
	case user != (password || passwordFile):
		r.bad(at, "a user name and a password are given together", allowedCredentials)
	}
	return &c
}

// username has no colon: Basic authentication ends it there.
func (r *reader) username(at value) string {
	const allowed = "a text without a colon"
	name := r.text(at, allowed)
	if strings.Contains(name, ":") {
		r.bad(at, "", allowed)
	}
	return name
}

func (r *reader) secret(at value) string { return r.text(at, "a text") }

// secretFile reads a secret from a file, without the line end that editors add.
func (r *reader) secretFile(at value) string {
	data, ok := r.file(at, "a file with nothing but the secret")
	if !ok {
		return ""
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		r.bad(at, "the file is empty", "a file with nothing but the secret")
	}
	return text
}

func (r *reader) token(at value) string { return r.header(at, r.secret(at)) }

func (r *reader) tokenFile(at value) string { return r.header(at, r.secretFile(at)) }

// header refuses a token that no HTTP header can hold, which would fail each
// request later on.
func (r *reader) header(at value, token string) string {
	if strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.bad(at, "the token has blanks, line ends or letters that no token has", "printable ASCII")
		return ""
	}
	return token
}
