package page

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
)

// stateUngoverned is the state of a workload in an opted-in namespace of which the updater
// governs no container.
const stateUngoverned report.State = "Ungoverned"

// Row is one container of a governed workload, or a whole workload that is not governed.
type Row struct {
	status.Item
	// Held is the version that the container is held from; empty for none.
	Held string
	// Lag says how far the newest version is: "2 minor". Empty where nothing is newer.
	Lag string
	// Days is how much later the newest was built: "41 days". Empty where nothing is newer,
	// or one of the dates is not known.
	Days string
	// distance orders by lag, and late by how much later the newest was built, of which a
	// time that is not known is -1.
	distance uint64
	late     time.Duration
	// words is what a filter looks in.
	words string
}

// Behind reports whether the policy allows something newer than what runs.
func (r *Row) Behind() bool { return r.Newest != "" && r.Newest != r.Running }

// Waiting reports whether something other than a hold keeps a newer version back.
func (r *Row) Waiting() bool { return r.State == report.StatePending && r.Reason != report.WaitHeld }

// IsHeld reports whether a hold is set, or keeps a newer version back.
func (r *Row) IsHeld() bool { return r.Held != "" || r.Reason == report.WaitHeld }

// Snapshot is what was known at one moment. It does not change once it is made.
type Snapshot struct {
	// Rows are sorted by namespace, name, kind and container.
	Rows []*Row
	// Namespaces are those of the rows, sorted.
	Namespaces []string
	// At is when the updater was asked; Version is another for another content.
	At      time.Time
	Version uint64
	// Missing says what the snapshot lacks, and why: a sentence each.
	Missing []string
	updates *updates
	// chains are made when they are first asked for: a filter needs them again and again.
	chains func() []*chain
	// voter is the person's name, as the API server knows it; empty where it is not needed,
	// or not told.
	voter string
	// Failed: the updater could not be asked, and the rows are those of before.
	Failed bool
}

// Votable is how many updates wait for approvals.
func (s *Snapshot) Votable() int {
	count := 0
	for _, p := range s.updates.all {
		if p.Pending() {
			count++
		}
	}
	return count
}

// objectKey names a workload.
type objectKey struct{ namespace, kind, name string }

// objects is what the API server tells of the workloads of opted-in namespaces.
type objects struct {
	at    time.Time
	holds map[objectKey]record.Record
	// all are those that an update moves, and that no controller owns.
	all     []objectKey
	missing []string
}

// join makes the rows of a snapshot.
func join(items []status.Item, known *objects) []*Row {
	rows := make([]*Row, 0, len(items))
	governed := make(map[objectKey]bool, len(items))
	for _, item := range items {
		key := objectKey{item.Namespace, item.Kind, item.Name}
		governed[key] = true
		row := &Row{Item: item}
		if held, ok := known.holds[key][item.Container]; ok {
			row.Held = held.String()
		}
		rows = append(rows, row)
	}
	for _, key := range known.all {
		if !governed[key] {
			rows = append(rows, &Row{Item: status.Item{
				Namespace: key.namespace, Kind: key.kind, Name: key.name, State: stateUngoverned,
				Message: "no container has a policy that the updater follows",
			}})
		}
	}
	for _, row := range rows {
		row.complete()
	}
	slices.SortFunc(rows, byPlace)
	return rows
}

// complete fills in what is made of the rest.
func (r *Row) complete() {
	if r.Behind() {
		r.Lag, r.distance = lag(r.Running, r.Newest)
		r.Days = daysBetween(r.RunningBuilt, r.NewestBuilt)
	}
	r.late = -1
	if r.Days != "" {
		r.late = max(0, r.NewestBuilt.Sub(r.RunningBuilt.Time))
	}
	r.words = strings.ToLower(strings.Join([]string{
		r.Namespace, r.Kind + "/" + r.Name, r.Container, r.Repository, r.Running, r.Newest, r.Policy, string(r.State), r.Reason, r.Message,
	}, "\x00"))
}

func byPlace(a, b *Row) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Container, b.Container))
}

// namespacesOf are those of sorted rows.
func namespacesOf(rows []*Row) []string {
	var names []string
	for _, row := range rows {
		if len(names) == 0 || names[len(names)-1] != row.Namespace {
			names = append(names, row.Namespace)
		}
	}
	return names
}

// sameRows reports whether two snapshots show the same, but for the times of polls.
func sameRows(a, b []*Row) bool {
	return slices.EqualFunc(a, b, func(a, b *Row) bool {
		x, y := *a, *b
		same := x.Opens.Equal(y.Opens) && x.RunningBuilt.Equal(y.RunningBuilt) && x.NewestBuilt.Equal(y.NewestBuilt)
		for _, row := range []*Row{&x, &y} {
			row.LastCheck, row.NextCheck, row.Opens, row.RunningBuilt, row.NewestBuilt = nil, nil, nil, nil, nil
		}
		return same && x == y
	})
}

// of are the containers of one workload.
func (s *Snapshot) of(key objectKey) []*Row {
	at, _ := slices.BinarySearchFunc(s.Rows, key, func(row *Row, key objectKey) int {
		return cmp.Or(cmp.Compare(row.Namespace, key.namespace), cmp.Compare(row.Name, key.name), cmp.Compare(row.Kind, key.kind))
	})
	end := at
	for end < len(s.Rows) && s.Rows[end].key() == key {
		end++
	}
	return s.Rows[at:end]
}

func (r *Row) key() objectKey { return objectKey{r.Namespace, r.Kind, r.Name} }

// laterOf is the later of two times, either of which may be nil.
func laterOf(a, b *metav1.Time) *metav1.Time {
	if a == nil || b != nil && a.Before(b) {
		return b
	}
	return a
}

// earlierOf is the earlier of two times, either of which may be nil.
func earlierOf(a, b *metav1.Time) *metav1.Time {
	if a == nil || b != nil && b.Before(a) {
		return b
	}
	return a
}
