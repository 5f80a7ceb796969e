package receiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// maxPushes bounds the repositories of one notification; polling covers the rest.
const maxPushes = 100

// message is a notification of a sender that is proven.
type message struct {
	header http.Header
	body   []byte
	// registry is what the sender's settings put in place of the host.
	registry string
}

// format reads the images that a message tells of, as a manifest would name
// them, but for the tag: none of a payload is acted on, so that whatever stands there costs
// no push. None is a message about something else.
type format func(m message) ([]string, error)

// formatOf is the format of each kind of sender.
func formatOf(kind config.SenderKind) format {
	switch kind {
	case config.Native:
		return readNative
	case config.DockerHub:
		return dockerHub
	case config.Quay:
		return readQuay
	case config.Azure:
		return readAzure
	case config.GitHub:
		return readGitHub
	case config.Harbor:
		return readHarbor
	case config.JFrog:
		return readJFrog
	case config.Nexus:
		return readNexus
	case config.Registry, config.GitLab:
		return readDistribution
	case config.ECR:
		return readECR
	case config.GCR, config.GAR:
		return readGoogle
	case config.Gitea, config.Forgejo:
		return readGitea
	case config.CloudEvents:
		return cloudEvents
	default:
		return func(message) ([]string, error) {
			return nil, fmt.Errorf("reading a notification of %q: no such sender", kind)
		}
	}
}

// pushesOf reads a message. Images that are none are passed over where others
// are good: one bad event must not cost the rest of a batch.
func pushesOf(kind config.SenderKind, m message, now time.Time) ([]poll.Push, error) {
	images, err := formatOf(kind)(m)
	if err != nil {
		return nil, err
	}
	var pushes []poll.Push
	var fault error
	known := map[string]bool{}
	for _, image := range images {
		repository, err := readRepository(image)
		if err != nil {
			fault = err
			continue
		}
		if !known[repository] && len(pushes) < maxPushes {
			known[repository] = true
			pushes = append(pushes, poll.Push{Repository: repository, Received: now})
		}
	}
	if len(pushes) == 0 {
		return nil, fault
	}
	return pushes, nil
}

// anotherKind is the kind of sender that a message is a notification of, which was posted to
// the path of another; empty where it is of none. Most JSON objects with a name would do
// for the native one.
func anotherKind(than config.SenderKind, m message) config.SenderKind {
	m.registry = "registry.invalid" // some senders name none, and which one it is does not matter here
	for _, kind := range config.Kinds() {
		if kind == than || kind == config.Native {
			continue
		}
		if pushes, err := pushesOf(kind, m, time.Time{}); err == nil && len(pushes) > 0 {
			return kind
		}
	}
	return ""
}

// readRepository reads the repository of an image of a payload. Its tag need not be valid:
// it may be empty behind a colon, a digest, or a text that is no tag anywhere.
func readRepository(image string) (string, error) {
	reference, err := resolver.ParseReference(image)
	if err == nil {
		return reference.Repository.String(), nil
	}
	name := strings.LastIndexByte(image, '/') + 1
	end := strings.IndexAny(image[name:], ":@")
	if end < 0 {
		return "", err
	}
	reference, err = resolver.ParseReference(image[:name+end])
	return reference.Repository.String(), err
}

// errNoRegistry is a payload that does not say which registry it is about.
var errNoRegistry = errors.New("the notification names no registry: set registry for the sender")

// errNoRepository is a payload that lacks what it is about.
var errNoRepository = errors.New("the notification names no repository")

// decodeJSON reads a body. The error does not hold it.
func decodeJSON(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return nil
}

// at is the image of a repository on a host, or on the registry of the settings.
func (m message) at(host, repository string) (string, error) {
	if m.registry != "" {
		host = m.registry
	}
	switch {
	case repository == "":
		return "", errNoRepository
	case host == "":
		return "", errNoRegistry
	}
	return host + "/" + repository, nil
}

// imageList are the images of a payload that has several: the ones that can be read, or why the
// last could not be.
type imageList struct {
	found []string
	fault error
}

func (i *imageList) add(image string, err error) {
	if err != nil {
		i.fault = err
		return
	}
	i.found = append(i.found, image)
}

func (i *imageList) result() ([]string, error) {
	if len(i.found) == 0 {
		return nil, i.fault
	}
	return i.found, nil
}

// moved is an image that a payload names, perhaps with its host and a scheme, on the
// registry of the settings where there is one.
func (m message) moved(image string) string {
	if _, bare, ok := strings.Cut(image, "://"); ok {
		image = bare
	}
	host, path, ok := strings.Cut(image, "/")
	switch {
	case m.registry == "":
		return image
	case ok && isHost(host):
		return m.registry + "/" + path
	default:
		return m.registry + "/" + image
	}
}

// isHost tells the host of an image from the first part of its path, as container
// runtimes do.
func isHost(first string) bool { return strings.ContainsAny(first, ".:") || first == "localhost" }
