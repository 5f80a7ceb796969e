package report

import (
	"time"

	"github.com/garboard-dev/garboard/updater/rollout"
)

// Level is how much a notice matters.
type Level string

// The levels, as Keel names them.
const (
	LevelInfo    Level = "info"
	LevelSuccess Level = "success"
	LevelWarn    Level = "warn"
	LevelError   Level = "error"
)

// Change is one image that moves.
type Change = rollout.Change

// Notice is one thing that people want to hear of.
type Notice struct {
	At    time.Time
	Level Level
	// Reason is that of the Event beside it.
	Reason                string
	Kind, Namespace, Name string
	// UID is the workload's.
	UID string
	// Channels are those that the workload names; none means the default ones.
	Channels []string
	// Text says it, without the workload.
	Text string
	// Link leads to the page's view of it; empty where there is none.
	Link    string
	Changes []Change
}

// Notifier sends notices. It never blocks.
type Notifier interface {
	Notify(n Notice)
}
