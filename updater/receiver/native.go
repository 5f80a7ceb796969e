package receiver

import "strings"

// native is Keel's own format, for pipelines:
//
//	{"name": "registry.corp/team/app", "tag": "1.2.3"}
func native(m message) ([]string, error) {
	var payload struct{ Host, Name, Tag string }
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.Name == "" {
		return nil, errNoRepository
	}
	image := tagged(payload.Name, payload.Tag)
	if host := payload.Host; host != "" && !strings.HasPrefix(image, host+"/") {
		image = host + "/" + image
	}
	return []string{image}, nil
}
