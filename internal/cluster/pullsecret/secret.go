package pullsecret

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

// Bounds on what is kept of a Secret.
const (
	maxData    = 1 << 20 // bytes, as many as the API server takes
	maxEntries = 512
	// maxKey is longer than a repository with a scheme may be: what is longer
	// leads nowhere.
	maxKey = 640
	// entryWeight is about what an entry takes beside its texts.
	entryWeight = 384
)

// The words for content that cannot be used. They are all that is told of it:
// what a parser says quotes what it read.
const (
	tooLarge   = "its data is larger than 1 MiB"
	tooMany    = "it has more than 512 entries"
	noConfig   = "its data is no Docker configuration"
	noUserPair = "the auth of an entry is no base64 of user:password"
)

var errNoUserPair = errors.New(noUserPair)

// entry is one of a Docker configuration. The kubelet uses neither identity
// tokens nor registry tokens, so that the node could not pull with one.
type entry struct {
	username, password string
}

// UnmarshalJSON reads an entry as the kubelet does: auth goes before username
// and password.
func (e *entry) UnmarshalJSON(data []byte) error {
	var written struct {
		Username, Password, Auth string
		// Email says nothing, but a wrong type makes the Secret a wrong one.
		Email string
	}
	if err := json.Unmarshal(data, &written); err != nil {
		return err
	}
	e.username, e.password = written.Username, written.Password
	if written.Auth == "" {
		return nil
	}
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(strings.TrimSpace(written.Auth), "=") {
		encoding = base64.StdEncoding
	}
	pair, err := encoding.DecodeString(written.Auth)
	if err != nil {
		return errNoUserPair
	}
	user, password, ok := strings.Cut(string(pair), ":")
	if !ok {
		return errNoUserPair
	}
	e.username, e.password = user, password
	return nil
}

// parseSecret keeps what a Secret says about registries. One of another type, or
// without data, says nothing, and the kubelet passes over it as silently.
func parseSecret(secret *corev1.Secret) (ring keyring, weight int, failed *Error) {
	var entries map[string]entry
	var err error
	switch data := secret.Data; secret.Type {
	case corev1.SecretTypeDockerConfigJson:
		var config struct {
			Auths       map[string]entry
			HTTPHeaders map[string]string `json:"HttpHeaders"` // as Email
		}
		err = decodeSecret(data[corev1.DockerConfigJsonKey], &config)
		entries = config.Auths
	case corev1.SecretTypeDockercfg:
		err = decodeSecret(data[corev1.DockerConfigKey], &entries)
	default:
		return nil, 0, nil
	}
	if err == nil && len(entries) > maxEntries {
		err = errors.New(tooMany)
	}
	if err != nil {
		return nil, 0, &Error{Kind: Unreadable, Object: Secret, Name: secret.Name, detail: err.Error()}
	}
	ring, weight = ringOf(entries, fmt.Sprintf("Secret %q", secret.Namespace+"/"+secret.Name), placeOf(secret))
	return ring, weight, nil
}

// IsFor reports whether a pull Secret has a credential for a repository, by the kubelet's
// rules. A Secret that cannot be read has none.
func IsFor(secret *corev1.Secret, repository resolver.Repository) bool {
	ring, _, failed := parseSecret(secret)
	return failed == nil && len(usableCredentials(lookupCredentials([]keyring{ring}, repository.String()))) > 0
}

// Unfit says why a Secret has no credential for a repository: empty where it has one, and
// where its content makes no sense, which is an Error of those who ask for credentials.
func Unfit(secret *corev1.Secret, repository resolver.Repository) string {
	switch secret.Type {
	case corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg:
	default:
		return fmt.Sprintf("its type is %q; allowed: %s, %s", secret.Type, corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg)
	}
	if _, _, failed := parseSecret(secret); failed != nil || IsFor(secret, repository) {
		return ""
	}
	return fmt.Sprintf("it has no user and password for %s", repository)
}

// decodeSecret returns an error with one of our own texts.
func decodeSecret(data []byte, into any) error {
	switch {
	case len(data) == 0:
		return nil
	case len(data) > maxData:
		return errors.New(tooLarge)
	}
	err := json.Unmarshal(data, into)
	switch {
	case errors.Is(err, errNoUserPair):
		return errNoUserPair
	case err != nil:
		return errors.New(noConfig)
	default:
		return nil
	}
}

// ringOf orders the entries, so that two spellings of one key give the same
// answer every time.
func ringOf(entries map[string]entry, source, place string) (ring keyring, weight int) {
	for i, written := range slices.Sorted(maps.Keys(entries)) {
		if len(written) > maxKey {
			continue
		}
		key, isURL := normalKey(written)
		at, leads := parseLocation(key)
		if !isURL || !leads {
			continue // the kubelet passes over it, too
		}
		e := entries[written]
		found := credentialOf(e, source)
		if place != "" {
			found = found.At(place + "/" + strconv.Itoa(i))
		}
		ring = append(ring, login{key: key, at: at, credential: found})
		weight += entryWeight + len(key) + len(e.username) + len(e.password)
	}
	return ring, weight
}

// placeOf names the content of a Secret without a word of it: the API server gives
// out a UID once, and a resource version once for each change. A writer of
// the Secret can choose neither.
func placeOf(secret *corev1.Secret) string {
	if secret.UID == "" || secret.ResourceVersion == "" {
		return ""
	}
	return "secret " + string(secret.UID) + "/" + secret.ResourceVersion
}

// credentialOf is anonymous where the user or the password is missing. Such an
// entry still matches: for the kubelet, it ends the search for Docker Hub's.
func credentialOf(e entry, source string) resolver.Credential {
	return auth.Basic(e.username, e.password).From(source)
}
