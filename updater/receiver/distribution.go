package receiver

import (
	"net/url"
	"strings"
)

// readDistribution reads the notifications of the CNCF Distribution registry, which
// GitLab's has too. Each layer of an image is a push of its own; manifests and
// indexes alone count. The host is the one that the pusher named, which may be
// another than the one that the cluster pulls from.
func readDistribution(m message) ([]string, error) {
	var payload struct {
		Events []distributionEvent
	}
	if err := decodeJSON(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.Events == nil {
		return nil, errNoRepository
	}
	var found imageList
	for _, event := range payload.Events {
		if event.pushesImage() {
			found.add(m.at(event.host(), event.Target.Repository))
		}
	}
	return found.result()
}

type distributionEvent struct {
	Action string
	Target struct {
		MediaType, Repository, URL string
		Tag                        any
	}
	Request struct{ Host string }
}

// pushesImage tells manifests and indexes from layers and configurations, by media
// types of OCI and of Docker. What has a tag is no layer, whatever its type.
func (e *distributionEvent) pushesImage() bool {
	mediaType := e.Target.MediaType
	return e.Action == "push" &&
		(e.Target.Tag != nil && e.Target.Tag != "" || strings.Contains(mediaType, ".manifest.") || strings.Contains(mediaType, ".image.index."))
}

// host is empty where the event names none. A proxy may have taken it off the request,
// and the registry then has it in the URL of what was pushed.
func (e *distributionEvent) host() string {
	if e.Request.Host != "" {
		return e.Request.Host
	}
	at, err := url.Parse(e.Target.URL)
	if err != nil {
		return ""
	}
	return at.Host
}
