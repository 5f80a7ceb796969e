package receiver

import (
	"fmt"
	"net/url"
	"strings"
)

// readJFrog reads the event "Docker tag was pushed" of Artifactory. It names the
// repository that was pushed to; who pulls by a virtual one, or by a host for
// each repository, says so by the setting registry.
func readJFrog(m message) ([]string, error) {
	var payload struct {
		Domain    string
		EventType string `json:"event_type"`
		Origin    string `json:"jpd_origin"`
		Data      struct {
			RepoKey   string `json:"repo_key"`
			ImageName string `json:"image_name"`
		}
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	switch {
	case payload.EventType == "":
		return nil, errNoRepository
	case payload.Domain != "docker" || payload.EventType != "pushed":
		return nil, nil
	}
	hosts, err := jfrogHosts(payload.Origin, payload.Data.RepoKey)
	if err != nil {
		return nil, err
	}
	var found imageList
	for _, host := range hosts {
		found.add(m.at(host, payload.Data.ImageName))
	}
	return found.result()
}

// jfrogHosts are what images of a repository begin with. What was fetched from elsewhere is
// told of as pushed to the cache of a remote repository, which nodes pull by the name of
// the latter.
func jfrogHosts(origin, repository string) ([]string, error) {
	at, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("reading jpd_origin: %w", err)
	}
	if at.Host == "" || repository == "" {
		return []string{""}, nil
	}
	hosts := []string{at.Host + "/" + repository}
	if remote, ok := strings.CutSuffix(repository, "-cache"); ok && remote != "" {
		hosts = append(hosts, at.Host+"/"+remote)
	}
	return hosts, nil
}
