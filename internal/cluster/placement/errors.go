package placement

import (
	"fmt"
	"strings"
)

// NotSyncedError says that the cluster's nodes are not known. That passes soon
// after the start; it stays where the account may not list and watch nodes.
// The caller continues without knowing the platforms.
type NotSyncedError struct{}

func (*NotSyncedError) Error() string {
	return "nodes are not known: not listed yet, or the account may not list and watch them"
}

// UnreadableError says that an object's placement could not be stored by the API
// server, or is too large to be matched with nodes.
type UnreadableError struct {
	// Err tells what is wrong. It holds texts of the object.
	Err error
}

// Error is of bounded length, whatever the object holds.
func (e *UnreadableError) Error() string {
	const most = 200
	text := e.Err.Error()
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("reading placement: %s", text)
}

func (e *UnreadableError) Unwrap() error { return e.Err }
