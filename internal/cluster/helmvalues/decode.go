package helmvalues

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	corev1 "k8s.io/api/core/v1"

	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Bounds on what is decoded of a Secret.
const (
	maxPacked   = 1 << 20  // bytes, as many as the API server takes
	maxUnpacked = 16 << 20 // bytes; a release at the bound of the API server has about a third of it
	maxValues   = 1 << 20  // bytes, each of the chart's values and the user's
	maxKeel     = 16 << 10 // bytes of the blocks keel: in both
)

// The words for content that cannot be used. They are all that is told of it:
// what a parser says quotes what it read.
var (
	errNoRelease    = errors.New("its Secret holds no release of Helm")
	errLarge        = errors.New("it is larger than 16 MiB")
	errLargeValues  = errors.New("its values are larger than 1 MiB")
	errLargeKeel    = errors.New("its keel: values are larger than 16 KiB")
	errKeelIsNoMap  = errors.New("its value keel is no map")
	errUnreadValues = errors.New("its values are no map")
)

// decodeRelease reads a release from the Secret of one of its revisions.
func decodeRelease(secret *corev1.Secret) (settings.Release, error) {
	if secret.Type != secretType {
		return settings.Release{}, errNoRelease
	}
	data, err := unpackRelease(secret.Data["release"])
	if err != nil {
		return settings.Release{}, err
	}
	// Most of a release is its templates and its manifest, which are passed
	// over; the rest waits to be asked for.
	var release struct {
		Chart struct {
			Values json.RawMessage `json:"values"`
		} `json:"chart"`
		Config json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(data, &release); err != nil {
		return settings.Release{}, errNoRelease
	}
	if len(release.Chart.Values) > maxValues || len(release.Config) > maxValues {
		return settings.Release{}, errLargeValues
	}
	merged, err := newTable(release.Config, release.Chart.Values)
	if err != nil {
		return settings.Release{}, err
	}
	keel, err := merged.block("keel", maxKeel)
	if err != nil || keel == nil {
		return settings.Release{}, err
	}
	return settings.NewRelease(keel, merged.text), nil
}

// unpackRelease takes off what Helm wraps a release in: base64, and gzip below it. No
// more is unpacked than a release may have, however much there is.
func unpackRelease(data []byte) ([]byte, error) {
	if len(data) > maxPacked {
		return nil, errLarge
	}
	packed := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(packed, data)
	if err != nil {
		return nil, errNoRelease
	}
	unzip, err := gzip.NewReader(bytes.NewReader(packed[:n]))
	if err != nil {
		return nil, errNoRelease
	}
	release, err := io.ReadAll(io.LimitReader(unzip, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, errNoRelease
	case len(release) > maxUnpacked:
		return nil, errLarge
	default:
		return release, nil
	}
}
