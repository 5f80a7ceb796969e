package document

import (
	"encoding/json"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// MaxConfig is what Podman and CRI-O read of a config.
const MaxConfig = 4 << 20

// firstYear of a date that is one. Bazel and Nix put 1970, buildpacks 1980, and
// Go's zero time is of the year 1.
const firstYear = 1990

// Config is what an image's config says of its build.
type Config struct {
	Platform Platform
	Created  time.Time
}

// ReadConfig reads the config of an image, OCI's or Docker's. The date in it
// counts before the one in its labels.
func ReadConfig(body []byte) (Config, error) {
	var found struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
		Created      date   `json:"created"`
		Config       struct {
			Labels struct {
				Created date `json:"org.opencontainers.image.created"`
			} `json:"Labels"`
		} `json:"config"`
	}
	if err := decodeObject(body, &found); err != nil {
		return Config{}, err
	}
	platform, ok := declaredPlatform(found.OS, found.Architecture, found.Variant)
	if !ok {
		return Config{}, failure.NotImage("config is for no platform")
	}
	return Config{
		Platform: platform,
		Created:  FirstDate(time.Time(found.Created), time.Time(found.Config.Labels.Created)),
	}, nil
}

// date is an RFC 3339 date of a build, in UTC. One that cannot be read, or that
// no build has, is zero: a date is worth no error.
type date time.Time

// UnmarshalJSON never fails, whatever stands in the date's place.
func (d *date) UnmarshalJSON(body []byte) error {
	*d = date(readDate(body))
	return nil
}

func readDate(body []byte) time.Time {
	var text string
	if json.Unmarshal(body, &text) != nil {
		return time.Time{}
	}
	read, err := time.Parse(time.RFC3339, text)
	if err != nil || read.UTC().Year() < firstYear {
		return time.Time{}
	}
	return read.UTC()
}

// FirstDate is the first that is one; zero where none is.
func FirstDate(dates ...time.Time) time.Time {
	for _, date := range dates {
		if !date.IsZero() {
			return date
		}
	}
	return time.Time{}
}
