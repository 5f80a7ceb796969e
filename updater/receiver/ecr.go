package receiver

import "strings"

// ecr reads the event "ECR Image Action", as an API destination of Amazon
// EventBridge passes it on. Host and account are those of the event's envelope.
func ecr(m message) ([]string, error) {
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
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	switch {
	case payload.DetailType == "":
		return nil, errNoRepository
	case payload.DetailType != "ECR Image Action", payload.Detail.ActionType != "PUSH", payload.Detail.Result != "SUCCESS":
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
