package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/poll"
)

// maxValue is more than a repository and a time have, in bytes.
const maxValue = 2 << 10

// value is what a key of the ConfigMap holds.
type value struct {
	Repository string    `json:"repository"`
	At         time.Time `json:"at"`
}

// keyOf is the key of a repository, whose name may have what a key may not.
func keyOf(repository string) string {
	sum := sha256.Sum256([]byte(repository))
	return hex.EncodeToString(sum[:16])
}

func formatValue(p poll.Push) string {
	text, err := json.Marshal(value{Repository: p.Repository, At: p.Received.UTC()})
	if err != nil {
		return "" // a year beyond 9999: no replica takes it for a push
	}
	return string(text)
}

// parseValue reads a value. It is not a push if it is old, from the future, or not as a
// replica writes it: a client that may write the ConfigMap
// must not make the updater do anything but poll.
func parseValue(text string, now time.Time) (poll.Push, bool) {
	var v value
	if len(text) > maxValue || json.Unmarshal([]byte(text), &v) != nil {
		return poll.Push{}, false
	}
	reference, err := resolver.ParseReference(v.Repository)
	age := now.Sub(v.At)
	if err != nil || reference.Repository.String() != v.Repository || age > Retention || age < -Retention {
		return poll.Push{}, false
	}
	return poll.Push{Repository: v.Repository, Received: v.At}, true
}

// receivedAt is the time of a value; zero where it has none.
func receivedAt(text string) time.Time {
	var v value
	if len(text) > maxValue || json.Unmarshal([]byte(text), &v) != nil {
		return time.Time{}
	}
	return v.At
}
