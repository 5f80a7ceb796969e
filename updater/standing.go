package updater

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
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
	// Policy is its name, as "semver:^1".
	Policy string
	State  State
	// Reason is a word for machines, such as WindowClosed; Message the same as a
	// clause for people. Both are empty where there is nothing to say.
	Reason, Message string
	// ReleaseNotes is the address of what people read about new versions; empty for
	// none.
	ReleaseNotes string
	// Checked is when the registry was asked last, Next when it is next; the zero
	// time is not yet, or never.
	Checked, Next time.Time

	// healthy is the last version that was seen healthy; the zero value is none.
	healthy workload.Result
}

// book holds the standings of all workloads.
type book struct {
	mu   sync.Mutex
	rows map[watched.Key][]Standing // one for each container
}

func newBook() *book { return &book{rows: map[watched.Key][]Standing{}} }

// keep replaces the containers that a workload has, without losing what is known
// of those that stay.
func (b *book) keep(key watched.Key, containers []Standing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(containers) == 0 {
		delete(b.rows, key)
		return
	}
	rows := slices.Clone(containers)
	for i, c := range containers {
		if known := b.row(key, c.Container); known != nil && known.Repository == c.Repository {
			rows[i] = *known
			rows[i].Running, rows[i].Policy, rows[i].ReleaseNotes = c.Running, c.Policy, c.ReleaseNotes
			if known.State == StatePending && known.Running != c.Running {
				rows[i].settle() // somebody wrote it
			}
		}
	}
	b.rows[key] = rows
}

// row is what is known of a container; nil where nothing is. The caller holds the
// lock.
func (b *book) row(key watched.Key, container string) *Standing {
	rows := b.rows[key]
	for i := range rows {
		if rows[i].Container == container {
			return &rows[i]
		}
	}
	return nil
}

// failed reports whether a workload's last move failed.
func (b *book) failed(key watched.Key) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.rows[key], func(row Standing) bool { return row.State == StateFailed })
}

// is reports whether a container is in a state.
func (b *book) is(key watched.Key, container string, state State) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	row := b.row(key, container)
	return row != nil && row.State == state
}

// note changes what is known of one container.
func (b *book) note(key watched.Key, container string, change func(*Standing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if row := b.row(key, container); row != nil {
		change(row)
	}
}

// settle is for a container whose former state holds no more.
func (s *Standing) settle() {
	s.State, s.Reason, s.Message = StateUnknown, "", ""
	if s.Running == s.Newest {
		s.State = StateCurrent
	}
}

// noteAll changes what is known of all of a workload's containers.
func (b *book) noteAll(key watched.Key, change func(*Standing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := b.rows[key]
	for i := range rows {
		change(&rows[i])
	}
}

// leave notes that another updater knows of a workload, and this one nothing.
func (b *book) leave(key watched.Key) {
	b.noteAll(key, func(s *Standing) { s.State, s.Reason, s.Message, s.healthy = StateUnknown, "", "", workload.Result{} })
}

func (b *book) each(visit func(*Standing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rows := range b.rows {
		for i := range rows {
			visit(&rows[i])
		}
	}
}

// Standings returns what is known of the governed workloads of a namespace, or of
// all of them where it is empty, sorted by namespace, kind, name and container.
// It is empty on a replica that does not lead, and has what this one owns where
// several share the work.
func (u *Updater) Standings(namespace string) []Standing {
	var all []Standing
	u.book.each(func(row *Standing) {
		if (namespace == "" || row.Namespace == namespace) && u.owns(row.Repository) {
			all = append(all, *row)
		}
	})
	for i := range all {
		if due, known := u.dueAt(all[i].Repository); known {
			all[i].Next = due
		}
	}
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Container, b.Container))
	})
	return all
}
