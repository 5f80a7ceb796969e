package main

import (
	"os"
	"testing"
)

// The counts of a small run are those of a large one: nothing is asked while nothing
// happens, one list is read a poll, and a workload is moved by one bump.
//
// It takes more than 20 seconds: ten of rest for each size, and the start of a cluster.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	o, err := parse([]string{"-source=../..", "-workloads=20,100", "-repositories=10", "-interval=2s", "-rest=10s", "-pace=10"})
	if err != nil {
		t.Fatal(err)
	}
	figures, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	table(os.Stdout, o, figures)
	for _, fault := range faults(o, figures) {
		t.Error(fault)
	}
}
