package main

import "fmt"

// faults are what must not be, at any size and on any machine: all of them are
// counts, and none a time. Where updaters share the work, the counts are of all together.
func faults(o options, figures []figure) []error {
	var found []error
	for i := range figures {
		f := &figures[i]
		if f.Source != o.source { // another version has faults of its own
			continue
		}
		wrong := func(text string, values ...any) {
			found = append(found, fmt.Errorf("%d workloads: %s", f.Workloads, fmt.Sprintf(text, values...)))
		}
		sum := f.together()
		for u := range f.Updaters {
			if n, first := f.Updaters[u].Start["list"], figures[0].Updaters[0].Start["list"]; n != first {
				wrong("%d lists at the start of updater %d, with %d workloads %d", n, u+1, figures[0].Workloads, first)
			}
		}
		faultsAtRest(f, sum, wrong)
		faultsOfMoves(f, sum, wrong)
	}
	return found
}

func faultsAtRest(f *figure, sum part, wrong func(text string, values ...any)) {
	for _, kind := range []string{"list", "get", "patch", "patch that failed", "dry run", "dry run that failed", "create"} {
		if n := sum.Rest[kind]; n > 0 {
			wrong("%d requests %q while nothing happened", n, kind)
		}
	}
	// Those that are under way when the counting begins and ends.
	if off := f.Lists - sum.Polls; off < -f.Repositories/2 || off > f.Repositories/2 {
		wrong("%d lists were read for %d polls", f.Lists, sum.Polls)
	}
	if f.Listed > f.Repositories || f.Lists == 0 {
		wrong("%d lists were read, of %d repositories; want %d", f.Lists, f.Listed, f.Repositories)
	}
}

func faultsOfMoves(f *figure, sum part, wrong func(text string, values ...any)) {
	if f.Once != f.Workloads {
		wrong("%d run the new tag after one change", f.Once)
	}
	// One dry run stands for a namespace; the workers that begin in it at a time make
	// one each.
	most := (f.Workloads + perNamespace - 1) / perNamespace * workers * len(f.Updaters)
	if n := sum.Move["dry run"]; sum.Move["patch"] != f.Workloads || n < 1 || n > most {
		wrong("%d bumps after %d dry runs, want one bump a workload after 1 to %d dry runs", sum.Move["patch"], n, most)
	}
	if sum.Moved != f.Workloads {
		wrong("the updaters count %d that they have moved", sum.Moved)
	}
	// That it was moved, and that its rollout went well. Who waits in line is none:
	// ten thousand Events at once kept the API server from the updater's Lease.
	if n := sum.Move["Event"]; n > 2*f.Workloads {
		wrong("%d Events, want two a workload", n)
	}
}
