package approval

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// pendingUpdates is how many updates wait in the benchmark, each with two votes.
const pendingUpdates = 1000

// BenchmarkPending measures what the updater keeps in memory of updates that wait, and
// what it takes to find the votes on one of them.
func BenchmarkPending(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newStore()
	for i := range pendingUpdates {
		u := pendingUpdate(i)
		s.put(decoded(b, u))
		for _, voter := range []string{"ann@example.com", "bob@example.com"} {
			s.putVote(decoded(b, &v1alpha1.ImageUpdateVote{
				ObjectMeta: metav1.ObjectMeta{Namespace: u.Namespace, Name: u.Name + "-" + voter, UID: types.UID(u.Name + voter)},
				Spec:       v1alpha1.ImageUpdateVoteSpec{Update: u.Name, Voter: voter, Verdict: v1alpha1.VerdictApprove, Comment: "as agreed"},
			}))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	name := nameOf(pendingUpdate(pendingUpdates / 2))
	for b.Loop() {
		if got := len(s.votesOn(name)); got != 2 {
			b.Fatalf("votes: got %d, want 2", got)
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pendingUpdates, "heap-B/update")
	runtime.KeepAlive(s)
}

func pendingUpdate(i int) *v1alpha1.ImageUpdate {
	name := fmt.Sprintf("shop-%016x", i)
	return &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: fmt.Sprintf("team-%d", i%50), Name: name, UID: types.UID(fmt.Sprintf("0b7c3f0e-0000-4000-8000-%012d", i)),
			Labels:          map[string]string{"app": "shop", "team": "shop"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: types.UID(name)}},
		},
		Spec: v1alpha1.ImageUpdateSpec{
			WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: types.UID(name)},
			Container:   "shop", Repository: "registry.example.com/team/shop", Policy: "minor", VotesRequired: 3,
			From: v1alpha1.ImageVersion{Tag: "1.2.0"}, To: v1alpha1.ImageVersion{Tag: "1.3.0", Digest: fmt.Sprintf("sha256:%064x", i)},
		},
		Status: v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhasePending, Approvals: 2},
	}
}

// decoded is an object as an informer has it: nothing in it is shared with another.
func decoded[T any](b *testing.B, object *T) *T {
	b.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		b.Fatal(err)
	}
	var copied T
	if err := json.Unmarshal(text, &copied); err != nil {
		b.Fatal(err)
	}
	return &copied
}
