package report

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

// A workload is deleted while a poll waits for its registry, which then tells of it.
func TestNothingIsKeptOfWorkloadsThatAreGone(t *testing.T) {
	d, told := newDeduper(), 0
	tell := func() { told++ }
	for i := range 3 * maxGone {
		uid := types.UID(fmt.Sprint(i))
		d.once(uid, "web", "waits", tell)
		d.once(uid, "web", "waits", tell)
		d.forget(uid)
		d.once(uid, "web", "unavailable", tell)
	}
	if len(d.last) > 0 {
		t.Errorf("%d workloads are kept", len(d.last))
	}
	if told != 2*3*maxGone {
		t.Errorf("told %d times, want %d", told, 2*3*maxGone)
	}
}
