package receiver

import (
	"encoding/json"
	"mime"
	"strings"
)

// cloudEvent is an event of the CloudEvents specification, version 1.0, in JSON.
type cloudEvent struct {
	Type       string
	Data       json.RawMessage
	DataBase64 []byte `json:"data_base64"`
}

// cloudEvents reads the events of zot, and Harbor's.
func cloudEvents(m message) ([]string, error) {
	events, err := readEvents(m)
	if err != nil {
		return nil, err
	}
	var images []string
	var fault error
	for _, event := range events {
		found, err := event.images(m)
		if err != nil {
			fault = err
			continue
		}
		images = append(images, found...)
	}
	if len(images) == 0 {
		return nil, fault
	}
	return images, nil
}

// readEvents reads each of the three modes of the HTTP binding: binary, with the attributes
// as headers, which is zot's; structured, which some post as plain JSON; and batched.
func readEvents(m message) ([]cloudEvent, error) {
	media, _, _ := mime.ParseMediaType(m.header.Get("Content-Type")) // a type that cannot be read is none of these
	kind := m.header.Get("Ce-Type")
	switch {
	case media == "application/cloudevents-batch+json":
		var events []cloudEvent
		err := decodeJSON(m.body, &events)
		return events, err
	case media != "application/cloudevents+json" && kind != "":
		return []cloudEvent{{Type: kind, Data: m.body}}, nil
	default:
		var event cloudEvent
		err := decodeJSON(m.body, &event)
		return []cloudEvent{event}, err
	}
}

// images reads one event. Zot lets its administrator put another prefix before
// the type.
func (e cloudEvent) images(m message) ([]string, error) {
	data := []byte(e.Data)
	if len(e.DataBase64) > 0 {
		data = e.DataBase64
	}
	switch {
	case e.Type == "":
		return nil, errNoRepository
	case strings.HasPrefix(e.Type, "harbor."):
		return harborImages(m, e.Type, data)
	case !strings.HasSuffix(e.Type, ".image.updated"):
		return nil, nil
	}
	var updated struct{ Name string }
	if err := decodeJSON(data, &updated); err != nil {
		return nil, err
	}
	image, err := m.at("", updated.Name)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
