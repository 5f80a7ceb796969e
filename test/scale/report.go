package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// printFigures prints the figures, as docs/scale.md has them.
func printFigures(w io.Writer, o options, figures []figure) {
	fmt.Fprintf(w, "\n%d repositories, polled every %s; %d rollouts at once.\n\n", o.repositories, o.interval, o.pace)
	columns, sums := make([]string, len(figures)), make([]part, len(figures))
	for i := range figures {
		column := size{workloads: figures[i].Workloads, updaters: len(figures[i].Updaters)}.String()
		if figures[i].Source != o.source {
			column += ", the other version"
		}
		columns[i], sums[i] = column, figures[i].together()
	}
	printTable(w, columns, rowsOf(o, figures, sums))
	for i := range figures {
		if len(figures[i].Updaters) > 1 {
			printUpdaters(w, o, columns[i], &figures[i])
		}
	}
	for _, of := range byKind(figures) {
		if len(of) > 1 {
			compare(w, &of[0], &of[len(of)-1])
		}
	}
}

// byKind has those figures together that are of one version and as many updaters, and can be
// compared.
func byKind(figures []figure) (kinds [][]figure) {
	for _, f := range figures {
		at := slices.IndexFunc(kinds, func(of []figure) bool {
			return of[0].Source == f.Source && len(of[0].Updaters) == len(f.Updaters)
		})
		if at < 0 {
			at, kinds = len(kinds), append(kinds, nil)
		}
		kinds[at] = append(kinds[at], f)
	}
	return kinds
}

// row is one line of a table.
type row struct {
	name string
	// of returns the cell of a column.
	of func(column int) string
}

func printTable(w io.Writer, columns []string, rows []row) {
	fmt.Fprintf(w, "| | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |", r.name)
		for column := range columns {
			fmt.Fprintf(w, " %s |", r.of(column))
		}
		fmt.Fprintln(w)
	}
}

// rowsOf has what all updaters took together, a column for each figure.
func rowsOf(o options, figures []figure, sums []part) []row {
	return slices.Concat([]row{
		{"created through admission, a second", func(c int) string {
			if figures[c].New == 0 { // for the other version before
				return "-"
			}
			return fmt.Sprintf("%.0f", float64(figures[c].New)/figures[c].CreateSeconds)
		}},
		{"from the start to the first poll of each updater", func(c int) string { return seconds(figures[c].StartSeconds) }},
		{"from the start until all repositories were polled", func(c int) string { return seconds(figures[c].PolledSeconds) }},
	}, rowsAtRest(o, sums, func(c int) float64 { return figures[c].RestSeconds }), []row{
		{"lists read an interval, at rest", func(c int) string {
			return fmt.Sprintf("%.0f", float64(figures[c].Lists)*o.interval.Seconds()/figures[c].RestSeconds)
		}},
		{"from the first push, of one to each repository, to the last bump", func(c int) string { return seconds(figures[c].MoveSeconds) }},
		{"of that the pushes", func(c int) string { return seconds(figures[c].PushSeconds) }},
		{"workloads moved a second", func(c int) string { return fmt.Sprintf("%.0f", float64(sums[c].Moved)/figures[c].MoveSeconds) }},
		{"CPU time of the updaters meanwhile", func(c int) string { return seconds(sums[c].CPU) }},
		{"CPU time of the API server meanwhile", func(c int) string { return seconds(figures[c].APIServer.CPU) }},
		{"requests to the API server meanwhile, a workload", func(c int) string { return perWorkload(sums[c].Move, figures[c].Workloads) }},
		{"shards that changed hands meanwhile", func(c int) string { return fmt.Sprint(figures[c].Transitions) }},
		{"moved, by one change", func(c int) string { return fmt.Sprint(figures[c].Once) }},
		{"resident in the end: API server", func(c int) string { return megabytes(figures[c].APIServer.ResidentBytes) }},
		{"etcd's file in the end", func(c int) string { return megabytes(figures[c].APIServer.StoredBytes) }},
	})
}

// rowsAtRest has what is measured of each updater until the push.
func rowsAtRest(o options, parts []part, rest func(column int) float64) []row {
	return []row{
		{"requests to the API server by the first poll", func(c int) string { return counted(parts[c].Start, 1) }},
		{"heap after the first polls", func(c int) string { return megabytes(parts[c].HeapBytes) }},
		{"resident then", func(c int) string { return megabytes(parts[c].ResidentBytes) }},
		{"resident at most, with all moves", func(c int) string { return megabytes(parts[c].PeakBytes) }},
		{"requests to the API server a minute, at rest", func(c int) string { return counted(parts[c].Rest, 60/rest(c)) }},
		{"polls an interval, at rest", func(c int) string {
			return fmt.Sprintf("%.0f", float64(parts[c].Polls)*o.interval.Seconds()/rest(c))
		}},
	}
}

// printUpdaters prints what each updater took at one size, and all of them.
func printUpdaters(w io.Writer, o options, title string, f *figure) {
	parts := append(slices.Clone(f.Updaters), f.together())
	columns := make([]string, len(parts))
	for i := range f.Updaters {
		columns[i] = fmt.Sprintf("updater %d", i+1)
	}
	columns[len(parts)-1] = "together"
	fmt.Fprintf(w, "\n%s, each updater:\n\n", title)
	printTable(w, columns, slices.Concat([]row{
		{"shards", func(c int) string { return fmt.Sprint(parts[c].Shards) }},
	}, rowsAtRest(o, parts, func(int) float64 { return f.RestSeconds }), []row{
		{"workloads moved", func(c int) string { return fmt.Sprint(parts[c].Moved) }},
		{"CPU time meanwhile", func(c int) string { return seconds(parts[c].CPU) }},
		{"requests to the API server meanwhile", func(c int) string { return counted(parts[c].Move, 1) }},
	}))
}

// compare prints what the largest size takes of what the smallest takes.
func compare(w io.Writer, first, last *figure) {
	less, more := first.together(), last.together()
	fmt.Fprintf(w, "\nUpdaters: %d. %.1f times the workloads take %.1f times the start, %.1f times the heap, %.1f times as long to move, with %.1f times the updaters' CPU time and %.1f times the API server's.\n",
		len(first.Updaters), ratio(last.Workloads, first.Workloads), last.StartSeconds/first.StartSeconds, more.HeapBytes/less.HeapBytes, last.MoveSeconds/first.MoveSeconds,
		more.CPU/less.CPU, last.APIServer.CPU/first.APIServer.CPU)
}

func ratio(a, b int) float64 { return float64(a) / float64(b) }

func seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

func megabytes(bytes float64) string { return fmt.Sprintf("%.0f MB", bytes/(1<<20)) }

// counted lists requests by kind, times a factor.
func counted(of requests, factor float64) string {
	return listed(of, func(n int) string { return fmt.Sprintf("%.0f", float64(n)*factor) })
}

func perWorkload(of requests, workloads int) string {
	return listed(of, func(n int) string { return fmt.Sprintf("%.2f", ratio(n, workloads)) })
}

func listed(of requests, format func(int) string) string {
	texts := make([]string, 0, len(of))
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		texts = append(texts, format(of[kind])+" "+kind)
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}
