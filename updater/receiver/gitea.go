package receiver

import (
	"fmt"
	"net/url"
	"strings"
)

// readGitea reads the event "package" of Gitea and Forgejo. The host is that of the
// package's page; accounts need not be in lower case, and images have to.
func readGitea(m message) ([]string, error) {
	var payload struct {
		Action  string
		Package *struct {
			Type, Name string
			HTMLURL    string `json:"html_url"`
			Owner      struct{ Login string }
		}
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	pushed := payload.Package
	switch {
	case pushed == nil && m.header.Get("X-Gitea-Event") == "" && m.header.Get("X-Forgejo-Event") == "":
		return nil, errNoRepository
	case pushed == nil || payload.Action != "created" || pushed.Type != "container":
		return nil, nil
	case pushed.Owner.Login == "" || pushed.Name == "":
		return nil, errNoRepository
	}
	page, err := url.Parse(pushed.HTMLURL)
	if err != nil {
		return nil, fmt.Errorf("reading the URL of the package: %w", err)
	}
	image, err := m.at(page.Host, strings.ToLower(pushed.Owner.Login+"/"+pushed.Name))
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
