package config

import "github.com/garboard-dev/garboard/internal/configfile"

// What is the same for every settings file.
type (
	// Fault is one thing in the settings file that cannot be used.
	Fault = configfile.Fault
	// Faults are all that is wrong with a settings file.
	Faults = configfile.Faults
	// Watcher follows a settings file and the files that it names.
	Watcher = configfile.Watcher[Config]
	// WatcherOptions configure a [Watcher]; What and Parse are given by
	// [NewWatcher].
	WatcherOptions = configfile.WatcherOptions[Config]
)

// NewWatcher reads nothing yet; its Load does. The error is that of a required
// option.
func NewWatcher(o WatcherOptions) (*Watcher, error) {
	o.What, o.Parse = "the registry settings", parse
	return configfile.NewWatcher(o)
}
