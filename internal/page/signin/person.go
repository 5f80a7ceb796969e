// Package signin tells who sends a request to a page that many people share: by a client
// certificate, by a proxy that has authenticated them, or by OpenID Connect.
package signin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// reserved begins the names of users and groups that are the cluster's own.
	reserved = "system:"
	// maxName and maxGroups are more than any directory gives a person.
	maxName, maxGroups = 512, 2000
)

// Person is who sends a request, in the words of the API server.
type Person struct {
	Name   string
	Groups []string
	// Token is the person's own for the API server; empty where the page impersonates them.
	Token string
}

// Key is another for each person, and for each set of groups and token.
func (p Person) Key() string {
	hash := sha256.New()
	for _, part := range append([]string{p.Name, p.Token}, p.Groups...) {
		_, _ = fmt.Fprintf(hash, "%d:%s,", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// RefusalError is why a request is not answered, as one sentence for the person who sent it.
type RefusalError struct {
	// Code is the HTTP status.
	Code     int
	Sentence string
}

func (r *RefusalError) Error() string { return r.Sentence }

func unauthorized(format string, values ...any) *RefusalError {
	return &RefusalError{http.StatusUnauthorized, fmt.Sprintf(format, values...)}
}

func forbidden(format string, values ...any) *RefusalError {
	return &RefusalError{http.StatusForbidden, fmt.Sprintf(format, values...)}
}

// admit returns a person who may sign in, with the groups that count here: those that are
// allowed, or all where allowed is empty.
func admit(p Person, allowed []string) (*Person, error) {
	if len(p.Groups) > maxGroups {
		return nil, forbidden("You are in %d groups, and the page takes at most %d.", len(p.Groups), maxGroups)
	}
	if err := admitName("user", p.Name); err != nil {
		return nil, err
	}
	for _, group := range p.Groups {
		if err := admitName("group", group); err != nil {
			return nil, err
		}
	}
	groups := slices.Clone(p.Groups)
	if len(allowed) > 0 {
		groups = slices.DeleteFunc(groups, func(group string) bool { return !slices.Contains(allowed, group) })
	}
	slices.Sort(groups)
	p.Groups = slices.Compact(groups)
	return &p, nil
}

// admitName refuses a name that no person and no group of people has. Those that begin
// with system: would be all rights of the cluster, or the rights of its own parts. HTTP
// drops the space around a header, by which the API server would read another name than
// was checked here.
func admitName(what, name string) error {
	switch {
	case strings.HasPrefix(name, reserved):
		return forbidden("The %s %q is one of the cluster's own, as all that begin with system: are, and does not sign in here.", what, shown(name))
	case name == "" || strings.TrimSpace(name) != name || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return forbidden("The %s %q is not a name that the page takes: allowed are 1 to %d bytes of text without control characters, and without space around it.", what, shown(name), maxName)
	}
	return nil
}
