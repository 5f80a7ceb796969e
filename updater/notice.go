package updater

import "time"

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
type Change struct {
	// Container is the slot's key; From and To are references.
	Container, From, To string
}

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
	Text    string
	Changes []Change
}

// Notifier tells people. It never blocks, and has its own ways to be sure.
type Notifier interface {
	Notify(n Notice)
}
