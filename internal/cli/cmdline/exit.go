package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// Exit codes. An error that says nothing else ends the program with
// ExitFailure.
const (
	ExitFailure     = 1
	exitUsage       = 2
	ExitInterrupted = 130 // 128 and the number of SIGINT, as a shell reports it
)

// ExitError is an error that says with which code the program ends.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }
func (e *ExitError) Unwrap() error { return e.Err }

// Faults are faults of the command line, a line each. They end the program
// with exitUsage.
type Faults []string

func (f Faults) Error() string { return strings.Join(f, "\n") }

// OrNil returns no error where there is no fault.
func (f Faults) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// LineErrors are what failed of several things, a line each. They end the program with
// ExitFailure.
type LineErrors []error

func (f LineErrors) Error() string { return errors.Join(f...).Error() }

// Unwrap lets errors.Is and errors.As look at each.
func (f LineErrors) Unwrap() []error { return f }

// OrNil returns no error where nothing failed.
func (f LineErrors) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// maxLine is more than a fault of the settings needs.
const maxLine = 1024

// shownLine keeps what a file has from steering the terminal.
func shownLine(text string) string { return printable.Escape(text, maxLine) }

// Report writes an error and returns the exit code. It is the one place that
// does either.
func Report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var faults Faults
	if errors.As(err, &faults) {
		for _, line := range faults {
			fmt.Fprintln(w, line)
		}
		return exitUsage
	}
	var settings config.Faults
	if errors.As(err, &settings) {
		for _, fault := range settings { // each says where it is
			fmt.Fprintln(w, shownLine(fault.Error()))
		}
		return ExitFailure
	}
	var failures LineErrors
	if errors.As(err, &failures) {
		for _, failure := range failures { // a server's text may have lines of others
			fmt.Fprintln(w, "garboard:", shownLine(failure.Error()))
		}
		return ExitFailure
	}
	fmt.Fprintln(w, "garboard:", err)
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	default:
		return ExitFailure
	}
}
