package receiver

import "strings"

// readNative is Keel's own format, for pipelines:
//
//	{"name": "registry.corp/team/app", "tag": "1.2.3"}
func readNative(m message) ([]string, error) {
	var payload struct{ Host, Name string }
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.Name == "" {
		return nil, errNoRepository
	}
	image := payload.Name
	if host := payload.Host; host != "" && !strings.HasPrefix(image, host+"/") {
		image = host + "/" + image
	}
	return []string{image}, nil
}
