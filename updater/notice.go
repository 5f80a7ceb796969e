package updater

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
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
	Text    string
	Changes []Change
}

// Notifier tells people. It never blocks, and has its own ways to be sure.
type Notifier interface {
	Notify(n Notice)
}

func (u *Updater) tell(o *unstructured.Unstructured, channels []string, level Level, reason, text string, changes []Change) {
	if u.Notifier == nil {
		return
	}
	u.Notifier.Notify(Notice{
		At: u.Clock.Now(), Level: level, Reason: reason, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(),
		UID: string(o.GetUID()), Channels: channels, Text: workload.Shorten(text, maxNote), Changes: changes,
	})
}

// releaseNotesOf names where people read about the versions that moves go to.
func releaseNotesOf(moves []Move) string {
	var text string
	for _, m := range moves {
		if notes := m.Rule.ReleaseNotes; notes != "" && !strings.Contains(text, notes) {
			text += "; release notes: " + notes
		}
	}
	return text
}
