package receiver

import "strings"

// ecrPushes are the actions that bring an image, by the type of their event.
var ecrPushes = map[string]string{ //nolint:gochecknoglobals // a table
	"ECR Image Action":       "PUSH",
	"ECR Replication Action": "REPLICATE",
}

// readECR reads the events "ECR Image Action" and "ECR Replication Action", as an API
// destination of Amazon EventBridge passes them on: what is replicated was pushed
// elsewhere. Host and account are those of the event's envelope.
func readECR(m message) ([]string, error) {
	var payload struct {
		DetailType string `json:"detail-type"`
		Account    string
		Region     string
		Detail     struct {
			ActionType     string `json:"action-type"`
			Result         string
			RepositoryName string `json:"repository-name"`
			ImageTag       string `json:"image-tag"`
		}
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	switch {
	case payload.DetailType == "":
		return nil, errNoRepository
	case ecrPushes[payload.DetailType] != payload.Detail.ActionType, payload.Detail.ActionType == "", payload.Detail.Result != "SUCCESS":
		return nil, nil
	}
	host := ""
	if payload.Account != "" && payload.Region != "" {
		host = payload.Account + ".dkr.ecr." + payload.Region + ".amazonaws.com"
		if strings.HasPrefix(payload.Region, "cn-") {
			host += ".cn"
		}
	}
	image, err := m.at(host, payload.Detail.RepositoryName, payload.Detail.ImageTag)
	if err != nil {
		return nil, err
	}
	return []string{image}, nil
}
