package configfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds on what is said: a file may hold a fault on every line, and a value
// may be as long as the file.
const (
	maxFaults = 100
	maxShown  = 80
)

// Fault is one thing in a settings file that cannot be used.
type Fault struct {
	// File is the name that Parse was given, Line counts from 1.
	File string
	Line int
	// Path leads to the value, such as registries[0].hosts[1].ca; empty is the
	// file itself.
	Path string
	// Value is what was given, cut to a bounded length; empty where it is a
	// secret, might hold one, or is no text.
	Value string
	// Problem says what is wrong where the value alone does not.
	Problem string
	// Allowed is what may stand there.
	Allowed string
}

// Error is the fault on one line: file, line, path, value, problem, allowed.
func (f Fault) Error() string {
	parts := []string{fmt.Sprintf("%s:%d", f.File, f.Line)}
	if f.Path != "" {
		parts = append(parts, f.Path)
	}
	if f.Value != "" {
		parts = append(parts, strconv.Quote(f.Value))
	}
	text := f.Problem
	if f.Allowed != "" {
		switch {
		case strings.HasSuffix(text, "?"):
			text += " "
		case text != "":
			text += "; "
		}
		text += "allowed: " + f.Allowed
	}
	return strings.Join(append(parts, text), ": ")
}

// Faults are all that is wrong with a settings file, in the order of its lines.
type Faults []Fault

// Error has a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// full reports whether one more fault is only counted, which it then has been.
func (r *Reader) full() bool {
	if len(r.faults) < maxFaults {
		return false
	}
	r.untold++
	return true
}

// Add notes a fault, as far as there is room.
func (r *Reader) Add(f Fault) {
	if r.full() {
		return
	}
	f.File = r.name
	r.faults = append(r.faults, f)
}

// Bad notes what is wrong with a value.
func (r *Reader) Bad(at Value, problem, allowed string) {
	r.Add(Fault{Line: at.Node.Line, Path: at.Path, Value: at.shown(), Problem: problem, Allowed: allowed})
}

// all are the faults in the order of the lines; nil where there are none.
func (r *Reader) all() Faults {
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	if r.untold > 0 {
		last := r.faults[len(r.faults)-1]
		r.faults = append(r.faults, Fault{
			File: r.name, Line: last.Line, Problem: fmt.Sprintf("and %d more faults", r.untold),
		})
	}
	return r.faults
}

// foldKey makes the spellings of a key alike: override_path, Override-Path.
func foldKey(key string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
}
