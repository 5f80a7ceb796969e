// Package notify tells people what the updater did: in their chat, by mail or at
// a webhook. It takes notices without ever holding up who gives them, sends what
// comes together as one message, tries again what could not be sent, and keeps
// what waits in the API server, so that the next process goes on with it.
//
// The services are shoutrrr's (github.com/nicholas-fedor/shoutrrr). Their URLs
// hold credentials, so no URL leaves this package but towards its service.
package notify

import (
	"fmt"
	"strings"
	"time"
)

// Level says how much a notice matters, as Keel's levels do. A higher one
// matters more.
type Level int

// The levels. A move that begins is LevelInfo, one that is complete
// LevelSuccess, one that does not happen LevelWarn, one that failed LevelError.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelSuccess
	LevelWarn
	LevelError
)

const allowedLevels = "debug, info, success, warn, error"

// ParseLevel reads the name of a level.
func ParseLevel(name string) (Level, error) {
	for i, known := range strings.Split(allowedLevels, ", ") {
		if name == known {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("parsing the level %q: allowed: %s", name, allowedLevels)
}

// String is the level's name.
func (l Level) String() string {
	names := strings.Split(allowedLevels, ", ")
	if l < 0 || int(l) >= len(names) {
		return fmt.Sprintf("level %d", int(l))
	}
	return names[l]
}

// MarshalText is String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Level) UnmarshalText(text []byte) error {
	parsed, err := ParseLevel(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// Notice is one thing to tell people of.
type Notice struct {
	Level Level `json:"level"`
	// Reason is that of the Event that says the same, such as ImageUpdated.
	Reason string `json:"reason"`
	// Kind, Namespace and Name are those of the workload.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Channels are the names that the workload or its namespace gives. None
	// means the channels that are the default.
	Channels []string `json:"channels,omitempty"`
	// Text says what happened, on one line, without naming the workload.
	Text string `json:"text"`
	// Link leads to where people act on it; empty for most notices.
	Link string `json:"link,omitempty"`
	// Changes are the images that changed; there may be none.
	Changes []Change `json:"changes,omitempty"`
	// At is when it happened.
	At time.Time `json:"at"`
}

// Change is one container's move.
type Change struct {
	Container string `json:"container"`
	// From and To are images.
	From string `json:"from"`
	To   string `json:"to"`
}
