package report

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/watched"
)

// State is where a container stands between what it runs and the newest image
// that its policy allows.
type State string

// The states.
const (
	// StateCurrent runs the newest allowed image.
	StateCurrent State = "Current"
	// StatePending has a newer image, and something keeps it back: Standing.Reason.
	StatePending State = "Pending"
	// StateRolling is being rolled out.
	StateRolling State = "Rolling"
	// StateFailed was moved, and its Pods did not become healthy.
	StateFailed State = "Failed"
	// StateUnknown has not been checked yet, or its registry did not answer.
	StateUnknown State = "Unknown"
)

// Standing is what is known of one container of a governed workload.
type Standing struct {
	Kind, Namespace, Name, Container string
	// Repository is canonical; Running and Newest are tags, with the digest where
	// one is known. Newest is empty where nothing is known of the registry.
	Repository, Running, Newest string
	// RunningBuilt and NewestBuilt are when these were built; the zero time is not known.
	RunningBuilt, NewestBuilt time.Time
	// Policy is its name, as "semver:^1".
	Policy string
	State  State
	// Reason is a word for machines, such as WindowClosed; Message the same as a
	// clause for people. Both are empty where there is nothing to say.
	Reason, Message string
	// Opens is when what keeps a newer image back may end by itself; the zero time where
	// something else has to happen first. It means nothing but for StatePending.
	Opens time.Time
	// After names the workloads that have to run a version first, as the setting does;
	// empty for none.
	After string
	// ReleaseNotes is the address of what people read about new versions; empty for
	// none.
	ReleaseNotes string
	// Checked is when the registry was asked last, Next when it is next; the zero
	// time is not yet, or never.
	Checked, Next time.Time
	// Asked tells what the registry was asked with then; nil where it had no say.
	Asked *resolver.Asked

	// expected is a version that a poll has found, and when it was built: what keeps it back
	// is told later.
	expected dated
	// healthy is the last version that was seen healthy; the zero value is none.
	healthy record.Result
}

// dated is a version, and when it was built.
type dated struct {
	version string
	at      time.Time
}

// standings are those of all workloads.
type standings struct {
	mu   sync.Mutex
	rows map[watched.Key][]Standing // one for each container
}

func newStandings() *standings { return &standings{rows: map[watched.Key][]Standing{}} }

// keep replaces the containers that a workload has, without losing what is known
// of those that stay.
func (t *standings) keep(key watched.Key, containers []Standing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(containers) == 0 {
		delete(t.rows, key)
		return
	}
	rows := slices.Clone(containers)
	for i, c := range containers {
		if known := t.row(key, c.Container); known != nil && known.Repository == c.Repository {
			rows[i] = *known
			rows[i].runs(c.Running)
			rows[i].Policy, rows[i].ReleaseNotes, rows[i].After = c.Policy, c.ReleaseNotes, c.After
			if known.State == StatePending && known.Running != c.Running {
				rows[i].resetState() // another writer moved it
			}
		}
	}
	t.rows[key] = rows
}

// row is what is known of a container; nil where nothing is. The caller holds the
// lock.
func (t *standings) row(key watched.Key, container string) *Standing {
	rows := t.rows[key]
	for i := range rows {
		if rows[i].Container == container {
			return &rows[i]
		}
	}
	return nil
}

// failed reports whether a workload's last move failed.
func (t *standings) failed(key watched.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.rows[key], func(row Standing) bool { return row.State == StateFailed })
}

// is reports whether a container is in a state.
func (t *standings) is(key watched.Key, container string, state State) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.row(key, container)
	return row != nil && row.State == state
}

// note changes what is known of one container.
func (t *standings) note(key watched.Key, container string, change func(*Standing)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if row := t.row(key, container); row != nil {
		change(row)
	}
}

// runs notes what a container runs, whose date is known if it was the newest.
func (s *Standing) runs(version string) {
	switch version {
	case s.Running:
	case s.Newest:
		s.RunningBuilt = s.NewestBuilt
	default:
		s.RunningBuilt = time.Time{}
	}
	s.Running = version
}

// finds notes what the newest version is.
func (s *Standing) finds(version string) {
	switch version {
	case s.Newest:
	case s.Running:
		s.NewestBuilt = s.RunningBuilt
	case s.expected.version:
		s.NewestBuilt = s.expected.at
	default:
		s.NewestBuilt = time.Time{}
	}
	s.Newest = version
}

// resetState forgets a state that no longer holds.
func (s *Standing) resetState() {
	s.State, s.Reason, s.Message = StateUnknown, "", ""
	if s.Running == s.Newest {
		s.State = StateCurrent
	}
}

// noteAll changes what is known of all of a workload's containers.
func (t *standings) noteAll(key watched.Key, change func(*Standing)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := t.rows[key]
	for i := range rows {
		change(&rows[i])
	}
}

// leave notes that another updater knows of a workload, and this one nothing.
func (t *standings) leave(key watched.Key) {
	t.noteAll(key, func(s *Standing) { s.State, s.Reason, s.Message, s.healthy = StateUnknown, "", "", record.Result{} })
}

func (t *standings) each(visit func(*Standing)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rows := range t.rows {
		for i := range rows {
			visit(&rows[i])
		}
	}
}

// Keep replaces the containers that a workload has, without losing what is known of
// those that stay.
func (r *Reporter) Keep(key watched.Key, containers []Standing) { r.standings.keep(key, containers) }

// Leave tells that another updater knows of a workload, and this one nothing.
func (r *Reporter) Leave(key watched.Key) { r.standings.leave(key) }

// HasFailed reports whether a workload's last move failed.
func (r *Reporter) HasFailed(key watched.Key) bool { return r.standings.failed(key) }

// StateOf is where a container stands; StateUnknown if it is not known at all.
func (r *Reporter) StateOf(key watched.Key, container string) State {
	state := StateUnknown
	r.standings.note(key, container, func(s *Standing) { state = s.State })
	return state
}

// IsPending reports whether a container is known to have something newer.
func (r *Reporter) IsPending(key watched.Key, container string) bool {
	return r.standings.is(key, container, StatePending)
}

// Standings returns what is known of the containers that are wanted, sorted by namespace,
// kind, name and container.
func (r *Reporter) Standings(wanted func(*Standing) bool) []Standing {
	var all []Standing
	r.standings.each(func(row *Standing) {
		if wanted(row) {
			all = append(all, *row)
		}
	})
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Container, b.Container))
	})
	return all
}
