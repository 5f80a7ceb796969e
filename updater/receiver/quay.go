package receiver

import "encoding/json"

// readQuay reads the notification "Push to Repository" of Quay. Others, of builds and
// scans, have no updated_tags, and tell nothing new of the repository.
func readQuay(m message) ([]string, error) {
	var payload struct {
		DockerURL   string          `json:"docker_url"`
		UpdatedTags json.RawMessage `json:"updated_tags"`
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	switch {
	case payload.DockerURL == "":
		return nil, errNoRepository
	case len(payload.UpdatedTags) == 0:
		return nil, nil
	}
	return []string{m.moved(payload.DockerURL)}, nil
}
