package signin

import (
	"encoding/json"

	"github.com/coreos/go-oidc/v3/oidc"
)

// personOf reads the claims that say who a token is of.
func (o *OIDC) personOf(token *oidc.IDToken) (*Person, error) {
	claims := map[string]json.RawMessage{}
	if err := token.Claims(&claims); err != nil {
		return nil, forbidden("The identity provider's token cannot be read: %s.", shown(err.Error()))
	}
	for name, want := range o.options.Required {
		if got, ok := textOf(claims[name]); !ok || got != want {
			return nil, forbidden("The identity provider's token has not the claim %s with the value %q, which this page asks for.", name, shown(want))
		}
	}
	name, ok := textOf(claims[o.options.UsernameClaim])
	if !ok || name == "" {
		return nil, forbidden("The identity provider's token names no user: it has no text in the claim %s.", o.options.UsernameClaim)
	}
	if verified, given := claims["email_verified"]; o.options.UsernameClaim == "email" && given && string(verified) != "true" {
		return nil, forbidden("The identity provider has not verified the address %q.", shown(name))
	}
	groups, err := o.groupsOf(claims)
	if err != nil {
		return nil, err
	}
	return &Person{Name: o.options.UsernamePrefix + name, Groups: groups}, nil
}

// groupsOf reads the claim of groups: a list, or the one group that there is. A token
// without it has none.
func (o *OIDC) groupsOf(claims map[string]json.RawMessage) ([]string, error) {
	raw, given := claims[o.options.GroupsClaim]
	if o.options.GroupsClaim == "" || !given || string(raw) == "null" {
		return nil, nil
	}
	var groups []string
	if one, ok := textOf(raw); ok {
		groups = []string{one}
	} else if err := json.Unmarshal(raw, &groups); err != nil {
		return nil, forbidden("The claim %s of the identity provider's token is no list of groups.", o.options.GroupsClaim)
	}
	for i := range groups {
		groups[i] = o.options.GroupsPrefix + groups[i]
	}
	return groups, nil
}

func textOf(raw json.RawMessage) (text string, ok bool) {
	err := json.Unmarshal(raw, &text)
	return text, err == nil && string(raw) != "null"
}
