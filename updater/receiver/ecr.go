package receiver

import "strings"

// ecrEvent is an event of Amazon ECR in the envelope of EventBridge.
type ecrEvent struct {
	DetailType string `json:"detail-type"`
	Account    string
	Region     string
	Detail     struct {
		ActionType     string `json:"action-type"`
		Result         string
		SyncStatus     string `json:"sync-status"`
		RepositoryName string `json:"repository-name"`
	}
}

// readECR reads the events of Amazon ECR that bring an image, as an API destination of
// Amazon EventBridge passes them on. Host and account are those of the event's envelope.
func readECR(m message) ([]string, error) {
	var event ecrEvent
	if err := decodeJSON(m.body, &event); err != nil {
		return nil, err
	}
	switch {
	case event.DetailType == "":
		return nil, errNoRepository
	case !event.bringsImage():
		return nil, nil
	}
	image, err := m.at(event.host(), event.Detail.RepositoryName)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}

// bringsImage reports what was pushed, was pushed elsewhere and is replicated, or was
// fetched from another registry for a pull.
func (e *ecrEvent) bringsImage() bool {
	switch e.DetailType {
	case "ECR Image Action":
		return e.Detail.ActionType == "PUSH" && e.Detail.Result == "SUCCESS"
	case "ECR Replication Action":
		return e.Detail.ActionType == "REPLICATE" && e.Detail.Result == "SUCCESS"
	case "ECR Pull Through Cache Action":
		return e.Detail.SyncStatus == "SUCCESS"
	default:
		return false
	}
}

func (e *ecrEvent) host() string {
	if e.Account == "" || e.Region == "" {
		return ""
	}
	host := e.Account + ".dkr.ecr." + e.Region + ".amazonaws.com"
	if strings.HasPrefix(e.Region, "cn-") {
		host += ".cn"
	}
	return host
}
