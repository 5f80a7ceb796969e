package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// Exit codes. An error that says nothing else ends the program with
// exitFailure.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 and the number of SIGINT, as a shell reports it
)

// exitError is an error that says with which code the program ends.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageFaults are faults of the command line, a line each. They end the program
// with exitUsage.
type usageFaults []string

func (f usageFaults) Error() string { return strings.Join(f, "\n") }

// orNil returns no error where there is no fault.
func (f usageFaults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// maxLine is more than a fault of the settings needs.
const maxLine = 1024

// shownLine keeps what a file has from steering the terminal.
func shownLine(text string) string { return workload.Shorten(text, maxLine) }

// report writes an error and returns the exit code. It is the one place that
// does either.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var faults usageFaults
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
		return exitFailure
	}
	fmt.Fprintln(w, "garboard:", err)
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitFailure
	}
}
