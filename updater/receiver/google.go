package receiver

import "fmt"

// readGoogle reads what Artifact Registry publishes to the topic "gcr", as a push
// subscription of Pub/Sub delivers it: wrapped, or unwrapped where the
// subscription says so.
func readGoogle(m message) ([]string, error) {
	type change struct{ Action, Digest, Tag string }
	var payload struct {
		change
		Message *struct{ Data []byte }
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	told := payload.change
	if payload.Message != nil {
		if len(payload.Message.Data) == 0 {
			return nil, nil // attributes alone: refused, Pub/Sub would send it for days
		}
		told = change{}
		if err := decodeJSON(payload.Message.Data, &told); err != nil {
			return nil, fmt.Errorf("reading the data of the message: %w", err)
		}
	}
	switch {
	case told.Action == "":
		return nil, errNoRepository
	case told.Action != "INSERT":
		return nil, nil
	case told.Tag != "":
		return []string{m.moved(told.Tag)}, nil
	case told.Digest != "":
		return []string{m.moved(told.Digest)}, nil
	default:
		return nil, errNoRepository
	}
}
