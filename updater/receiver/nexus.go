package receiver

// nexusWebhook is the header that names the kind of an event of Nexus.
const nexusWebhook = "X-Nexus-Webhook-Id"

// readNexus reads the event "component" of a repository of Sonatype Nexus. It names the
// repository and no host, as each has one, or a path, of its own.
func readNexus(m message) ([]string, error) {
	var payload struct {
		Action    string
		Component *struct{ Format, Name string }
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	pushed := payload.Component
	switch {
	case pushed == nil && m.header.Get(nexusWebhook) == "":
		return nil, errNoRepository
	case pushed == nil || pushed.Format != "docker" || payload.Action != "CREATED" && payload.Action != "UPDATED":
		return nil, nil
	}
	image, err := m.at("", pushed.Name)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
