package page

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

// objectsFresh is how long the list of workloads answers: it is for who is not governed,
// and for holds, and is dear where there are thousands.
const objectsFresh = 30 * time.Second

// feed keeps what was read last, and reads again when a browser asks and it is old.
// While the page is open nowhere, the cluster is not asked.
type feed struct {
	access  *Access
	clock   clock.PassiveClock
	reading singleflight.Group

	mu      sync.Mutex
	last    *Snapshot
	objects *objects
	updates *updates
	// voter is the person's name. It never changes.
	voter string
	// changes counts what was changed from here: a read that began before does not count.
	changes int
}

func newFeed(access *Access, clock clock.PassiveClock) *feed {
	return &feed{access: access, clock: clock}
}

// snapshot returns what is known, read no longer ago than asked. Those who ask at once
// share one read, which goes on if one of them leaves.
func (f *feed) snapshot(ctx context.Context, fresh time.Duration) (*Snapshot, error) {
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	if last != nil && f.clock.Since(last.At) < fresh {
		return last, nil
	}
	background := context.WithoutCancel(ctx)
	read := f.reading.DoChan("", func() (any, error) { return f.read(background), nil })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-read:
		return result.Val.(*Snapshot), nil //nolint:forcetypeassert // read returns no other
	}
}

// forget has everything read anew for the next request: something was changed.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading.Forget("")
	f.changes++
	f.objects, f.updates = nil, nil
	if f.last != nil {
		old := *f.last
		old.At = time.Time{}
		f.last = &old
	}
}

// read asks the updater and, where that is long ago, for the workloads.
func (f *feed) read(ctx context.Context) *Snapshot {
	ctx, cancel := context.WithTimeout(ctx, f.access.Timeout)
	defer cancel()
	f.mu.Lock()
	last, known, voted, voter, changes := f.last, f.objects, f.updates, f.voter, f.changes
	f.mu.Unlock()
	if known == nil || f.clock.Since(known.at) >= objectsFresh {
		known = f.access.objects(ctx, f.clock.Now())
	}
	if voted == nil || f.clock.Since(voted.at) >= updatesFresh {
		voted = f.access.updates(ctx, f.clock.Now())
	}
	if voter == "" && len(voted.all) > 0 {
		voter, _ = ballot.Whoami(ctx, f.access.Client) // who votes without a name is told why not
	}
	next := &Snapshot{At: f.clock.Now(), Version: 1, updates: voted, voter: voter}
	list, err := f.access.Status.List(ctx, f.access.Namespace)
	switch {
	case err != nil && last != nil:
		next.Rows, next.Failed = last.Rows, true
	case err != nil:
		next.Failed = true
	default:
		next.Rows = join(list.Items, known)
		next.Missing = missingShards(list.Unowned)
	}
	if err != nil {
		next.Missing = append(next.Missing, "The updater could not be asked: "+shown(err.Error())+".")
	}
	next.Missing = append(next.Missing, known.missing...)
	next.Namespaces = namespacesOf(next.Rows)
	next.chains = sync.OnceValue(func() []*chain { return chainsOf(next.Rows) })
	if last != nil {
		next.Version = last.Version
		if !sameRows(last.Rows, next.Rows) || !slices.Equal(last.Missing, next.Missing) || !voted.same(last.updates) {
			next.Version++
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changes == changes {
		f.last, f.objects, f.updates, f.voter = next, known, voted, voter
	}
	return next
}

// missingShards says of which shards the workloads are missing.
func missingShards(shards []int) []string {
	if len(shards) == 0 {
		return nil
	}
	numbers := make([]string, 0, len(shards))
	for _, shard := range shards {
		numbers = append(numbers, strconv.Itoa(shard))
	}
	return []string{"No updater owns shard " + strings.Join(numbers, ", ") + " at the moment: its workloads are missing."}
}
