package registry

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// DockerCredentials are those of the person at the keyboard.
type DockerCredentials struct {
	asked *askedCredentials
}

// askedCredentials are the answers so far. The mutex is held while the file is read: a
// credential helper may ask a person.
type askedCredentials struct {
	sync.Mutex
	answers map[string]askedCredential
}

type askedCredential struct {
	found []Credential
	err   error
}

// DockerConfig reads the credentials that `docker login` and `podman login`
// wrote, running the credential helpers that the file names, once for each repository. It
// is for a run of the command line: a webhook has no such file.
func DockerConfig() DockerCredentials {
	return DockerCredentials{asked: &askedCredentials{answers: map[string]askedCredential{}}}
}

// For returns the credential for a canonical repository, that of the longest path
// which has one; none where the file has none. The error is about the file or its
// helper.
func (d DockerCredentials) For(_ context.Context, repository Repository) ([]Credential, error) {
	d.asked.Lock()
	defer d.asked.Unlock()
	name := repository.String()
	answer, known := d.asked.answers[name]
	if !known {
		answer.found, answer.err = readDockerConfig(name)
		d.asked.answers[name] = answer
	}
	return answer.found, answer.err
}

func readDockerConfig(repository string) ([]Credential, error) {
	file, err := loadDockerConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the Docker configuration: %w", err)
	}
	if file == nil {
		return nil, nil
	}
	found, err := longestMatch(file, repository)
	if err != nil {
		return nil, fmt.Errorf("reading the Docker configuration: %w", err)
	}
	credential := auth.Basic(found.Username, found.Password)
	switch {
	case found.RegistryToken != "":
		credential = auth.Bearer(found.RegistryToken)
	case found.IdentityToken != "":
		credential = auth.IdentityToken(found.IdentityToken)
	}
	if credential.Anonymous() {
		return nil, nil
	}
	return []Credential{credential.From("Docker configuration")}, nil
}

// loadDockerConfig reads the first file that there is: Docker's, then podman's. nil
// means none.
func loadDockerConfig() (*configfile.ConfigFile, error) {
	home, _ := os.UserHomeDir() // without one the other places count
	named := os.Getenv("DOCKER_CONFIG")
	docker := cmp.Or(named, under(home, ".docker"))
	settings := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), under(home, ".config"))
	for _, name := range []string{
		under(docker, "config.json"),
		os.Getenv("REGISTRY_AUTH_FILE"),
		under(os.Getenv("XDG_RUNTIME_DIR"), "containers/auth.json"),
		under(settings, "containers/auth.json"),
	} {
		if info, err := os.Stat(name); name == "" || err != nil || info.IsDir() {
			continue
		}
		return loadConfig(name)
	}
	if os.Getenv(configfile.DockerEnvConfigKey) != "" {
		return configfile.New(""), nil
	}
	return nil, nil //nolint:nilnil // no file is no fault
}

func loadConfig(name string) (*configfile.ConfigFile, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	return config.LoadFromReader(opened)
}

// under is a file in a folder; "" where the folder is not known.
func under(folder, name string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name)
}

// longestMatch looks for a repository, for each path that it lies in, and for its host.
// Docker's own look-up, which is for hosts, would take any entry of the host for one
// that is not there; so it is shown no entry but the one that is meant.
func longestMatch(file *configfile.ConfigFile, repository string) (types.AuthConfig, error) {
	entries := file.AuthConfigs
	host, _, _ := strings.Cut(repository, "/")
	for place := repository; ; place = place[:strings.LastIndexByte(place, '/')] {
		key := place
		if key == dockerHub {
			key = dockerHubKey
		}
		entry, known := entryFor(entries, place)
		file.AuthConfigs = map[string]types.AuthConfig{}
		if known {
			file.AuthConfigs[key] = entry
		}
		// A helper is a program: it is run for what Docker runs it for, and for what
		// the file names.
		if known || place == repository || place == host || file.CredentialsStore == "" {
			found, err := file.GetAuthConfig(key)
			if err != nil || found.Username != "" || found.IdentityToken != "" || found.RegistryToken != "" {
				return found, err
			}
		}
		if place == host {
			return types.AuthConfig{}, nil
		}
	}
}

// dockerHubKey is the key that `docker login` writes for Docker Hub.
const dockerHubKey = "https://index.docker.io/v1/"

// entryFor returns the entry whose key means a place: first the one that is written so,
// then the first in the order of text.
func entryFor(entries map[string]types.AuthConfig, place string) (types.AuthConfig, bool) {
	if entry, ok := entries[place]; ok {
		return entry, true
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if placeOf(key) == place {
			return entries[key], true
		}
	}
	return types.AuthConfig{}, false
}

// placeOf is what a key means: without a scheme, and without the version of the API
// that older ones end in.
func placeOf(key string) string {
	_, place, ok := strings.Cut(key, "://")
	if !ok {
		place = key
	}
	place = strings.TrimSuffix(place, "/")
	for _, version := range []string{"/v1", "/v2"} {
		if host, ok := strings.CutSuffix(place, version); ok && !strings.Contains(host, "/") {
			place = host
		}
	}
	if rest, ok := strings.CutPrefix(place, "index."+dockerHub); ok && (rest == "" || rest[0] == '/') {
		return dockerHub + rest
	}
	return place
}
