package receiver

import (
	"fmt"
	"net/url"
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
			Tag       string
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
	host := ""
	if payload.Origin != "" && payload.Data.RepoKey != "" {
		origin, err := url.Parse(payload.Origin)
		if err != nil {
			return nil, fmt.Errorf("reading jpd_origin: %w", err)
		}
		if origin.Host != "" {
			host = origin.Host + "/" + payload.Data.RepoKey
		}
	}
	image, err := m.at(host, payload.Data.ImageName, payload.Data.Tag)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
