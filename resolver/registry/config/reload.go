package config

import "github.com/garboard-dev/garboard/internal/configfile"

// What is the same for every settings file.
type (
	// Fault is one thing in the settings file that cannot be used.
	Fault = configfile.Fault
	// Faults are all that is wrong with a settings file.
	Faults = configfile.Faults
)
