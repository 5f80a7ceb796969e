package receiver

import "strings"

// readDistribution reads the notifications of the CNCF Distribution registry, which
// GitLab's has too. Each layer of an image is a push of its own; manifests and
// indexes alone count. The host is the one that the pusher named, which may be
// another than the one that the cluster pulls from.
func readDistribution(m message) ([]string, error) {
	var payload struct {
		Events []struct {
			Action string
			Target struct {
				MediaType, Repository, Tag string
			}
			Request struct{ Host string }
		}
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.Events == nil {
		return nil, errNoRepository
	}
	var found imageList
	for _, event := range payload.Events {
		if event.Action != "push" || !isManifest(event.Target.MediaType) {
			continue
		}
		found.add(m.at(event.Request.Host, event.Target.Repository, event.Target.Tag))
	}
	return found.result()
}

// isManifest tells manifests and indexes from layers and configurations, by media
// types of OCI and of Docker.
func isManifest(mediaType string) bool {
	return strings.Contains(mediaType, ".manifest.") || strings.Contains(mediaType, ".image.index.")
}
