package document

import "time"

// Image is what a digest stands for. It never changes, so it may be kept for
// as long as it is asked for.
type Image struct {
	// Platforms are those that it was built for, as Platform's documentation
	// writes them, attestations left out, each once and in the order of the
	// index. A manifest that declares none counts as built for every platform:
	// it has a zero Platform. An image with no platform at all runs nowhere.
	Platforms []Platform
	// Created is when it was built, in UTC; zero if it was not asked for, if it
	// is not said, or is a date that no build has: before 1990, as
	// reproducible builds put it. It is not compared with a clock: a date in
	// the future stays one, and is for the caller to judge.
	Created time.Time
}
