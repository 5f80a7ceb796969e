package receiver

// readAzure reads the webhook of an Azure Container Registry. A push of a Helm chart
// has an action of its own.
func readAzure(m message) ([]string, error) {
	var payload struct {
		Action  string
		Target  struct{ Repository string }
		Request struct{ Host string }
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	switch payload.Action {
	case "push":
	case "":
		return nil, errNoRepository
	default:
		return nil, nil
	}
	image, err := m.at(payload.Request.Host, payload.Target.Repository)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
