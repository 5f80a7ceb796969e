package main

// figure is what was measured at one size.
type figure struct {
	// Source is the folder of the version.
	Source                  string
	Workloads, Repositories int
	// CreateSeconds is how long it took to create those that were not there yet, New.
	New           int
	CreateSeconds float64
	// StartSeconds is from the start of the first updater until each has made its first
	// poll, when it knows all workloads, and PolledSeconds until the shards were spread evenly
	// and a list of every repository was read.
	StartSeconds, PolledSeconds float64
	// RestSeconds is how long nothing happened, and Lists how many lists were read meanwhile,
	// of Listed repositories.
	RestSeconds   float64
	Lists, Listed int
	// PushSeconds is how long it took to push a tag to all repositories, and MoveSeconds from
	// the first push to the last bump. Transitions is how many Leases of shards changed hands
	// meanwhile, and Once how many Deployments run the new tag after one change.
	PushSeconds, MoveSeconds float64
	Transitions, Once        int
	// APIServer is what it took while all moved, and what it held at the end.
	APIServer apiServer
	// Updaters has the part of each.
	Updaters []part
}

// part is what was measured of one updater, or of all together.
type part struct {
	// Shards are those that it owned in the end, one where the work is not shared.
	Shards int
	// Start are its requests to the API server by the first poll of the last updater.
	Start requests
	// HeapBytes and ResidentBytes are those after all repositories were polled, PeakBytes
	// the most that was resident until the end.
	HeapBytes, ResidentBytes, PeakBytes float64
	// Rest are its requests to the API server while nothing happened, and Polls its polls.
	Rest  requests
	Polls int
	// Moved is how many workloads it moved, Move its requests to the API server meanwhile, and
	// CPU the seconds of a CPU that it took.
	Moved int
	Move  requests
	CPU   float64
}

// together adds up the parts of all updaters.
func (f *figure) together() part {
	var sum part
	for i := range f.Updaters {
		p := &f.Updaters[i]
		sum.Shards += p.Shards
		sum.Start, sum.Rest, sum.Move = sum.Start.plus(p.Start), sum.Rest.plus(p.Rest), sum.Move.plus(p.Move)
		sum.HeapBytes += p.HeapBytes
		sum.ResidentBytes += p.ResidentBytes
		sum.PeakBytes += p.PeakBytes
		sum.Polls += p.Polls
		sum.Moved += p.Moved
		sum.CPU += p.CPU
	}
	return sum
}
