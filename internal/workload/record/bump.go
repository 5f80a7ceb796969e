package record

import (
	"maps"
	"strings"
)

// Prefixes of the entries of a bump that name no target. No container's name has a
// slash in it.
const (
	bumpBack    = "back/"
	bumpHealthy = "healthy/"
)

// Bump is what the updater asks of admission in one annotation. Each part maps slot
// keys to results.
type Bump struct {
	// Targets are what containers are to move to.
	Targets Record
	// Back are earlier results that containers are to return to.
	Back Record
	// Healthy are the last results that are known to have been healthy.
	Healthy Record
}

// ParseBump reads what String writes.
func ParseBump(text string) Bump {
	b := Bump{Targets: Record{}, Back: Record{}, Healthy: Record{}}
	for key, result := range ParseRecord(text) {
		if container, ok := strings.CutPrefix(key, bumpBack); ok {
			b.Back[container] = result
		} else if container, ok := strings.CutPrefix(key, bumpHealthy); ok {
			b.Healthy[container] = result
		} else {
			b.Targets[key] = result
		}
	}
	return b
}

// String writes "web=1.2.8", "back/web=1.2.7" and "healthy/web=1.2.7", comma-separated
// and sorted.
func (b Bump) String() string {
	all := Record{}
	maps.Copy(all, b.Targets)
	for container, result := range b.Back {
		all[bumpBack+container] = result
	}
	for container, result := range b.Healthy {
		all[bumpHealthy+container] = result
	}
	return all.String()
}

// Names reports whether the bump asks for anything of a container.
func (b Bump) Names(container string) bool {
	for _, part := range []Record{b.Targets, b.Back, b.Healthy} {
		if _, named := part[container]; named {
			return true
		}
	}
	return false
}
