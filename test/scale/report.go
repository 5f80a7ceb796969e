package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// table prints the figures, as docs/scale.md has them.
func table(w io.Writer, o options, figures []figure) {
	fmt.Fprintf(w, "\n%d repositories, polled every %s; %d rollouts at once.\n\n| |", o.repositories, o.interval, o.pace)
	for _, f := range figures {
		version := ""
		if f.Source != o.source {
			version = ", the other version"
		}
		fmt.Fprintf(w, " %d workloads%s |", f.Workloads, version)
	}
	fmt.Fprint(w, "\n|---|", strings.Repeat("---|", len(figures)), "\n")
	for _, row := range []struct {
		name string
		of   func(figure) string
	}{
		{"from the start to the first poll", func(f figure) string { return fmt.Sprintf("%.1f s", f.StartSeconds) }},
		{"requests to the API server by then", func(f figure) string { return counted(f.Start, 1) }},
		{"heap after the first polls", func(f figure) string { return megabytes(f.HeapBytes) }},
		{"resident then", func(f figure) string { return megabytes(f.ResidentBytes) }},
		{"resident at most, with all moves", func(f figure) string { return megabytes(f.PeakBytes) }},
		{"requests to the API server a minute, at rest", func(f figure) string { return counted(f.Rest, 60/f.RestSeconds) }},
		{"lists read an interval, at rest", func(f figure) string {
			return fmt.Sprintf("%.0f", float64(f.Lists)*o.interval.Seconds()/f.RestSeconds)
		}},
		{"from a push to all repositories to the last bump", func(f figure) string { return fmt.Sprintf("%.0f s", f.MoveSeconds) }},
		{"workloads moved a second", func(f figure) string { return fmt.Sprintf("%.0f", float64(f.Workloads)/f.MoveSeconds) }},
		{"CPU time meanwhile: updater, API server", func(f figure) string {
			return fmt.Sprintf("%.1f s, %.0f s", f.MoveCPU.Updater, f.MoveCPU.APIServer)
		}},
		{"requests to the API server meanwhile, a workload", func(f figure) string { return each(f.Move, f.Workloads) }},
		{"moved, by one change", func(f figure) string { return fmt.Sprint(f.Once) }},
		{"created through admission, a second", func(f figure) string {
			if f.New == 0 { // for the other version before
				return "-"
			}
			return fmt.Sprintf("%.0f", float64(f.New)/f.CreateSeconds)
		}},
	} {
		fmt.Fprintf(w, "| %s |", row.name)
		for _, f := range figures {
			fmt.Fprintf(w, " %s |", row.of(f))
		}
		fmt.Fprintln(w)
	}
	if len(o.sizes) < 2 {
		return
	}
	for at := range len(figures) / len(o.sizes) { // of each version
		compare(w, figures[at], figures[len(figures)-len(figures)/len(o.sizes)+at])
	}
}

// compare prints what the largest size takes of what the smallest takes.
func compare(w io.Writer, first, last figure) {
	fmt.Fprintf(w, "\n%.1f times the workloads take %.1f times the start, %.1f times the heap, %.1f times as long to move, with %.1f times the updater's CPU time and %.1f times the API server's.\n",
		ratio(last.Workloads, first.Workloads), last.StartSeconds/first.StartSeconds, last.HeapBytes/first.HeapBytes, last.MoveSeconds/first.MoveSeconds,
		last.MoveCPU.Updater/first.MoveCPU.Updater, last.MoveCPU.APIServer/first.MoveCPU.APIServer)
}

func ratio(a, b int) float64 { return float64(a) / float64(b) }

func megabytes(bytes float64) string { return fmt.Sprintf("%.0f MB", bytes/(1<<20)) }

// counted lists requests by kind, times a factor.
func counted(requests map[string]int, factor float64) string {
	return listed(requests, func(n int) string { return fmt.Sprintf("%.0f", float64(n)*factor) })
}

func each(requests map[string]int, workloads int) string {
	return listed(requests, func(n int) string { return fmt.Sprintf("%.2f", ratio(n, workloads)) })
}

func listed(requests map[string]int, format func(int) string) string {
	texts := make([]string, 0, len(requests))
	for _, kind := range slices.Sorted(maps.Keys(requests)) {
		texts = append(texts, format(requests[kind])+" "+kind)
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// faults are what must not be, at any size and on any machine: all of them are
// counts, and none a time.
func faults(o options, figures []figure) []error {
	var found []error
	wrong := func(f figure, text string, values ...any) {
		if f.Source != o.source { // another version has faults of its own
			return
		}
		found = append(found, fmt.Errorf("%d workloads: %s", f.Workloads, fmt.Sprintf(text, values...)))
	}
	for _, f := range figures {
		for _, kind := range []string{"list", "get", "patch", "dry run", "create"} {
			if n := f.Rest[kind]; n > 0 {
				wrong(f, "%d requests %q while nothing happened", n, kind)
			}
		}
		// Those that are under way when the counting begins and ends.
		if off := f.Lists - f.Polls; off < -o.repositories/2 || off > o.repositories/2 {
			wrong(f, "%d lists were read for %d polls", f.Lists, f.Polls)
		}
		if f.Listed > o.repositories || f.Lists == 0 {
			wrong(f, "%d lists were read, of %d repositories; want %d", f.Lists, f.Listed, o.repositories)
		}
		if f.Once != f.Workloads {
			wrong(f, "%d run the new tag after one change", f.Once)
		}
		// One dry run stands for a namespace; the workers that begin in it at a time make
		// one each.
		most := (f.Workloads + perNamespace - 1) / perNamespace * workers
		if n := f.Move["dry run"]; f.Move["patch"] != f.Workloads || n < 1 || n > most {
			wrong(f, "%d bumps after %d dry runs, want one bump a workload after 1 to %d dry runs", f.Move["patch"], n, most)
		}
		// That it was moved, and that its rollout went well. Who waits in line is none:
		// ten thousand Events at once kept the API server from the updater's Lease.
		if n := f.Move["Event"]; n > 2*f.Workloads {
			wrong(f, "%d Events, want two a workload", n)
		}
		if f.Start["list"] != figures[0].Start["list"] {
			wrong(f, "%d lists at the start, with %d workloads %d", f.Start["list"], figures[0].Workloads, figures[0].Start["list"])
		}
	}
	return found
}
