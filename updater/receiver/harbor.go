package receiver

import "encoding/json"

// Types of Harbor's events that tell of a push: of its CloudEvents, of the
// default format, and of Harbor 1.x.
var harborPushes = []string{"harbor.artifact.pushed", "PUSH_ARTIFACT", "pushImage"}

// readHarbor reads both formats that Harbor has, "Default" and "CloudEvents". They
// differ in where the same data stands.
func readHarbor(m message) ([]string, error) {
	var payload struct {
		Type      string
		EventData json.RawMessage `json:"event_data"`
		Data      json.RawMessage
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	data := payload.EventData
	if len(data) == 0 {
		data = payload.Data
	}
	if payload.Type == "" {
		return nil, errNoRepository
	}
	return harborImages(m, payload.Type, data)
}

// harborImages reads the data of an event. The resource_url of a manifest that is part of
// another ends in its digest, or in a colon.
func harborImages(m message, kind string, data []byte) ([]string, error) {
	pushed := false
	for _, known := range harborPushes {
		pushed = pushed || kind == known
	}
	if !pushed {
		return nil, nil
	}
	var event struct {
		Resources []struct {
			ResourceURL string `json:"resource_url"`
		}
		Repository struct {
			RepoFullName string `json:"repo_full_name"`
		}
	}
	if err := decodeJSON(data, &event); err != nil {
		return nil, err
	}
	if len(event.Resources) == 0 {
		return nil, errNoRepository
	}
	var found imageList
	for _, resource := range event.Resources {
		if resource.ResourceURL != "" {
			found.add(m.moved(resource.ResourceURL), nil)
			continue
		}
		found.add(m.at("", event.Repository.RepoFullName))
	}
	return found.result()
}
